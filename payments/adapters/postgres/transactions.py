"""Bill payments in PostgreSQL: read model, ledger posting and event in one statement each."""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from datetime import UTC, datetime
from typing import Final

from payments.adapters.postgres import bill_rows
from payments.adapters.postgres.ledger import WRITE_POSTING, PostgresLedger
from payments.db.session import Database
from payments.domain import ledger
from payments.domain.bill import (
    Begun,
    BillPayment,
    LockRequest,
    LockState,
    Refused,
    Transaction,
    TransactionState,
)
from payments.domain.codes import Code
from payments.domain.outcome import Outcome, OutcomeKind
from payments.domain.row import RowRef
from payments.ports.record import RecordUnavailable
from payments.ports.transactions import SettledOtherwise

_BEGIN: Final = f"""
    INSERT INTO transaction ({bill_rows.COLUMNS}, state)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'PROCESSING')
    ON CONFLICT DO NOTHING
    RETURNING id"""
# A row of a batch that has ended begins nothing any more.
_BEGIN_ROW: Final = f"""
    WITH under_way AS (
        SELECT FROM batch_row
        WHERE batch_id = $14 AND line = $15 AND state = 'dispatched' FOR UPDATE
    )
    INSERT INTO transaction ({bill_rows.COLUMNS}, state)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'PROCESSING' FROM under_way
    ON CONFLICT DO NOTHING
    RETURNING id"""
_UNDER_WAY: Final = """
    SELECT line FROM batch_row WHERE batch_id = $1 AND line = $2 AND state = 'dispatched'"""
# What stands in the way, one branch for each unique index; the first found is the reason to give.
_OBSTACLES: Final = f"""
    SELECT {bill_rows.COLUMNS}, 1 AS reason FROM transaction
    WHERE id = $1 OR (partner_id = $2 AND partner_transaction_id = $3)
    UNION ALL
    SELECT {bill_rows.COLUMNS}, 2 FROM transaction
    WHERE lock_id = $4 AND state IN ('PROCESSING', 'PAID')
    UNION ALL
    SELECT {bill_rows.COLUMNS}, 3 FROM transaction
    WHERE biller_id = $5 AND bill_number = $6 AND billing_period = $7
        AND state IN ('PROCESSING', 'PAID')
    ORDER BY reason LIMIT 1"""
_REASONS: Final = {1: Code.TRANSACTION_ID_USED, 2: Code.LOCK_USED, 3: Code.BILL_ALREADY_PAID}
_BEGIN_ATTEMPTS: Final = 5

# In these two a posting's subject, $2, is the transaction's id. The row's lock decides between two
# that write at once: whoever comes second finds the row changed, and nothing of it is written.
_SUSPEND: Final = f"""
    WITH due AS (
        UPDATE transaction SET suspended_at = now()
        WHERE id = $2 AND state = 'PROCESSING' AND suspended_at IS NULL
            AND (amount_minor, fee_minor, currency) = ($7, $8, $9)
        RETURNING id
    ), {WRITE_POSTING}
    SELECT id FROM due"""
_SETTLE: Final = f"""
    WITH due AS (
        UPDATE transaction SET state = $10, code = $11, biller_reference = $12, paid_at = $13
        WHERE id = $2 AND state = 'PROCESSING' AND (suspended_at IS NOT NULL) = $14
            AND (amount_minor, fee_minor, currency) = ($7, $8, $9)
        RETURNING id, partner_id
    ), {WRITE_POSTING}, told AS (
        INSERT INTO event
            (partner_id, object_type, object_id, sequence, type, previous_status, data)
        SELECT due.partner_id, 'transaction', due.id,
            (SELECT coalesce(max(sequence), 0) + 1 FROM event WHERE object_id = $2),
            $15, 'PROCESSING', $16::jsonb
        FROM due
    )
    SELECT id FROM due"""

_LOST: Final = f"""
    SELECT {bill_rows.COLUMNS} FROM transaction
    WHERE partner_id = $1 AND lock_id = $2 AND state = 'PROCESSING'"""
_EXPIRE: Final = f"""
    WITH told AS (
        INSERT INTO event
            (partner_id, object_type, object_id, sequence, type, previous_status, data)
        VALUES ($1, 'bill_lock', $2, 1, 'bill.lock_expired', 'LOCKED', $3::jsonb)
        ON CONFLICT (object_id, sequence) DO NOTHING
    )
    {_LOST}"""

_BY_ID: Final = f"SELECT {bill_rows.ALL_COLUMNS} FROM transaction WHERE id = $1"
# A partner may have given one payment the name that we gave another; ours comes first.
_FIND: Final = f"""
    SELECT {bill_rows.ALL_COLUMNS}, 1 AS preference FROM transaction
    WHERE id = $2 AND partner_id = $1
    UNION ALL
    SELECT {bill_rows.ALL_COLUMNS}, 2 FROM transaction
    WHERE partner_id = $1 AND partner_transaction_id = $2
    ORDER BY preference LIMIT 1"""
