"""A bill, its lock and its payment: the values, and the one table of legal moves."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.row import RowRef

LOCK_TTL: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class BillRef:
    """Which bill: DESCO's bill 1234567890 of 2026-04."""

    biller_id: str
    bill_number: str
    billing_period: str


@dataclass(frozen=True, slots=True)
class Bill:
    """What the biller says of a bill. `customer_name` is masked before it gets here."""

    ref: BillRef
    amount: Money
    due_date: date
    customer_name: str
    paid: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """What one partner pays us per bill of one biller: a flat part and a share of the amount.

    The share is rounded down to the minor unit: the last cent stays with the partner.
    """

    fee_flat_minor: int
    fee_basis_points: int

    def fee(self, amount: Money) -> Money:
        share = amount.minor * self.fee_basis_points // 10_000
        return Money(self.fee_flat_minor + share, amount.currency)


class LockState(StrEnum):
    """Where a bill lock is. Past participles, as an operator reads them in the Temporal UI."""

    ACQUIRING = "ACQUIRING"
    LOCKED = "LOCKED"
    PAYING = "PAYING"
    PAID = "PAID"
    DECLINED = "DECLINED"
    EXPIRED = "EXPIRED"
    RELEASED = "RELEASED"
    REFUSED = "REFUSED"


# PAYING goes back to LOCKED only when the record refuses the transactionId before anything moved.
LOCK_MOVES: Final[dict[LockState, frozenset[LockState]]] = {
    LockState.ACQUIRING: frozenset({LockState.LOCKED, LockState.REFUSED}),
    LockState.LOCKED: frozenset({LockState.PAYING, LockState.EXPIRED, LockState.RELEASED}),
    LockState.PAYING: frozenset({LockState.PAID, LockState.DECLINED, LockState.LOCKED}),
    LockState.PAID: frozenset(),
    LockState.DECLINED: frozenset(),
    LockState.EXPIRED: frozenset(),
    LockState.RELEASED: frozenset(),
    LockState.REFUSED: frozenset(),
}


class TransactionState(StrEnum):
    """What the record says of a bill payment. PAID and DECLINED are never left."""

    PROCESSING = "PROCESSING"
    PAID = "PAID"
    DECLINED = "DECLINED"


@dataclass(frozen=True, slots=True)
class PayOrder:
    """Input of BillLock.pay. Accepted only before `deadline`, by the engine's clock."""

    transaction_id: str
    partner_transaction_id: str
    trace: str
    deadline: datetime


@dataclass(frozen=True, slots=True)
class PayAtOnce:
    """For a row of a batch: nobody is asked between the lock and the payment.

    What the biller wants must be exactly `amount`.
    """

    row: RowRef
    order: PayOrder
    amount: Money


@dataclass(frozen=True, slots=True)
class LockRequest:
    """Input of the BillLock workflow.

    The agreement is a snapshot: a fee that changes later does not change a lock already given.
    After `acquire_by` nobody waits for the answer any more, so the bill is not held.
    """

    lock_id: str
    partner_id: str
    bill: BillRef
    agreement: Agreement
    trace: str
    acquire_by: datetime
    ttl: timedelta = LOCK_TTL
    pay_at_once: PayAtOnce | None = None


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock that was granted. `run_id` is the first run of the workflow: it fences the token."""

    lock_id: str
    run_id: str
    bill: BillRef
    amount: Money
    fee: Money
    locked_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Refused:
    """A business "no". It is a value, never an exception."""

    code: Code


class Begun(StrEnum):
    """NOW: by this very write, so nothing was sent before it. BEFORE: by an earlier one; what that
    was for may have been sent.
    """

    NOW = "now"
    BEFORE = "before"


@dataclass(frozen=True, slots=True)
class BillPayment:
    """One payment of one locked bill: what is begun in the record and sent to the biller."""

    transaction_id: str
    partner_id: str
    partner_transaction_id: str
    lock_id: str
    bill: BillRef
    amount: Money
    fee: Money
    locked_at: datetime
    accepted_at: datetime
    trace: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """The record of a bill payment, as partners are told."""

    transaction_id: str
    partner_id: str
    partner_transaction_id: str
    lock_id: str
    bill: BillRef
    amount: Money
    fee: Money
    state: TransactionState
    code: Code | None
    locked_at: datetime
    accepted_at: datetime
    paid_at: datetime | None
    biller_reference: str | None
