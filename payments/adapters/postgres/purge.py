"""Forget what has served its time: old answers, used token requests, expired revocations, and what
became of webhooks long ago.

In small batches that skip what somebody else is at, so that traffic is never held up.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from payments.adapters.postgres import funds
from payments.adapters.postgres.answers import PostgresAnswers
from payments.adapters.postgres.token_requests import PostgresTokenRequests
from payments.db.session import Database

_BATCH: Final = 1000
_REVOKED: Final = """
    DELETE FROM revoked_token WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM revoked_token WHERE expires_at <= now()
        ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED
    ))
    RETURNING 1"""
# A delivery goes with its tries. What is pending has no `settled_at`, and the database itself keeps
# what is younger than a week. `OFFSET 0` has the tries looked up along their key.
_DELIVERIES: Final = """
    WITH old AS (
        SELECT ctid, event_id, endpoint_id, round FROM webhook_delivery
        WHERE settled_at < now() - $1::interval
        ORDER BY settled_at LIMIT $2 FOR UPDATE SKIP LOCKED
    ), tries AS (
        DELETE FROM webhook_try WHERE ctid = ANY (ARRAY(
            SELECT made.ctid FROM old CROSS JOIN LATERAL (
                SELECT ctid FROM webhook_try
                WHERE event_id = old.event_id AND endpoint_id = old.endpoint_id
                    AND round = old.round
                OFFSET 0
            ) AS made
        ))
        RETURNING 1
    ), deliveries AS (
        DELETE FROM webhook_delivery WHERE ctid = ANY (ARRAY(SELECT ctid FROM old))
        RETURNING 1
    )
    SELECT (SELECT count(*) FROM deliveries) AS deliveries, (SELECT count(*) FROM tries) AS tries"""


async def purge(database: Database, webhooks_kept: timedelta) -> dict[str, int]:
    """How many rows of each table were deleted."""

    async def revoked_tokens(limit: int) -> int:
        return len(await database.fetch(_REVOKED, limit))

    await funds.fold(database)
    return {
        "idempotency": await _all(PostgresAnswers(database).purge),
        "token_request": await _all(PostgresTokenRequests(database).purge),
        "revoked_token": await _all(revoked_tokens),
        **await _webhooks(database, webhooks_kept),
    }


async def _webhooks(database: Database, kept: timedelta) -> dict[str, int]:
    deliveries = tries = 0
    while (gone := (await database.fetch(_DELIVERIES, kept, _BATCH))[0])["deliveries"] > 0:
        deliveries += gone["deliveries"]
        tries += gone["tries"]
    return {"webhook_delivery": deliveries, "webhook_try": tries}


async def _all(batch: Callable[[int], Awaitable[int]]) -> int:
    deleted = 0
    while (done := await batch(_BATCH)) > 0:
        deleted += done
    return deleted
