"""A batch: thousands of payments that one file asks for, each of them a row with an end of its own.

A row is done once, whatever is killed: its ids derive from the batch and its line, and the record
says what became of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from payments.domain.batch_row import BatchKind, BatchRow
from payments.domain.money import Money

MOST_ROWS: Final = 50_000


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


@dataclass(frozen=True, slots=True)
class Tally:
    """How many rows are in each state."""

    waiting: int = 0
    dispatched: int = 0
    held: int = 0
    sent: int = 0
    paid: int = 0
    partly_paid: int = 0
    declined: int = 0
    returned: int = 0
    refused: int = 0
    canceled: int = 0

    @property
    def ended(self) -> int:
        paid = self.paid + self.partly_paid
        return paid + self.declined + self.returned + self.refused + self.canceled


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
    """Where a batch is, as its workflow is told.

    `dispatched` rows are being done, `slow` ones of them for so long that no other row waits for
    them any more; others may be `elsewhere`, held or with their rail. At rest there is nothing to
    do but to look again later.
    """

    status: BatchStatus
    is_waiting: bool
    dispatched: int
    slow: int = 0
    is_elsewhere: bool = False
    is_at_rest: bool = False

    @property
    def is_done(self) -> bool:
        return not self.is_waiting and self.dispatched == 0 and not self.is_elsewhere
