"""The record of batches in memory, over a record of bill payments in memory."""

from collections import Counter
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
    Tally,
)
from payments.domain.batch_row import (
    OPEN,
    PAUSES,
    PAYOUT_ROWS,
    ROW_MOVES,
    TRIED_AGAIN,
    TRIED_FOR,
    BatchKind,
    BegunBill,
    BillRow,
    RefusedRow,
    RowOrder,
    RowResult,
    RowState,
)
from payments.domain.bill import BillPayment, Transaction, TransactionState
from payments.domain.codes import Code
from payments.domain.payout import PayoutStatus
from payments.domain.row import RowRef
from payments.ports.batches import SLOW_S, TRY_S, Left, MoveImpossible, ReferenceUsed, RowsTaken
from tests.fakes.transactions import FakeTransactions

_LIVE = (RowState.WAITING, RowState.DISPATCHED)
_RAIL = (RowState.SENT, RowState.PAID, RowState.PARTLY_PAID, RowState.DECLINED)


@dataclass
class FakeBatches:
    """`events` are the statuses that partners were told of, by batch."""

    transactions: FakeTransactions = field(default_factory=FakeTransactions)
    batches: dict[str, Batch] = field(default_factory=dict)
    rows: dict[str, dict[int, RowResult]] = field(default_factory=dict)
    events: list[tuple[str, BatchStatus]] = field(default_factory=list)
    # How long ago rows are taken as it seems.
    taken_ago: timedelta = timedelta()
    begun_payouts: set[RowRef] = field(default_factory=set)
    _files: dict[str, bytes] = field(default_factory=dict)
    _since: dict[RowRef, datetime] = field(default_factory=dict)
    # How often each row came to nothing, and when it is tried again.
    _tries: Counter[RowRef] = field(default_factory=Counter)
    _again: dict[RowRef, datetime] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.transactions.is_under_way = self.is_under_way

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
        self,
        partner_id: str | None,
        limit: int,
        before: str | None = None,
        kind: BatchKind | None = None,
    ) -> Sequence[tuple[Batch, Tally]]:
        theirs = [each for each in self.batches.values() if partner_id in (None, each.partner_id)]
        newest = sorted(theirs, key=lambda each: (each.created_at, each.batch_id), reverse=True)
        if before is not None:
            names = [each.batch_id for each in newest]
            newest = newest[names.index(before) + 1 :] if before in names else []
        page = [each for each in newest if kind in (None, each.kind)][:limit]
        return [(each, await self.tally(each.batch_id)) for each in page]

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
        lines = self._lines(batch_id, RowState.DISPATCHED)
        return Progress(
            self.batches[batch_id].status,
            counts.waiting > 0,
            counts.dispatched,
            slow=sum(self._age_s(RowRef(batch_id, line)) >= SLOW_S for line in lines),
            is_elsewhere=counts.held + counts.sent > 0,
        )

    async def take(self, batch_id: str, after: int, most: int) -> Sequence[RowOrder]:
        if self.batches[batch_id].status is not BatchStatus.RUNNING:
            return []
        now = datetime.now(UTC)
        refs = [RowRef(batch_id, line) for line in self._lines(batch_id, RowState.WAITING)]
        again = [ref for ref in refs if ref in self._again and self._again[ref] <= now]
        silent = {self._lane(ref) for ref in self._again if self._is_tried(ref)}
        fresh = [
            ref
            for ref in refs
            if ref not in self._again and ref.line > after and self._lane(ref) not in silent
        ]
        taken = [*again, *fresh][:most]
        for ref in taken:
            self._end(ref, RowState.DISPATCHED)
            self._since[ref] = now - self.taken_ago
        return [self._order(batch_id, ref.line) for ref in sorted(taken, key=lambda ref: ref.line)]

    async def dispatched(self, batch_id: str, longer_than_s: float) -> Sequence[RowOrder]:
        return [
            replace(self._order(batch_id, line), is_begun=self._payout(batch_id, line))
            for line in self._lines(batch_id, RowState.DISPATCHED)
            if self._age_s(RowRef(batch_id, line)) >= longer_than_s
        ]

    async def reap(self, batch_id: str, seen: Sequence[int] = ()) -> Sequence[Left]:
        left = []
        for line in seen:
            row, ref = self.rows[batch_id][line], RowRef(batch_id, line)
            if self._payout(batch_id, line) and row.state in _RAIL:
                left.append(Left(line, self._age_s(ref)))
        for line in list(self._lines(batch_id, RowState.DISPATCHED)):
            begun = self._begun(batch_id, self.rows[batch_id][line])
            if begun is None or begun.state is TransactionState.PROCESSING:
                continue
            ref = RowRef(batch_id, line)
            self._end(ref, RowState(begun.state.lower()), begun.code)
            left.append(Left(line, self._age_s(ref)))
        return left

    async def refuse(self, refused: RefusedRow) -> BillPayment | None:
        ref = refused.ref
        row = self.rows[ref.batch_id][ref.line]
        begun = self._begun(ref.batch_id, row)
        if begun is None:
            if row.state is RowState.DISPATCHED and not self._payout(ref.batch_id, ref.line):
                self._refuse(refused)
            return None
        if begun.state is not TransactionState.PROCESSING:
            return None
        return self.transactions.payment(begun.transaction_id)

    def _refuse(self, refused: RefusedRow) -> None:
        ref, now = refused.ref, datetime.now(UTC)
        created_at = self.batches[ref.batch_id].created_at
        self._tries[ref] += 1
        if refused.code in TRIED_AGAIN and created_at > now - TRIED_FOR:
            self._again[ref] = now + PAUSES[min(self._tries[ref], len(PAUSES)) - 1]
            self._end(ref, RowState.WAITING)
        else:
            self._end(ref, RowState.REFUSED, refused.code)

    def hasten(self, ref: RowRef) -> None:
        """Its pause is over."""
        self._again[ref] = datetime.now(UTC)

    def hasten_tried(self, batch_id: str) -> int:
        """Whatever waits again, its pause is over; how many rows that are."""
        tried = [ref for ref in self._again if ref.batch_id == batch_id]
        for ref in tried:
            self.hasten(ref)
        return len(tried)

    def lead(self, ref: RowRef, status: PayoutStatus, code: Code | None = None) -> None:
        """A payout's record leads its row along."""
        if self.rows[ref.batch_id][ref.line].state is not PAYOUT_ROWS[status]:
            self._end(ref, PAYOUT_ROWS[status], code)

    async def cancel_waiting(self, batch_id: str, most: int) -> int:
        if self.batches[batch_id].status is not BatchStatus.CANCELING:
            return 0
        waiting = list(self._lines(batch_id, RowState.WAITING))[:most]
        for line in waiting:
            self._end(RowRef(batch_id, line), RowState.CANCELED)
        return len(waiting)

    def is_under_way(self, ref: RowRef) -> bool:
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
        ref = RowRef(batch_id, line)
        names = (batch.kind, batch.partner_id, batch.trace)
        return RowOrder(ref, *names, row, self._since[ref], tries=self._tries[ref])

    def _end(self, ref: RowRef, state: RowState, code: Code | None = None) -> None:
        row = self.rows[ref.batch_id][ref.line]
        assert state in ROW_MOVES[row.state], f"{ref} is {row.state} for ever"
        ended_at = None if state in OPEN else datetime.now(UTC)
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
        known = BegunBill(begun.fee, begun.paid_at, begun.biller_reference)
        return replace(row, begun=known)

    def _payout(self, batch_id: str, line: int) -> bool:
        """Whether a payout of this row was begun."""
        return RowRef(batch_id, line) in self.begun_payouts

    def _lane(self, ref: RowRef) -> str:
        asked = self.rows[ref.batch_id][ref.line].row.asked
        return asked.ref.biller_id if isinstance(asked, BillRow) else asked.rail

    def _is_tried(self, ref: RowRef) -> bool:
        """Whether its try is still to come, or may still come to nothing."""
        state = self.rows[ref.batch_id][ref.line].state
        return state is RowState.WAITING or (
            state is RowState.DISPATCHED and self._age_s(ref) < TRY_S
        )
