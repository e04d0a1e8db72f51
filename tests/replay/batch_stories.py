"""Every path through a row of a batch, and through the batch itself, for the replay corpus."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from temporalio.client import WorkflowHandle

from activities.dispatching import FIRST
from payments.domain.batch_row import BatchRow
from payments.domain.money import Money
from tests.fakes.billers import AMOUNT, Paying
from tests.workflows.batch_stage import BatchHandle, BatchStage, make_row, make_rows
from tests.workflows.engine import Desk, make_order
from workflows.batch import Batch

Story = Callable[[Desk], Awaitable[WorkflowHandle[Any, Any]]]


async def _row(desk: Desk, row: BatchRow) -> WorkflowHandle[Any, Any]:
    """The lock of one row, whose batch is at rest."""
    stage = BatchStage(desk)
    batch = await stage.create([row])
    order = await stage.take(batch)
    assert await stage.start(order) is None
    return stage.lock_of(row)


def row_paid(*script: Paying) -> Story:
    async def story(desk: Desk) -> WorkflowHandle[Any, Any]:
        desk.biller.script.extend(script)
        return await _row(desk, make_row(2))

    return story


async def row_refused_by_the_biller(desk: Desk) -> WorkflowHandle[Any, Any]:
    row = make_row(2)
    desk.biller.missing.add(row.bill.ref)
    return await _row(desk, row)


async def row_refused_for_silence(desk: Desk) -> WorkflowHandle[Any, Any]:
    desk.biller.unreachable = True
    return await _row(desk, make_row(2))


async def row_of_another_amount(desk: Desk) -> WorkflowHandle[Any, Any]:
    return await _row(desk, make_row(2, amount=Money(AMOUNT.minor - 1, "BDT")))


async def row_refused_by_the_record(desk: Desk) -> WorkflowHandle[Any, Any]:
    row = make_row(2)
    handle, _ = await desk.lock()
    stage = BatchStage(desk)
    batch = await stage.create([row])
    await desk.pay(handle, make_order(row.reference, transaction_id=row.object_id))
    order = await stage.take(batch)
    await stage.start(order)
    return stage.lock_of(row)


async def row_that_finds_a_lost_payment(desk: Desk) -> WorkflowHandle[Any, Any]:
    row, stage = make_row(2), BatchStage(desk)
    desk.biller.script.append(Paying.PENDING)
    batch = await stage.create([row])
    order = await stage.take(batch)
    await stage.start(order)
    await stage.until_tried(row, "billers.confirm")
    await stage.lock_of(row).terminate("the engine has lost it")
    desk.biller.decide(row.object_id)
    await stage.start(order)
    return stage.lock_of(row)


async def batch_finished(desk: Desk) -> WorkflowHandle[Any, Any]:
    stage = BatchStage(desk)
    return await stage.begin(await stage.create(make_rows(3)))


async def batch_in_new_runs(desk: Desk) -> WorkflowHandle[Any, Any]:
    stage = BatchStage(desk)
    handle = await stage.begin_in_steps(await stage.create(make_rows(21)), rows_at_once=1)
    await handle.result()
    return desk.client.get_workflow_handle(handle.id, run_id=handle.result_run_id)


async def _held(desk: Desk) -> tuple[BatchHandle, asyncio.Event]:
    """As many rows under way as there can be at first, and two that wait."""
    gate = desk.biller.gate = asyncio.Event()
    stage = BatchStage(desk)
    batch = await stage.create(make_rows(FIRST + 2))
    handle = await stage.begin(batch)
    await stage.until_tallied(batch, dispatched=FIRST, waiting=2)
    return handle, gate


async def batch_paused_and_resumed(desk: Desk) -> WorkflowHandle[Any, Any]:
    handle, gate = await _held(desk)
    await handle.execute_update(Batch.pause)
    gate.set()
    await BatchStage(desk).until_at_rest(handle)
    await handle.execute_update(Batch.resume)
    return handle


async def batch_canceled(desk: Desk) -> WorkflowHandle[Any, Any]:
    handle, gate = await _held(desk)
    await handle.execute_update(Batch.cancel)
    gate.set()
    return handle


BATCH_STORIES: Final[Mapping[str, Story]] = {
    "row_paid": row_paid(),
    "row_declined": row_paid(Paying.DECLINE),
    "row_paid_after_a_lost_answer": row_paid(Paying.LOSE_ANSWER),
    "row_paid_after_a_lost_request": row_paid(Paying.LOSE_REQUEST),
    "row_refused_by_the_biller": row_refused_by_the_biller,
    "row_refused_for_silence": row_refused_for_silence,
    "row_refused_by_the_record": row_refused_by_the_record,
    "row_of_another_amount": row_of_another_amount,
    "row_that_finds_a_lost_payment": row_that_finds_a_lost_payment,
    "batch_finished": batch_finished,
    "batch_in_new_runs": batch_in_new_runs,
    "batch_paused_and_resumed": batch_paused_and_resumed,
    "batch_canceled": batch_canceled,
}
