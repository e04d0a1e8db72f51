"""What a partner may still pay out, in PostgreSQL: a row to lock, and a queue that holds nobody up.

Whatever moves `partner_payable` is in the queue, by a trigger. Whoever spends locks the row, and
then, in a statement of its own, folds in the queue: a statement sees what was committed before it
began, and the one that waits for a lock began before the lock was free.
"""

from functools import partial
from typing import Final

from payments.db.session import Database, Statements

_LOCK: Final = """
    INSERT INTO partner_funds (partner_id, currency) VALUES ($1, $2)
    ON CONFLICT (partner_id, currency) DO UPDATE
    SET available_minor = partner_funds.available_minor"""
_FOLD: Final = """
    WITH come AS (
        DELETE FROM partner_funds_delta WHERE position IN (
            SELECT position FROM partner_funds_delta WHERE partner_id = $1 AND currency = $2
            ORDER BY position LIMIT $3
        )
        RETURNING amount_minor
    )
    UPDATE partner_funds
    SET available_minor = available_minor + (SELECT coalesce(sum(amount_minor), 0) FROM come)
    WHERE partner_id = $1 AND currency = $2
    RETURNING available_minor, (SELECT count(*) FROM come) AS folded"""
_AVAILABLE: Final = """
    SELECT (coalesce((
            SELECT available_minor FROM partner_funds WHERE partner_id = $1 AND currency = $2
        ), 0) + coalesce((
            SELECT sum(amount_minor) FROM partner_funds_delta
            WHERE partner_id = $1 AND currency = $2
        ), 0))::bigint AS minor"""
_QUEUED: Final = "SELECT DISTINCT partner_id, currency FROM partner_funds_delta"
# More than ever waits where the purge runs; a guard that finds more folds it in several steps.
_AT_ONCE: Final = 10_000


async def locked(statements: Statements, partner_id: str, currency: str) -> int:
    """Nobody else spends of it until the transaction ends. What is available, in minor units."""
    await statements.fetch(_LOCK, partner_id, currency)
    while True:
        [row] = await statements.fetch(_FOLD, partner_id, currency, _AT_ONCE)
        if row["folded"] < _AT_ONCE:
            return int(row["available_minor"])


async def available(database: Database, partner_id: str, currency: str) -> int:
    [row] = await database.fetch(_AVAILABLE, partner_id, currency)
    return int(row["minor"])


async def fold(database: Database) -> int:
    """Fold in what partners who never pay out would leave behind; how many partners' currencies."""
    queued = await database.fetch(_QUEUED)
    for row in queued:
        await database.in_transaction(
            partial(locked, partner_id=row["partner_id"], currency=row["currency"])
        )
    return len(queued)
