"""Forget what has served its time: old answers, used token requests, expired revocations.

In small batches that skip what somebody else is at, so that traffic is never held up.
"""

from collections.abc import Awaitable, Callable
from typing import Final

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


async def purge(database: Database) -> dict[str, int]:
    """How many rows of each table were deleted."""

    async def revoked_tokens(limit: int) -> int:
        return len(await database.fetch(_REVOKED, limit))

    return {
        "idempotency": await _all(PostgresAnswers(database).purge),
        "token_request": await _all(PostgresTokenRequests(database).purge),
        "revoked_token": await _all(revoked_tokens),
    }


async def _all(batch: Callable[[int], Awaitable[int]]) -> int:
    deleted = 0
    while (done := await batch(_BATCH)) > 0:
        deleted += done
    return deleted
