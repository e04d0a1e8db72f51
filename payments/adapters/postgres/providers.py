"""The provider table, in memory: what the bootstrap needs to plug in each provider's adapter."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import orjson
import structlog

from payments.adapters.postgres.partners import CHANNEL
from payments.adapters.postgres.sealer import (
    PROVIDER_SECRET,
    WEBHOOK_SECRETS,
    Sealer,
    open_secret,
    seal_secret,
)
from payments.crypto import Unsealable
from payments.db.directory import Directory
from payments.db.session import Database, Row
from payments.domain.partner import Standing
from payments.domain.provider import ProviderKind, ProviderProfile

_log = structlog.get_logger(__name__)

_COLUMNS: Final = (
    "id, kind, base_url, secret_sealed, webhook_secrets_sealed, settles_within_s,"
    " authorization_lasts_s, honours_idempotency_keys, standing"
)
_READ: Final = f"SELECT {_COLUMNS} FROM provider ORDER BY id"  # noqa: S608  # Ours.
_PUT: Final = f"""
    INSERT INTO provider ({_COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    ON CONFLICT (id) DO UPDATE SET ({_COLUMNS}) = ROW (
        EXCLUDED.id, EXCLUDED.kind, EXCLUDED.base_url, EXCLUDED.secret_sealed,
        EXCLUDED.webhook_secrets_sealed, EXCLUDED.settles_within_s,
        EXCLUDED.authorization_lasts_s, EXCLUDED.honours_idempotency_keys, EXCLUDED.standing)"""  # noqa: S608
_KINDS: Final = frozenset(ProviderKind)


class PostgresProviders:
    """All providers with their opened secrets, kept true like the partners."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._directory = Directory(database, channel=CHANNEL, read=self._read)

    async def start(self) -> None:
        await self._directory.start()

    async def close(self) -> None:
        await self._directory.close()

    async def fresh(self) -> None:
        """Return when rows() is true. Raises RecordUnavailable."""
        await self._directory.fresh()

    def rows(self) -> tuple[ProviderProfile, ...]:
        """By id. The same tuple, unless something changed."""
        return self._directory.current

    async def _read(self) -> tuple[ProviderProfile, ...]:
        rows = await self._database.fetch(_READ)
        return tuple([profile for row in rows if (profile := self._profile(row)) is not None])

    def _profile(self, row: Row) -> ProviderProfile | None:
        # A newer version, deployed beside this one, may know more kinds than we do.
        if row["kind"] not in _KINDS:
            return None
        try:
            secret = open_secret(self._sealer, row["id"], row["secret_sealed"], PROVIDER_SECRET)
            hooks = open_secret(
                self._sealer, row["id"], row["webhook_secrets_sealed"], WEBHOOK_SECRETS
            )
        except Unsealable:
            # One provider sealed with a lost master secret must not take the others with it.
            _log.error("provider.unsealable", provider=row["id"])
            return None
        return ProviderProfile(
            id=row["id"],
            kind=ProviderKind(row["kind"]),
            base_url=row["base_url"],
            secret=secret,
            webhook_secrets=tuple(orjson.loads(hooks)),
            settles_within=timedelta(seconds=row["settles_within_s"]),
            authorization_lasts=timedelta(seconds=row["authorization_lasts_s"]),
            honours_idempotency_keys=row["honours_idempotency_keys"],
            standing=Standing(row["standing"]),
        )


def put(sealer: Sealer, provider: ProviderProfile) -> tuple[str, Sequence[object]]:
    """The statement that adds a provider, or describes a known one anew, and its parameters."""
    hooks = orjson.dumps(provider.webhook_secrets).decode()
    return _PUT, (
        provider.id,
        provider.kind,
        provider.base_url,
        seal_secret(sealer, provider.id, provider.secret, PROVIDER_SECRET),
        seal_secret(sealer, provider.id, hooks, WEBHOOK_SECRETS),
        int(provider.settles_within.total_seconds()),
        int(provider.authorization_lasts.total_seconds()),
        provider.honours_idempotency_keys,
        provider.standing,
    )
