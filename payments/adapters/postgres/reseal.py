"""Seal anew what an old master secret sealed, so that the old one can be retired.

Page by page, each one statement: whoever was interrupted starts again and finds the rest.
"""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from dataclasses import dataclass
from typing import Final

import structlog

from payments.adapters.postgres.sealer import (
    ACCOUNT,
    API_KEY_SECRET,
    PROVIDER_SECRET,
    RAIL_SECRET,
    RAIL_WEBHOOK_SECRETS,
    SIGNING_SECRETS,
    WEBHOOK_SECRETS,
    Sealer,
)
from payments.crypto import Unsealable
from payments.db.session import Statements

_PAGE: Final = 100

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """A column of sealed values, each bound to its row's id."""

    table: str
    column: str
    label: str


PLACES: Final = (
    Place("api_key", "secret_sealed", API_KEY_SECRET),
    Place("provider", "secret_sealed", PROVIDER_SECRET),
    Place("provider", "webhook_secrets_sealed", WEBHOOK_SECRETS),
    Place("rail", "secret_sealed", RAIL_SECRET),
    Place("rail", "webhook_secrets_sealed", RAIL_WEBHOOK_SECRETS),
    Place("destination", "account_sealed", ACCOUNT),
    Place("webhook_endpoint", "secrets_sealed", SIGNING_SECRETS),
)


async def reseal(database: Statements, sealer: Sealer) -> dict[str, int]:
    """How many secrets of each table were sealed anew; 0 when all are under the current one."""
    done = dict.fromkeys((place.table for place in PLACES), 0)
    for place in PLACES:
        done[place.table] += await _reseal(database, sealer, place)
    return done


async def _reseal(database: Statements, sealer: Sealer, place: Place) -> int:
    read = f"""
        SELECT id, {place.column} AS sealed FROM {place.table}
        WHERE id > $1 AND {place.column} IS NOT NULL ORDER BY id LIMIT {_PAGE}"""
    write = f"""
        UPDATE {place.table} SET {place.column} = anew.sealed
        FROM unnest($1::text[], $2::bytea[], $3::bytea[]) AS anew (id, sealed, before)
        WHERE {place.table}.id = anew.id AND {place.table}.{place.column} = anew.before
        RETURNING {place.table}.id"""
    last, done = "", 0
    while rows := await database.fetch(read, last):
        last = rows[-1]["id"]
        anew = [
            (row["id"], sealed, row["sealed"])
            for row in rows
            if (sealed := _anew(sealer, place, row["id"], row["sealed"])) is not None
        ]
        if anew:
            # A secret that was changed meanwhile is not this one any more, and stays.
            done += len(await database.fetch(write, *zip(*anew, strict=True)))
    return done


def _anew(sealer: Sealer, place: Place, row_id: str, sealed: bytes) -> bytes | None:
    try:
        return sealer.seal_anew(place.label, sealed, row_id.encode())
    except Unsealable:
        # Its secret was lost before; nobody can use it, and it must not hold up the others.
        _log.error("reseal.unsealable", table=place.table, id=row_id)
        return None
