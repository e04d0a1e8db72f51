"""Events as they are stored, held against the catalogue: known types, and data that fits."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

import asyncpg
from pydantic import ValidationError

from api.event_schemas import DATA
from payments.domain.events import EVENT_TYPES

_ALL: Final = "SELECT type, object_type, object_id, data FROM event ORDER BY position"


def misfits(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """What is wrong with them, one line each."""
    return [line for row in rows for line in _wrong(row)]


async def misfits_in(database_url: str) -> list[str]:
    """Of every event that is in the database."""
    connection = await asyncpg.connect(database_url, timeout=60)
    try:
        return misfits([dict(row) for row in await connection.fetch(_ALL)])
    finally:
        await connection.close()


def _wrong(row: Mapping[str, Any]) -> list[str]:
    known = EVENT_TYPES.get(row["type"])
    if known is None:
        return [f"{row['type']} is not in the catalogue"]
    name = f"{row['type']} of {row['object_id']}"
    if row["object_type"] != known.object_type:
        return [f"{name} is about a {row['object_type']}"]
    data = json.loads(row["data"]) if isinstance(row["data"], str) else row["data"]
    try:
        DATA[known.type].model_validate(data)
    except ValidationError as error:
        return [f"{name}: {each['loc']}: {each['msg']}" for each in error.errors()]
    return []
