"""The record of batches: which rows there are, whose turn it is, and what became of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from payments.domain.batch import Batch, BatchMove, NewBatch, Progress, Tally
from payments.domain.batch_row import BatchKind, RefusedRow, RowOrder, RowResult, RowState
from payments.domain.bill import BillPayment


class ReferenceUsed(Exception):
    """The partner's reference names a batch of another file."""


class RowsTaken(Exception):
    """Rows whose references name other payments already. `lines` are in the order of the file."""

    def __init__(self, lines: Sequence[int]) -> None:
        super().__init__(f"{len(lines)} rows are taken")
        self.lines = tuple(lines)


class MoveImpossible(Exception):
    """The batch cannot go from its present status to the one that was asked for."""


# A row that is being done for so long keeps no other one waiting.
SLOW_S: Final = 30.0
# How long the next try of a row that came to nothing takes at the most; longer, and somebody has
# answered.
TRY_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Left:
    """A row that is not being done any more since the last look: it has ended, or waits elsewhere.

    `after_s` is how long it was.
    """

    line: int
    after_s: float


class Batches(Protocol):
    """Every write can be asked for again: it changes nothing the second time."""

    async def create(self, batch: NewBatch) -> Batch:
        """All rows or none. The same file under the same reference is the batch that there is.

        Raises ReferenceUsed and RowsTaken: a row's reference names a payment of the partner's, or
        a row that is still to come or under way.
        """

    async def find(self, partner_id: str, batch_id: str) -> Batch | None:
        """One of the partner's."""

    async def get(self, batch_id: str) -> Batch | None:
        """Whoever's it is: for operators."""

    async def tally(self, batch_id: str) -> Tally: ...

    async def latest(
        self,
        partner_id: str | None,
        limit: int,
        before: str | None = None,
        kind: BatchKind | None = None,
    ) -> Sequence[tuple[Batch, Tally]]:
        """Newest first, of one partner or of all; those that are older than the batch `before`,
        which is one of them too: after another's there is nothing.
        """

    async def unfinished(self) -> Sequence[Batch]:
        """Those that a workflow has to be at work on."""

    async def results(
        self, batch_id: str, after: int, limit: int, state: RowState | None = None
    ) -> Sequence[RowResult]:
        """Rows after that line, in the order of the file."""

    async def move(self, move: BatchMove) -> Batch:
        """Change the status along BATCH_MOVES, and write the event. Raises MoveImpossible.

        FINISHED and CANCELED only when no row waits or is under way.
        """

    async def progress(self, batch_id: str) -> Progress: ...

    async def take(self, batch_id: str, after: int, most: int) -> Sequence[RowOrder]:
        """The next rows that wait, now dispatched; none unless the batch is running.

        First those that wait again and whose time has come, then new ones `after` that line; but
        none of a biller that has left another row waiting again.
        """

    async def dispatched(self, batch_id: str, longer_than_s: float) -> Sequence[RowOrder]:
        """Rows being done that were handed over so long ago, or earlier, begun or not."""

    async def reap(self, batch_id: str, seen: Sequence[int] = ()) -> Sequence[Left]:
        """Give the rows under way whose bill payments are final their end.

        Tells these, and which of the `seen` lines have left by themselves.
        """

    async def refuse(self, refused: RefusedRow) -> BillPayment | None:
        """Nothing of this row was begun, so it ends; one that was begun, or has ended, stays.

        For a reason of TRIED_AGAIN it waits for its next try instead, within TRIED_FOR.
        Returns the payment that the record has begun for this row and calls PROCESSING: the engine
        and the worker have lost who was to end it. For the row's own workflow, of which there is
        one at a time.
        """

    async def cancel_waiting(self, batch_id: str, most: int) -> int:
        """Rows of a batch that is canceling, whose turn will not come; how many."""
