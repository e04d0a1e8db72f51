"""One row for every answered request, many rows to a statement."""

from collections.abc import Sequence
from typing import Final

from payments.adapters.postgres.json_text import json_text
from payments.db.batch import Batch
from payments.db.session import Database
from payments.ports.journal import RequestRow

# A trace names one request: the same row again is the same answer on its second way out.
_INSERT: Final = """
    INSERT INTO request_log
        (trace, partner_id, endpoint, request_hash, http_status, code, latency_us, received_at,
        downstream, replay_of)
    SELECT trace, partner_id, endpoint, request_hash, http_status, code, latency_us, received_at,
        downstream::jsonb, replay_of
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[], $6::text[],
        $7::bigint[], $8::timestamptz[], $9::text[], $10::text[])
        AS row (trace, partner_id, endpoint, request_hash, http_status, code, latency_us,
            received_at, downstream, replay_of)
    ON CONFLICT (trace) DO NOTHING"""
_FIND: Final = """
    SELECT trace, partner_id, endpoint, request_hash, http_status, code, latency_us, received_at,
        downstream, replay_of
    FROM request_log WHERE trace = $1"""


class PostgresRequestLog:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._batch: Batch[RequestRow, None] = Batch(self._write)

    async def record(self, row: RequestRow) -> None:
        await self._batch.add(row)

    async def find(self, trace: str) -> RequestRow | None:
        rows = await self._database.fetch(_FIND, trace)
        return RequestRow(**rows[0]) if rows else None

    async def close(self) -> None:
        await self._batch.close()

    async def _write(self, rows: Sequence[RequestRow]) -> Sequence[None]:
        await self._database.fetch(
            _INSERT,
            [row.trace for row in rows],
            [row.partner_id for row in rows],
            [row.endpoint for row in rows],
            [row.request_hash for row in rows],
            [row.http_status for row in rows],
            [row.code for row in rows],
            [row.latency_us for row in rows],
            [row.received_at for row in rows],
            [json_text(row.downstream) for row in rows],
            [row.replay_of for row in rows],
        )
        return [None] * len(rows)
