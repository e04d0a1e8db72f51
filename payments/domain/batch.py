"""A batch: thousands of payments that one file asks for, each of them a row with an end of its own.

A row is done once, whatever is killed: its ids derive from the batch and its line, and the record
says what became of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from payments.domain.bill import Agreement, BillPayment, BillRef, Refused
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.outcome import Outcome
from payments.domain.row import RowRef

MOST_ROWS: Final = 50_000


class BatchKind(StrEnum):
    """What each row of a batch pays."""

    BILL_PAYMENTS = "bill_payments"


class BatchStatus(StrEnum):
    """`canceled` and `finished` are never left."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELING = "canceling"
    CANCELED = "canceled"
    FINISHED = "finished"


# A batch whose rows are all under way or done can still be paused; it finishes when it is resumed.
BATCH_MOVES: Final[Mapping[BatchStatus, frozenset[BatchStatus]]] = {
    BatchStatus.RUNNING: frozenset(
        {BatchStatus.PAUSED, BatchStatus.CANCELING, BatchStatus.FINISHED}
    ),
    BatchStatus.PAUSED: frozenset({BatchStatus.RUNNING, BatchStatus.CANCELING}),
    BatchStatus.CANCELING: frozenset({BatchStatus.CANCELED}),
    BatchStatus.CANCELED: frozenset(),
    BatchStatus.FINISHED: frozenset(),
}


class RowState(StrEnum):
    """Where a row is. DISPATCHED says that it was handed to the engine and has no end yet.

    REFUSED: nothing was begun, and `code` says why. DECLINED: an answer, nothing moved. CANCELED:
    the batch was, before this row's turn.
    """

    WAITING = "waiting"
    DISPATCHED = "dispatched"
    PAID = "paid"
    DECLINED = "declined"
    REFUSED = "refused"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class BillRow:
    """What a row of bill payments asks for. The agreement is the one of the batch's first day."""

    bill: BillRef
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One row as it was asked for.

    `line` is its place in the file, `reference` the partner's name for the payment, `object_id`
    ours: the transaction's. What the biller wants must be exactly `amount`.
    """

    line: int
    reference: str
    object_id: str
    amount: Money
    asked: BillRow


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows are in each state."""

    waiting: int = 0
    dispatched: int = 0
    paid: int = 0
    declined: int = 0
    refused: int = 0
    canceled: int = 0

    @property
    def ended(self) -> int:
        return self.paid + self.declined + self.refused + self.canceled


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch whose rows are all well. `digest` is of the file: one reference names one file."""

    batch_id: str
    partner_id: str
    kind: BatchKind
    reference: str
    digest: bytes
    trace: str
    created_at: datetime
    rows: tuple[BatchRow, ...]

    @property
    def amount(self) -> Money:
        """All rows together."""
        total = sum(row.amount.minor for row in self.rows)
        return Money(total, self.rows[0].amount.currency)


@dataclass(frozen=True, slots=True)
class Batch:
    """The record of a batch."""

    batch_id: str
    partner_id: str
    kind: BatchKind
    reference: str
    amount: Money
    rows: int
    status: BatchStatus
    trace: str
    created_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class RowResult:
    """A row and what became of it. The last three are known of rows that were begun."""

    row: BatchRow
    state: RowState
    code: Code | None
    ended_at: datetime | None
    fee: Money | None = None
    paid_at: datetime | None = None
    biller_reference: str | None = None


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

    `trace` is the batch's: the transaction that this row begins bears it.
    """

    ref: RowRef
    kind: BatchKind
    partner_id: str
    trace: str
    row: BatchRow


@dataclass(frozen=True, slots=True)
class BatchOrder:
    """Input of the Batch workflow. Each of its steps dispatches `rows_at_once` at the most."""

    batch_id: str
    rows_at_once: int = 500


@dataclass(frozen=True, slots=True)
class BatchMove:
    """A change of status that somebody asks for."""

    batch_id: str
    to: BatchStatus


@dataclass(frozen=True, slots=True)
class MoveAnswer:
    """Where the batch is after somebody asked, and whether it is where it was asked to go."""

    status: BatchStatus
    is_moved: bool


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a batch is, as its workflow is told. `dispatched` rows are under way."""

    status: BatchStatus
    is_waiting: bool
    dispatched: int

    @property
    def is_done(self) -> bool:
        return not self.is_waiting and self.dispatched == 0
