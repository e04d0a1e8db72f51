"""The record of batches in memory, over a record of bill payments in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from payments.domain.batch import (
    BATCH_MOVES,
    Batch,
    BatchMove,
    BatchStatus,
    NewBatch,
    Progress,
    RefusedRow,
    RowOrder,
    RowResult,
    RowState,
    Tally,
)
from payments.domain.bill import BillPayment, Transaction, TransactionState
from payments.domain.codes import Code
from payments.domain.row import RowRef
from payments.ports.batches import Ended, MoveImpossible, ReferenceUsed, RowsTaken
from tests.fakes.transactions import FakeTransactions

_LIVE = (RowState.WAITING, RowState.DISPATCHED)


@dataclass
class FakeBatches:
    """`events` are the statuses that partners were told of, by batch."""

    transactions: FakeTransactions = field(default_factory=FakeTransactions)
    batches: dict[str, Batch] = field(default_factory=dict)
    rows: dict[str, dict[int, RowResult]] = field(default_factory=dict)
    events: list[tuple[str, BatchStatus]] = field(default_factory=list)
    # How long ago rows are taken as it seems.
    taken_ago: timedelta = timedelta()
    _files: dict[str, bytes] = field(default_factory=dict)
    _since: dict[RowRef, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.transactions.is_under_way = self._is_under_way

    async def create(self, batch: NewBatch) -> Batch:
        for each in self.batches.values():
            if (each.partner_id, each.reference) == (batch.partner_id, batch.reference):
                if self._files[each.batch_id] != batch.digest:
                    raise ReferenceUsed(batch.reference)
                return each
        taken = [row.line for row in batch.rows if self._is_taken(batch.partner_id, row.reference)]
        if taken:
            raise RowsTaken(taken)
        names = (batch.batch_id, batch.partner_id, batch.kind, batch.reference, batch.amount)
        made = Batch(
            *names,
            *(len(batch.rows), BatchStatus.RUNNING, batch.trace, batch.created_at, None),
        )
        self.batches[batch.batch_id] = made
        self._files[batch.batch_id] = batch.digest
        self.rows[batch.batch_id] = {
            row.line: RowResult(row, RowState.WAITING, None, None) for row in batch.rows
        }
        return made

    async def find(self, partner_id: str, batch_id: str) -> Batch | None:
        found = self.batches.get(batch_id)
        return found if found and found.partner_id == partner_id else None

    async def get(self, batch_id: str) -> Batch | None:
        return self.batches.get(batch_id)

    async def tally(self, batch_id: str) -> Tally:
        states = [row.state for row in self.rows[batch_id].values()]
        return Tally(**{state.value: states.count(state) for state in RowState})

    async def latest(
        self, partner_id: str | None, limit: int, before: str | None = None
    ) -> Sequence[Batch]:
        newest = sorted(
            self.batches.values(), key=lambda each: (each.created_at, each.batch_id), reverse=True
        )
        if before is not None:
            newest = newest[newest.index(self.batches[before]) + 1 :]
        return [each for each in newest if partner_id in (None, each.partner_id)][:limit]

    async def unfinished(self) -> Sequence[Batch]:
        return [each for each in self.batches.values() if BATCH_MOVES[each.status]]

    async def results(
        self, batch_id: str, after: int, limit: int, state: RowState | None = None
    ) -> Sequence[RowResult]:
        rows = [
            self._with_transaction(batch_id, row)
            for row in self.rows[batch_id].values()
            if row.row.line > after and state in (None, row.state)
        ]
        return rows[:limit]

    async def move(self, move: BatchMove) -> Batch:
        before = self.batches[move.batch_id]
        if before.status is move.to:
            return before
        is_end = not BATCH_MOVES[move.to]
        counts = await self.tally(move.batch_id)
        if move.to not in BATCH_MOVES[before.status] or (is_end and counts.ended < before.rows):
            raise MoveImpossible(f"{move.batch_id} is {before.status}")
        moved = replace(before, status=move.to, ended_at=datetime.now(UTC) if is_end else None)
        self.batches[move.batch_id] = moved
        if move.to is not BatchStatus.CANCELING:
            self.events.append((move.batch_id, move.to))
        return moved

    async def progress(self, batch_id: str) -> Progress:
        counts = await self.tally(batch_id)
        return Progress(self.batches[batch_id].status, counts.waiting > 0, counts.dispatched)

    async def take(self, batch_id: str, after: int, most: int) -> Sequence[RowOrder]:
        if self.batches[batch_id].status is not BatchStatus.RUNNING:
            return []
        waiting = [line for line in self._lines(batch_id, RowState.WAITING) if line > after]
        for line in waiting[:most]:
            self._end(RowRef(batch_id, line), RowState.DISPATCHED)
            self._since[RowRef(batch_id, line)] = datetime.now(UTC) - self.taken_ago
        return [self._order(batch_id, line) for line in waiting[:most]]

    async def dispatched(self, batch_id: str, longer_than_s: float) -> Sequence[RowOrder]:
        return [
            self._order(batch_id, line)
            for line in self._lines(batch_id, RowState.DISPATCHED)
            if self._age_s(RowRef(batch_id, line)) >= longer_than_s
        ]

    async def reap(self, batch_id: str) -> Sequence[Ended]:
        ended = []
        for line in list(self._lines(batch_id, RowState.DISPATCHED)):
            begun = self._begun(batch_id, self.rows[batch_id][line])
            if begun is None or begun.state is TransactionState.PROCESSING:
                continue
            ref = RowRef(batch_id, line)
            self._end(ref, RowState(begun.state.lower()), begun.code)
            ended.append(Ended(line, self._age_s(ref)))
        return ended

    async def refuse(self, refused: RefusedRow) -> BillPayment | None:
        ref = refused.ref
        row = self.rows[ref.batch_id][ref.line]
        begun = self._begun(ref.batch_id, row)
        if begun is None:
            if row.state is RowState.DISPATCHED:
                self._end(ref, RowState.REFUSED, refused.code)
            return None
        if begun.state is not TransactionState.PROCESSING:
            return None
        return self.transactions.payment(begun.transaction_id)

    async def cancel_waiting(self, batch_id: str, most: int) -> int:
        if self.batches[batch_id].status is not BatchStatus.CANCELING:
            return 0
        waiting = list(self._lines(batch_id, RowState.WAITING))[:most]
        for line in waiting:
            self._end(RowRef(batch_id, line), RowState.CANCELED)
        return len(waiting)

    def _is_under_way(self, ref: RowRef) -> bool:
        return self.rows[ref.batch_id][ref.line].state is RowState.DISPATCHED

    def _is_taken(self, partner_id: str, reference: str) -> bool:
        paid = (
            (each.partner_id, each.partner_transaction_id)
            for each in self.transactions.rows.values()
        )
        live = (
            (self.batches[batch_id].partner_id, row.row.reference)
            for batch_id, rows in self.rows.items()
            for row in rows.values()
            if row.state in _LIVE
        )
        return (partner_id, reference) in {*paid, *live}

    def _lines(self, batch_id: str, state: RowState) -> Iterator[int]:
        return (line for line, row in self.rows[batch_id].items() if row.state is state)

    def _order(self, batch_id: str, line: int) -> RowOrder:
        batch, row = self.batches[batch_id], self.rows[batch_id][line].row
        return RowOrder(RowRef(batch_id, line), batch.kind, batch.partner_id, batch.trace, row)

    def _end(self, ref: RowRef, state: RowState, code: Code | None = None) -> None:
        row = self.rows[ref.batch_id][ref.line]
        assert row.state in _LIVE, f"{ref} is {row.state} for ever"
        ended_at = None if state in _LIVE else datetime.now(UTC)
        self.rows[ref.batch_id][ref.line] = replace(row, state=state, code=code, ended_at=ended_at)

    def _age_s(self, ref: RowRef) -> float:
        return (datetime.now(UTC) - self._since[ref]).total_seconds()

    def _begun(self, batch_id: str, row: RowResult) -> Transaction | None:
        found = self.transactions.rows.get(row.row.object_id)
        if found is None:
            return None
        is_ours = self.transactions.payment(found.transaction_id).trace == (
            self.batches[batch_id].trace
        )
        return found if is_ours else None

    def _with_transaction(self, batch_id: str, row: RowResult) -> RowResult:
        begun = self._begun(batch_id, row)
        if begun is None:
            return row
        return replace(
            row,
            fee=begun.fee,
            paid_at=begun.paid_at,
            biller_reference=begun.biller_reference,
        )
