"""The record of bill payments in memory, with the database's own guards."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from payments.domain import ledger as postings
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
from tests.fakes.ledger import FakeLedger


def _never(_: RowRef) -> bool:
    return False


@dataclass
class FakeTransactions:
    """The record, with the database's own guards. `ledger` and `events` are append-only."""

    calls: list[str] = field(default_factory=list)
    rows: dict[str, Transaction] = field(default_factory=dict)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    events: list[tuple[str, str]] = field(default_factory=list)
    unavailable: bool = False
    # Of a batch's row, by whoever keeps those.
    is_under_way: Callable[[RowRef], bool] = _never
    _payments: dict[str, BillPayment] = field(default_factory=dict)

    async def begin(self, payment: BillPayment, row: RowRef | None = None) -> Begun | Refused:
        self._call("begin", payment.transaction_id)
        for each in self.rows.values():
            theirs = (each.partner_id, each.partner_transaction_id)
            same_name = theirs == (payment.partner_id, payment.partner_transaction_id)
            if same_name and (each.lock_id, each.bill) == (payment.lock_id, payment.bill):
                return Begun.BEFORE
            if same_name:
                return Refused(Code.TRANSACTION_ID_USED)
            if each.state is TransactionState.DECLINED:
                continue
            if each.lock_id == payment.lock_id:
                return Refused(Code.LOCK_USED)
            if each.bill == payment.bill:
                return Refused(Code.BILL_ALREADY_PAID)
        if row is not None and not self.is_under_way(row):
            return Refused(Code.TRANSACTION_ID_USED)
        self._payments[payment.transaction_id] = payment
        self.rows[payment.transaction_id] = _processing(payment)
        return Begun.NOW

    async def suspend(self, payment: BillPayment) -> None:
        self._call("suspend", payment.transaction_id)
        if self._standing(payment).state is TransactionState.PROCESSING:
            await self.ledger.post(postings.suspended(payment))

    async def settle(self, payment: BillPayment, outcome: Outcome) -> Transaction:
        self._call("settle", payment.transaction_id)
        row = self._standing(payment)
        paid = outcome.kind is OutcomeKind.ACCEPTED
        assert paid or outcome.kind is OutcomeKind.DECLINED, "only a known outcome is settled"
        final = TransactionState.PAID if paid else TransactionState.DECLINED
        if row.state is not TransactionState.PROCESSING:
            if row.state is not final:
                raise SettledOtherwise(f"{row.transaction_id} is {row.state} for ever")
            return row
        suspended = f"suspended:{payment.transaction_id}" in self.ledger.postings
        if paid:
            post = postings.paid_from_suspense if suspended else postings.paid
            await self.ledger.post(post(payment))
        elif suspended:
            await self.ledger.post(postings.returned_from_suspense(payment))
        settled = replace(
            row,
            state=final,
            code=None if paid else outcome.code or Code.BILLER_DECLINED,
            paid_at=(outcome.at or datetime.now(UTC)) if paid else None,
            biller_reference=outcome.reference,
        )
        self.rows[payment.transaction_id] = settled
        self.events.append(("bill.paid" if paid else "bill.declined", payment.transaction_id))
        return settled

    async def close_lock(self, lock: LockRequest, end: LockState) -> BillPayment | None:
        self._call("close_lock", f"{end} {lock.lock_id}")
        event = ("bill.lock_expired", lock.lock_id)
        if end is LockState.EXPIRED and event not in self.events:
            self.events.append(event)
        for row in self.rows.values():
            if row.lock_id == lock.lock_id and row.state is TransactionState.PROCESSING:
                return self._payments[row.transaction_id]
        return None

    async def find(self, partner_id: str, transaction_id: str) -> Transaction | None:
        for row in self.rows.values():
            names = (row.transaction_id, row.partner_transaction_id)
            if row.partner_id == partner_id and transaction_id in names:
                return row
        return None

    async def of_lock(self, partner_id: str, lock_id: str) -> Transaction | None:
        found = [row for row in self.rows.values() if row.lock_id == lock_id]
        return next((row for row in reversed(found) if row.partner_id == partner_id), None)

    def payment(self, transaction_id: str) -> BillPayment:
        """As it was begun."""
        return self._payments[transaction_id]

    def _standing(self, payment: BillPayment) -> Transaction:
        row = self.rows.get(payment.transaction_id)
        if row is None or (row.amount, row.fee) != (payment.amount, payment.fee):
            raise LookupError(f"{payment.transaction_id} was never begun like this")
        return row

    def _call(self, operation: str, subject: str) -> None:
        self.calls.append(f"{operation} {subject}")
        if self.unavailable:
            raise RecordUnavailable("connection refused")


def _processing(payment: BillPayment) -> Transaction:
    return Transaction(
        transaction_id=payment.transaction_id,
        partner_id=payment.partner_id,
        partner_transaction_id=payment.partner_transaction_id,
        lock_id=payment.lock_id,
        bill=payment.bill,
        amount=payment.amount,
        fee=payment.fee,
        state=TransactionState.PROCESSING,
        code=None,
        locked_at=payment.locked_at,
        accepted_at=payment.accepted_at,
        paid_at=None,
        biller_reference=None,
    )
