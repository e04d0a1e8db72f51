"""One row for every call to a provider, many rows to a statement."""

from collections.abc import Sequence
from typing import Final

from payments.adapters.postgres.json_text import json_text
from payments.db.batch import Batch
from payments.db.session import Database
from payments.ports.journal import CallRow

_INSERT: Final = """
    INSERT INTO provider_call
        (provider, operation, reference, phase, outcome, latency_us, started_at, raw)
    SELECT provider, operation, reference, phase, outcome, latency_us, started_at, raw::jsonb
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[],
        $7::timestamptz[], $8::text[])
        AS row (provider, operation, reference, phase, outcome, latency_us, started_at, raw)"""


class PostgresCallLog:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._batch: Batch[CallRow, None] = Batch(self._write)

    async def record(self, row: CallRow) -> None:
        await self._batch.add(row)

    async def close(self) -> None:
        await self._batch.close()

    async def _write(self, rows: Sequence[CallRow]) -> Sequence[None]:
        await self._database.fetch(
            _INSERT,
            [row.provider for row in rows],
            [row.operation for row in rows],
            [row.reference for row in rows],
            [row.phase for row in rows],
            [row.outcome for row in rows],
            [row.latency_us for row in rows],
            [row.started_at for row in rows],
            [json_text(row.raw) for row in rows],
        )
        return [None] * len(rows)
