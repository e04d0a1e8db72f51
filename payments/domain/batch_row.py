"""One row of a batch: what it asks for, where it is, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from payments.domain.bill import Agreement, BillPayment, BillRef, Refused
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.outcome import Outcome
from payments.domain.payout import HoldReason, PayoutStatus
from payments.domain.payout_terms import PayoutLimits
from payments.domain.row import RowRef


class BatchKind(StrEnum):
    """What each row of a batch pays."""

    BILL_PAYMENTS = "bill_payments"
    PAYOUTS = "payouts"


class RowState(StrEnum):
    """Where a row is. DISPATCHED says that it was handed to the engine and is being done.

    HELD waits for people, SENT for the rail that has it: neither keeps other rows waiting.
    REFUSED: nothing was begun, and `code` says why. DECLINED: an answer, nothing moved. CANCELED:
    the batch was, before this row's turn, or its payout was, before it left.
    """

    WAITING = "waiting"
    DISPATCHED = "dispatched"
    HELD = "held"
    SENT = "sent"
    PAID = "paid"
    PARTLY_PAID = "partly_paid"
    DECLINED = "declined"
    RETURNED = "returned"
    REFUSED = "refused"
    CANCELED = "canceled"


_S = RowState
# A row of a silent biller waits again. A payout that was sent is over when its rail says so, and
# may come back after it was paid; for bills there is nothing between DISPATCHED and the end.
ROW_MOVES: Final[Mapping[RowState, frozenset[RowState]]] = {
    _S.WAITING: frozenset({_S.DISPATCHED, _S.CANCELED}),
    _S.DISPATCHED: frozenset(
        {_S.WAITING, _S.HELD, _S.SENT, _S.PAID, _S.DECLINED, _S.REFUSED, _S.CANCELED}
    ),
    _S.HELD: frozenset({_S.DISPATCHED, _S.CANCELED}),
    _S.SENT: frozenset({_S.PAID, _S.PARTLY_PAID, _S.DECLINED, _S.RETURNED}),
    _S.PAID: frozenset({_S.PARTLY_PAID, _S.RETURNED}),
    _S.PARTLY_PAID: frozenset({_S.RETURNED}),
    _S.DECLINED: frozenset(),
    _S.RETURNED: frozenset(),
    _S.REFUSED: frozenset(),
    _S.CANCELED: frozenset(),
}
# Begun, and waiting for somebody else.
ELSEWHERE: Final = frozenset({_S.HELD, _S.SENT})
OPEN: Final = ELSEWHERE | {_S.WAITING, _S.DISPATCHED}

# Where its payout's status leads a row.
PAYOUT_ROWS: Final[Mapping[PayoutStatus, RowState]] = {
    PayoutStatus.QUEUED: _S.DISPATCHED,
    PayoutStatus.ON_HOLD: _S.HELD,
    PayoutStatus.SENT: _S.SENT,
    PayoutStatus.PAID: _S.PAID,
    PayoutStatus.PARTLY_PAID: _S.PARTLY_PAID,
    PayoutStatus.FAILED: _S.DECLINED,
    PayoutStatus.RETURNED: _S.RETURNED,
    PayoutStatus.CANCELED: _S.CANCELED,
}

# Nothing was begun, and a while later it may be: such a row waits again.
TRIED_AGAIN: Final = frozenset({Code.BILLER_UNAVAILABLE, Code.NO_RAIL})
# Until so long after the batch was sent; then the row is refused.
TRIED_FOR: Final = timedelta(days=1)
# Before each further try of a row; the last one for ever.
PAUSES: Final[Sequence[timedelta]] = tuple(
    timedelta(seconds=each) for each in (30, 60, 120, 240, 480, 900)
)


@dataclass(frozen=True, slots=True)
class BillRow:
    """What a row of bill payments asks for. The agreement is the one of the batch's first day."""

    ref: BillRef
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class PayoutRow:
    """What a row of payouts asks for. Rail, fee and limits are those of the batch's first day.

    `content` is the one of a single payout that asks for the same: PayoutOrder.content.
    """

    destination_id: str
    rail: str
    fee: Money
    limits: PayoutLimits
    content: str


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One row as it was asked for.

    `line` is its place in the file, `reference` the partner's name for the payment, `object_id`
    ours: the transaction's, or the payout's. What a biller wants must be exactly `amount`.
    """

    line: int
    reference: str
    object_id: str
    amount: Money
    asked: BillRow | PayoutRow

    @property
    def bill(self) -> BillRow:
        assert isinstance(self.asked, BillRow), "a row of bill payments"
        return self.asked

    @property
    def payout(self) -> PayoutRow:
        assert isinstance(self.asked, PayoutRow), "a row of payouts"
        return self.asked


@dataclass(frozen=True, slots=True)
class BegunBill:
    """What the record knows of a row's bill payment."""

    fee: Money
    paid_at: datetime | None
    biller_reference: str | None


@dataclass(frozen=True, slots=True)
class BegunPayout:
    """What the record knows of a row's payout; `arrives_at` as of a payout with its legs."""

    fee: Money
    status: PayoutStatus
    held_for: HoldReason | None
    arrives_at: datetime | None


@dataclass(frozen=True, slots=True)
class RowResult:
    """A row and what became of it. `begun` is known of rows that were begun."""

    row: BatchRow
    state: RowState
    code: Code | None
    ended_at: datetime | None
    begun: BegunBill | BegunPayout | None = None


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """Nothing of this row was begun by its last hand, and why."""

    ref: RowRef
    code: Code


@dataclass(frozen=True, slots=True)
class RowPayment:
    """The payment that a row's workflow is about to send."""

    ref: RowRef
    payment: BillPayment


@dataclass(frozen=True, slots=True)
class RowSent:
    """What the biller said to a row's payment, or why nothing was begun.

    A payment of a lock is begun first and sent after that: then neither is known here.
    """

    outcome: Outcome | None = None
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class RowOrder:
    """One row on its way: what its workflow and its record need, whichever batch it is of.

    `trace` is the batch's: what this row begins bears it. It was taken at this moment, and so many
    `tries` have come to nothing before. It `is_begun` when the record has its payout.
    """

    ref: RowRef
    kind: BatchKind
    partner_id: str
    trace: str
    row: BatchRow
    taken_at: datetime
    tries: int = 0
    is_begun: bool = False
