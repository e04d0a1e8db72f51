"""A batch of bills before the engine: the record and the biller are fakes, all else is real."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from typing import Any
from uuid import uuid4

from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from payments.domain import ids
from payments.domain.batch import Batch, BatchOrder, BatchStatus, NewBatch, Tally
from payments.domain.batch_row import (
    BatchKind,
    BatchRow,
    BillRow,
    PayoutRow,
    RowOrder,
    RowResult,
    RowState,
)
from payments.domain.bill import Agreement, BillRef, LockState
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.payout_terms import PayoutLimits
from tests.contracts.factories import NOW
from tests.fakes.billers import AMOUNT
from tests.patience import until
from tests.workflows.engine import Desk
from workflows.batch import Batch as BatchWorkflow
from workflows.batch import begin
from workflows.bill_lock import BillLock
from workflows.row_kinds import start_rows

BatchHandle = WorkflowHandle[BatchWorkflow, BatchStatus]
ALL = 100_000
# By the wall clock; no test skips so far.
LATER = datetime.now(UTC) + timedelta(days=1)
# Apart from those of engine.py: one engine has the locks of all tests.
_bill_numbers = count(5_000_000_000)


def make_rows(how_many: int) -> tuple[BatchRow, ...]:
    return tuple(make_row(line) for line in range(2, how_many + 2))


def make_row(line: int, **changes: Any) -> BatchRow:
    reference = f"order-{uuid4()}"
    given = {
        "line": line,
        "reference": reference,
        "object_id": ids.transaction_id("partner_1", reference, NOW),
        "amount": AMOUNT,
        "asked": BillRow(BillRef("DESCO", str(next(_bill_numbers)), "2026-04"), Agreement(100, 10)),
        **changes,
    }
    return BatchRow(**given)


def make_payout_row(line: int, **changes: Any) -> BatchRow:
    """To a destination that no fake asks after."""
    reference = f"payout-{uuid4()}"
    asked = PayoutRow(
        destination_id="dst_1",
        rail="GIRO",
        fee=Money(25, "USD"),
        limits=PayoutLimits(),
        content=uuid4().hex,
    )
    object_id = ids.payout_id("partner_1", reference)
    return BatchRow(line, reference, object_id, Money(1_000, "USD"), replace(asked, **changes))


@dataclass
class BatchStage:
    desk: Desk

    async def create(self, rows: Sequence[BatchRow], **changes: Any) -> Batch:
        reference = f"april-{uuid4()}"
        new = NewBatch(
            batch_id=ids.batch_id("partner_1", reference),
            partner_id="partner_1",
            kind=BatchKind.BILL_PAYMENTS,
            reference=reference,
            digest=reference.encode(),
            trace=f"partner_1.{uuid4()}",
            created_at=NOW,
            rows=tuple(rows),
        )
        return await self.desk.batches.create(replace(new, **changes))

    async def begin(self, batch: Batch) -> BatchHandle:
        await begin(self.desk.client, self.desk.task_queue, batch)
        return self.handle(batch.batch_id)

    async def take(self, batch: Batch) -> RowOrder:
        """Its only row, without its batch."""
        [order] = await self.desk.batches.take(batch.batch_id, 0, 1)
        return order

    async def start(self, order: RowOrder, begin_by: datetime = LATER) -> Code | None:
        start = start_rows(self.desk.payouts().rails)[order.kind]
        return await start(self.desk.client, self.desk.task_queue, order, begin_by)

    async def begin_in_steps(self, batch: Batch, rows_at_once: int) -> BatchHandle:
        return await self.desk.client.start_workflow(
            BatchWorkflow.run,
            BatchOrder(batch.batch_id, rows_at_once),
            id=ids.batch(batch.batch_id),
            task_queue=self.desk.task_queue,
        )

    def handle(self, batch_id: str) -> BatchHandle:
        return self.desk.client.get_workflow_handle_for(BatchWorkflow.run, ids.batch(batch_id))

    async def results(self, batch: Batch) -> Sequence[RowResult]:
        return await self.desk.batches.results(batch.batch_id, 0, ALL)

    async def states(self, batch: Batch) -> list[RowState]:
        return [each.state for each in await self.results(batch)]

    def lock_of(self, row: BatchRow) -> WorkflowHandle[BillLock, LockState]:
        workflow_id = ids.bill_lock(row.bill.ref)
        return self.desk.client.get_workflow_handle_for(BillLock.run, workflow_id)

    async def until_tried(self, row: BatchRow, step: str, attempts: int = 1) -> None:
        """Until the row's workflow is there, and this step of it is under way."""

        lock = self.lock_of(row)
        await until(partial(_is_there, lock), 30, "the row was never started")
        await self.desk.until_tried(lock, step, attempts)

    async def until_begun(self, batch: Batch) -> BatchHandle:
        """Until some worker has begun it by itself."""
        handle = self.handle(batch.batch_id)
        await until(partial(_is_there, handle), 60, "nobody begins the batch")
        return handle

    async def until_sent(self, row: BatchRow) -> None:
        """Until the biller has the row's payment."""

        async def has_it() -> bool:
            return f"pay {row.object_id}" in self.desk.biller.calls

        await until(has_it, 30, "the row was never sent")

    async def until_at_rest(self, handle: BatchHandle) -> None:
        """Until nobody is at work on it."""

        async def is_at_rest() -> bool:
            return not (await handle.describe()).raw_description.pending_activities

        await until(is_at_rest, 60, "the batch does not come to rest")

    async def until_tallied(self, batch: Batch, **counts: int) -> None:
        async def tallied() -> bool:
            return await self.desk.batches.tally(batch.batch_id) == Tally(**counts)

        await until(tallied, 60, f"the rows never become {counts}")


async def _is_there(handle: WorkflowHandle[Any, Any]) -> bool:
    try:
        await handle.describe()
    except RPCError:
        return False
    return True
