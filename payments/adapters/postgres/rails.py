"""The rail table, in memory: what the bootstrap needs to plug in each rail's adapter."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from payments.adapters.postgres.profiles import Profiles, Secrets
from payments.adapters.postgres.sealer import RAIL_SECRET, RAIL_WEBHOOK_SECRETS, Sealer
from payments.db.session import Database, Row
from payments.domain import business_days
from payments.domain.destination import DestinationKind
from payments.domain.partner import Standing
from payments.domain.rail import RailKind, RailProfile, Timetable

_log = structlog.get_logger(__name__)

_COLUMNS: Final = (
    "id, kind, base_url, secret_sealed, webhook_secrets_sealed, settles_within_s, pays,"
    " currencies, zone, cut_off, business_days, takes_s, calendar,"
    " honours_idempotency_keys, standing"
)
_READ: Final = f"SELECT {_COLUMNS} FROM rail ORDER BY id"  # noqa: S608  # Ours.
_PUT: Final = f"""
    INSERT INTO rail ({_COLUMNS})
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
    ON CONFLICT (id) DO UPDATE SET ({_COLUMNS}) = ROW (
        EXCLUDED.id, EXCLUDED.kind, EXCLUDED.base_url, EXCLUDED.secret_sealed,
        EXCLUDED.webhook_secrets_sealed, EXCLUDED.settles_within_s, EXCLUDED.pays,
        EXCLUDED.currencies, EXCLUDED.zone, EXCLUDED.cut_off, EXCLUDED.business_days,
        EXCLUDED.takes_s, EXCLUDED.calendar, EXCLUDED.honours_idempotency_keys,
        EXCLUDED.standing)"""  # noqa: S608
_KINDS: Final = frozenset(RailKind)
_SECRETS: Final = Secrets("rail", RAIL_SECRET, RAIL_WEBHOOK_SECRETS)


class PostgresRails(Profiles[RailProfile]):
    """All rails with their opened secrets."""

    def __init__(self, database: Database, sealer: Sealer) -> None:
        super().__init__(database, _READ, partial(_rail, sealer))


def _rail(sealer: Sealer, row: Row) -> RailProfile | None:
    # A newer version, deployed beside this one, may know more kinds than we do.
    if row["kind"] not in _KINDS or (opened := _SECRETS.open(sealer, row)) is None:
        return None
    try:
        business_days.check(row["calendar"])
    except business_days.CalendarUnknown as error:
        # Without it no arrival of this rail is honest; the others know theirs.
        _log.error("rail.calendar_unknown", rail=row["id"], error=str(error))
        return None
    return RailProfile(
        id=row["id"],
        kind=RailKind(row["kind"]),
        base_url=row["base_url"],
        secret=opened[0],
        webhook_secrets=opened[1],
        settles_within=timedelta(seconds=row["settles_within_s"]),
        pays=frozenset(DestinationKind(each) for each in row["pays"]),
        currencies=frozenset(row["currencies"]),
        timetable=Timetable(
            row["zone"],
            row["cut_off"],
            row["business_days"],
            timedelta(seconds=row["takes_s"]),
            row["calendar"],
        ),
        honours_idempotency_keys=row["honours_idempotency_keys"],
        standing=Standing(row["standing"]),
    )


def put(sealer: Sealer, rail: RailProfile) -> tuple[str, Sequence[object]]:
    """The statement that adds a rail, or describes a known one anew, and its parameters."""
    return _PUT, (
        rail.id,
        rail.kind,
        rail.base_url,
        *_SECRETS.seal(sealer, rail),
        int(rail.settles_within.total_seconds()),
        sorted(rail.pays),
        sorted(rail.currencies),
        rail.timetable.zone,
        rail.timetable.cut_off,
        rail.timetable.business_days,
        int(rail.timetable.takes.total_seconds()),
        rail.timetable.calendar,
        rail.honours_idempotency_keys,
        rail.standing,
    )
