"""The rail table, in memory: what the bootstrap needs to plug in each rail's adapter."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import orjson
import structlog

from payments.adapters.postgres.partners import CHANNEL
from payments.adapters.postgres.sealer import (
    RAIL_SECRET,
    RAIL_WEBHOOK_SECRETS,
    Sealer,
    open_secret,
    seal_secret,
)
from payments.crypto import Unsealable
from payments.db.directory import Directory
from payments.db.session import Database, Row
from payments.domain.destination import DestinationKind
from payments.domain.partner import Standing
from payments.domain.rail import RailKind, RailProfile, Timetable

_log = structlog.get_logger(__name__)

_COLUMNS: Final = (
    "id, kind, base_url, secret_sealed, webhook_secrets_sealed, settles_within_s, pays,"
    " currencies, zone, cut_off, business_days, takes_s, honours_idempotency_keys, standing"
)
_READ: Final = f"SELECT {_COLUMNS} FROM rail ORDER BY id"  # noqa: S608  # Ours.
_PUT: Final = f"""
    INSERT INTO rail ({_COLUMNS})
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    ON CONFLICT (id) DO UPDATE SET ({_COLUMNS}) = ROW (
        EXCLUDED.id, EXCLUDED.kind, EXCLUDED.base_url, EXCLUDED.secret_sealed,
        EXCLUDED.webhook_secrets_sealed, EXCLUDED.settles_within_s, EXCLUDED.pays,
        EXCLUDED.currencies, EXCLUDED.zone, EXCLUDED.cut_off, EXCLUDED.business_days,
        EXCLUDED.takes_s, EXCLUDED.honours_idempotency_keys, EXCLUDED.standing)"""  # noqa: S608
_KINDS: Final = frozenset(RailKind)


class PostgresRails:
    """All rails with their opened secrets, kept true like the partners."""

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

    def rows(self) -> tuple[RailProfile, ...]:
        """By id. The same tuple, unless something changed."""
        return self._directory.current

    async def _read(self) -> tuple[RailProfile, ...]:
        rows = await self._database.fetch(_READ)
        return tuple([profile for row in rows if (profile := self._profile(row)) is not None])

    def _profile(self, row: Row) -> RailProfile | None:
        # A newer version, deployed beside this one, may know more kinds than we do.
        if row["kind"] not in _KINDS:
            return None
        try:
            secret = open_secret(self._sealer, row["id"], row["secret_sealed"], RAIL_SECRET)
            hooks = open_secret(
                self._sealer, row["id"], row["webhook_secrets_sealed"], RAIL_WEBHOOK_SECRETS
            )
        except Unsealable:
            # One rail sealed with a lost master secret must not take the others with it.
            _log.error("rail.unsealable", rail=row["id"])
            return None
        return RailProfile(
            id=row["id"],
            kind=RailKind(row["kind"]),
            base_url=row["base_url"],
            secret=secret,
            webhook_secrets=tuple(orjson.loads(hooks)),
            settles_within=timedelta(seconds=row["settles_within_s"]),
            pays=frozenset(DestinationKind(each) for each in row["pays"]),
            currencies=frozenset(row["currencies"]),
            timetable=Timetable(
                row["zone"],
                row["cut_off"],
                row["business_days"],
                timedelta(seconds=row["takes_s"]),
            ),
            honours_idempotency_keys=row["honours_idempotency_keys"],
            standing=Standing(row["standing"]),
        )


def put(sealer: Sealer, rail: RailProfile) -> tuple[str, Sequence[object]]:
    """The statement that adds a rail, or describes a known one anew, and its parameters."""
    hooks = orjson.dumps(rail.webhook_secrets).decode()
    return _PUT, (
        rail.id,
        rail.kind,
        rail.base_url,
        seal_secret(sealer, rail.id, rail.secret, RAIL_SECRET),
        seal_secret(sealer, rail.id, hooks, RAIL_WEBHOOK_SECRETS),
        int(rail.settles_within.total_seconds()),
        sorted(rail.pays),
        sorted(rail.currencies),
        rail.timetable.zone,
        rail.timetable.cut_off,
        rail.timetable.business_days,
        int(rail.timetable.takes.total_seconds()),
        rail.honours_idempotency_keys,
        rail.standing,
    )