_OF_LOCK: Final = f"""
    SELECT {bill_rows.ALL_COLUMNS} FROM transaction
    WHERE partner_id = $1 AND lock_id = $2
    ORDER BY accepted_at DESC, id DESC LIMIT 1"""


class PostgresTransactions:
    """The database decides every race: by unique indexes at the beginning, by row locks after."""

    def __init__(self, database: Database, ledger: PostgresLedger) -> None:
        self._database = database
        self._ledger = ledger

    async def begin(self, payment: BillPayment, row: RowRef | None = None) -> Begun | Refused:
        values = bill_rows.values(payment)
        statement, place = (_BEGIN, ()) if row is None else (_BEGIN_ROW, (row.batch_id, row.line))
        for _ in range(_BEGIN_ATTEMPTS):
            if await self._database.fetch(statement, *values, *place):
                return Begun.NOW
            found = await self._database.fetch(_OBSTACLES, *values[:7])
            if found:
                reason = found[0]["reason"]
                if reason == 1 and _is_same(bill_rows.payment(found[0]), payment):
                    return Begun.BEFORE
                return Refused(_REASONS[reason])
            if place and not await self._database.fetch(_UNDER_WAY, *place):
                return Refused(Code.TRANSACTION_ID_USED)
            # What stood in the way was declined in between: try again.
        raise RecordUnavailable(f"{payment.transaction_id} was not begun: too many rivals")

    async def suspend(self, payment: BillPayment) -> None:
        posting = await self._ledger.parameters(ledger.suspended(payment))
        if not await self._database.fetch(_SUSPEND, *posting, *bill_rows.agreed(payment)):
            await self._standing(payment)

    async def settle(self, payment: BillPayment, outcome: Outcome) -> Transaction:
        final = _final(payment, outcome)
        for from_suspense in (False, True):
            if await self._settle(payment, final, from_suspense=from_suspense):
                return final
        standing = await self._standing(payment)
        if standing.state is not final.state:
            raise SettledOtherwise(f"{standing.transaction_id} is {standing.state} for ever")
        return standing

    async def close_lock(self, lock: LockRequest, end: LockState) -> BillPayment | None:
        if end is LockState.EXPIRED:
            told = bill_rows.told_of_lock(lock)
            rows = await self._database.fetch(_EXPIRE, lock.partner_id, lock.lock_id, told)
        else:
            rows = await self._database.fetch(_LOST, lock.partner_id, lock.lock_id)
        return bill_rows.payment(rows[0]) if rows else None

    async def find(self, partner_id: str, transaction_id: str) -> Transaction | None:
        rows = await self._database.fetch(_FIND, partner_id, transaction_id)
        return bill_rows.transaction(rows[0]) if rows else None

    async def of_lock(self, partner_id: str, lock_id: str) -> Transaction | None:
        rows = await self._database.fetch(_OF_LOCK, partner_id, lock_id)
        return bill_rows.transaction(rows[0]) if rows else None

    async def _settle(
        self, payment: BillPayment, final: Transaction, *, from_suspense: bool
    ) -> bool:
        """False when the row is not in this state, suspended or not, or is final already."""
        paid = final.state is TransactionState.PAID
        posting: tuple[object, ...] = (None, payment.transaction_id, None, [], [], [])
        if from_suspense:
            build = ledger.paid_from_suspense if paid else ledger.returned_from_suspense
            posting = await self._ledger.parameters(build(payment))
        elif paid:
            posting = await self._ledger.parameters(ledger.paid(payment))
        rows = await self._database.fetch(
            _SETTLE,
            *posting,
            *bill_rows.agreed(payment),
            *(final.state, final.code, final.biller_reference, final.paid_at),
            from_suspense,
            "bill.paid" if paid else "bill.declined",
            bill_rows.told_of_transaction(final),
        )
        return bool(rows)

    async def _standing(self, payment: BillPayment) -> Transaction:
        """The row as it is. Raises LookupError when this payment was never begun like this."""
        rows = await self._database.fetch(_BY_ID, payment.transaction_id)
        if not rows or bill_rows.agreed(bill_rows.payment(rows[0])) != bill_rows.agreed(payment):
            raise LookupError(f"{payment.transaction_id} was never begun like this")
        return bill_rows.transaction(rows[0])


def _is_same(one: BillPayment, other: BillPayment) -> bool:
    """Asked for twice it is one payment, whatever the trace and the time of the second asking."""
    return (one.transaction_id, one.lock_id, one.bill, bill_rows.agreed(one)) == (
        other.transaction_id,
        other.lock_id,
        other.bill,
        bill_rows.agreed(other),
    )


def _final(payment: BillPayment, outcome: Outcome) -> Transaction:
    assert outcome.kind in {OutcomeKind.ACCEPTED, OutcomeKind.DECLINED}, "not a final outcome"
    paid = outcome.kind is OutcomeKind.ACCEPTED
    return bill_rows.settled(
        payment,
        state=TransactionState.PAID if paid else TransactionState.DECLINED,
        code=None if paid else outcome.code or Code.BILLER_DECLINED,
        paid_at=(outcome.at or datetime.now(UTC)) if paid else None,
        biller_reference=outcome.reference,
    )
