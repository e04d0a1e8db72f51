"""Token requests that were used, so that each works once; many to a statement."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from payments.db.batch import Batch
from payments.db.session import Database

_Use = tuple[str, str, datetime]

_INSERT: Final = """
    INSERT INTO token_request (api_key_id, nonce, requested_at)
    SELECT * FROM unnest($1::text[], $2::text[], $3::timestamptz[])
    ON CONFLICT DO NOTHING
    RETURNING api_key_id, nonce"""
# A request is refused when its time is more than 60 s from ours; the rest is reserve.
_REMEMBERED: Final = timedelta(minutes=5)
_PURGE: Final = """
    DELETE FROM token_request WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM token_request WHERE requested_at <= now() - $2::interval
        ORDER BY requested_at LIMIT $1 FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1"""


class PostgresTokenRequests:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._batch: Batch[_Use, bool] = Batch(self._write)

    async def first_use(self, key_id: str, nonce: str, timestamp: datetime) -> bool:
        return await self._batch.add((key_id, nonce, timestamp))

    async def purge(self, limit: int) -> int:
        """Forget up to `limit` requests that are too old to be valid; how many there were."""
        return len(await self._database.fetch(_PURGE, limit, _REMEMBERED))

    async def close(self) -> None:
        await self._batch.close()

    async def _write(self, uses: Sequence[_Use]) -> Sequence[bool]:
        keys, nonces, timestamps = zip(*uses, strict=True)
        rows = await self._database.fetch(_INSERT, keys, nonces, timestamps)
        new = {(row["api_key_id"], row["nonce"]) for row in rows}
        first = []
        for key_id, nonce, _ in uses:
            first.append((key_id, nonce) in new)
            # Of two equal requests in one batch the second is a replay.
            new.discard((key_id, nonce))
        return first
