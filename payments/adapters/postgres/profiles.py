"""A table of those whom we call, in memory: what the bootstrap needs to plug in their adapters."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import orjson
import structlog

from payments.adapters.postgres.partners import CHANNEL
from payments.adapters.postgres.sealer import Sealer, open_secret, seal_secret
from payments.crypto import Unsealable
from payments.db.directory import Directory
from payments.db.session import Database, Row
from payments.domain.provider import ProviderProfile
from payments.domain.rail import RailProfile

Profile = TypeVar("Profile")

_log = structlog.get_logger(__name__)


class Profiles(Directory[tuple[Profile, ...]]):
    """All that `statement` reads, kept true like the partners, but what gives no profile."""

    def __init__(
        self, database: Database, statement: str, profile: Callable[[Row], Profile | None]
    ) -> None:
        async def read() -> tuple[Profile, ...]:
            rows = await database.fetch(statement)
            return tuple([made for row in rows if (made := profile(row)) is not None])

        super().__init__(database, channel=CHANNEL, read=read)

    def rows(self) -> tuple[Profile, ...]:
        """By id. The same tuple, unless something changed."""
        return self.current


@dataclass(frozen=True, slots=True)
class Secrets:
    """The two that a row holds sealed: what we call with, and what proves webhooks."""

    table: str
    label: str
    webhook_label: str

    def seal(self, sealer: Sealer, profile: ProviderProfile | RailProfile) -> tuple[bytes, bytes]:
        hooks = orjson.dumps(profile.webhook_secrets).decode()
        return (
            seal_secret(sealer, profile.id, profile.secret, self.label),
            seal_secret(sealer, profile.id, hooks, self.webhook_label),
        )

    def open(self, sealer: Sealer, row: Row) -> tuple[str, tuple[str, ...]] | None:
        """None when a lost master secret sealed them: it must not take the other rows with it."""
        try:
            secret = open_secret(sealer, row["id"], row["secret_sealed"], self.label)
            sealed_hooks = row["webhook_secrets_sealed"]
            hooks = open_secret(sealer, row["id"], sealed_hooks, self.webhook_label)
        except Unsealable:
            _log.error("profile.unsealable", table=self.table, id=row["id"])
            return None
        return secret, tuple(orjson.loads(hooks))
