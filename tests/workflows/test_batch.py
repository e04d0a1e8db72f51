"""The life of a batch: its window, its new runs, and what its partner can do to it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus

from activities import dispatching
from activities.dispatching import FIRST, MOST, Window
from payments.domain.batch import Batch as BatchRecord
from payments.domain.batch import BatchMove, BatchStatus, Tally
from payments.domain.batch_row import RowState
from payments.ports.batches import Left
from tests.fakes.billers import Paying
from tests.patience import until
from tests.workflows.batch_stage import BatchStage, make_row, make_rows
from tests.workflows.engine import Desk
from workflows.batch import Batch, begin, begin_unfinished

# Whatever asks by itself has asked by then.
LONG = timedelta(minutes=2)


@pytest.fixture
def stage(desk: Desk) -> BatchStage:
    return BatchStage(desk)


def held(stage: BatchStage) -> asyncio.Event:
    """Payments wait at the biller until this is set."""
    stage.desk.biller.gate = asyncio.Event()
    return stage.desk.biller.gate


async def test_every_row_of_a_batch_is_paid_once(stage: BatchStage) -> None:
    rows = make_rows(40)
    batch = await stage.create(rows)

    handle = await stage.begin(batch)

    assert await handle.result() is BatchStatus.FINISHED
    assert await stage.desk.batches.tally(batch.batch_id) == Tally(paid=40)
    assert sorted(stage.desk.biller.effects) == sorted(row.object_id for row in rows)
    assert stage.desk.batches.events == [(batch.batch_id, BatchStatus.FINISHED)]


async def test_rows_are_under_way_a_window_at_a_time(stage: BatchStage) -> None:
    gate = held(stage)
    batch = await stage.create(make_rows(30))
    await stage.begin(batch)

    await stage.until_tallied(batch, dispatched=FIRST, waiting=30 - FIRST)
    gate.set()

    await stage.until_tallied(batch, paid=30)


async def test_a_long_batch_goes_on_in_new_runs(stage: BatchStage) -> None:
    batch = await stage.create(make_rows(25))

    handle = await stage.begin_in_steps(batch, rows_at_once=1)

    assert await handle.result() is BatchStatus.FINISHED
    first = stage.desk.client.get_workflow_handle(handle.id, run_id=handle.result_run_id)
    assert (await first.describe()).status is WorkflowExecutionStatus.CONTINUED_AS_NEW
    assert await stage.desk.batches.tally(batch.batch_id) == Tally(paid=25)


async def test_a_paused_batch_lets_end_what_is_under_way_and_goes_on_later(
    stage: BatchStage,
) -> None:
    gate = held(stage)
    batch = await stage.create(make_rows(20))
    handle = await stage.begin(batch)
    await stage.until_tallied(batch, dispatched=FIRST, waiting=20 - FIRST)

    paused = await handle.execute_update(Batch.pause)
    gate.set()
    await stage.until_tallied(batch, paid=FIRST, waiting=20 - FIRST)

    assert (paused.status, paused.is_moved) == (BatchStatus.PAUSED, True)
    resumed = await handle.execute_update(Batch.resume)
    assert (resumed.status, resumed.is_moved) == (BatchStatus.RUNNING, True)
    assert await handle.result() is BatchStatus.FINISHED
    assert [status for _, status in stage.desk.batches.events] == [
        BatchStatus.PAUSED,
        BatchStatus.RUNNING,
        BatchStatus.FINISHED,
    ]


async def test_a_pause_that_is_resumed_at_once_stops_nothing(stage: BatchStage) -> None:
    gate = held(stage)
    batch = await stage.create(make_rows(20))
    handle = await stage.begin(batch)

    await asyncio.gather(handle.execute_update(Batch.pause), handle.execute_update(Batch.resume))
    await handle.execute_update(Batch.resume)
    gate.set()

    assert await handle.result() is BatchStatus.FINISHED


async def test_a_canceled_batch_ends_when_what_is_under_way_has(stage: BatchStage) -> None:
    gate = held(stage)
    batch = await stage.create(make_rows(20))
    handle = await stage.begin(batch)
    await stage.until_tallied(batch, dispatched=FIRST, waiting=20 - FIRST)

    canceling = await handle.execute_update(Batch.cancel)
    await stage.until_tallied(batch, dispatched=FIRST, canceled=20 - FIRST)
    gate.set()

    assert canceling.status is BatchStatus.CANCELING
    assert await handle.result() is BatchStatus.CANCELED
    assert await stage.desk.batches.tally(batch.batch_id) == Tally(paid=FIRST, canceled=20 - FIRST)
    assert stage.desk.batches.events == [(batch.batch_id, BatchStatus.CANCELED)]


async def test_a_paused_batch_can_be_canceled(stage: BatchStage) -> None:
    batch = await stage.create(make_rows(3))
    await stage.desk.batches.move(BatchMove(batch.batch_id, BatchStatus.PAUSED))
    handle = await stage.begin(batch)

    await handle.execute_update(Batch.cancel)

    assert await handle.result() is BatchStatus.CANCELED
    assert await stage.desk.batches.tally(batch.batch_id) == Tally(canceled=3)


async def test_a_batch_that_is_being_canceled_is_not_resumed(stage: BatchStage) -> None:
    gate = held(stage)
    batch = await stage.create(make_rows(10))
    handle = await stage.begin(batch)
    await stage.until_tallied(batch, dispatched=FIRST, waiting=10 - FIRST)
    await handle.execute_update(Batch.cancel)

    answer = await handle.execute_update(Batch.resume)

    assert (answer.status, answer.is_moved) == (BatchStatus.CANCELING, False)
    gate.set()
    assert await handle.result() is BatchStatus.CANCELED


async def test_one_row_whose_end_is_not_known_holds_up_no_other(stage: BatchStage) -> None:
    stage.desk.biller.script.append(Paying.PENDING)
    batch = await stage.create(make_rows(20))
    handle = await stage.begin(batch)

    await stage.until_tallied(batch, dispatched=1, paid=19)
    [stuck] = await stage.desk.batches.results(batch.batch_id, 0, 20, RowState.DISPATCHED)
    stage.desk.biller.decide(stuck.row.object_id)
    await stage.desk.skip(stage.lock_of(stuck.row), LONG)

    assert await handle.result() is BatchStatus.FINISHED


async def test_rows_that_take_long_keep_no_other_waiting(stage: BatchStage) -> None:
    gate, rows = held(stage), FIRST + 8
    stage.desk.batches.taken_ago = timedelta(minutes=1)
    batch = await stage.create(make_rows(rows))
    handle = await stage.begin(batch)

    await stage.until_tallied(batch, dispatched=rows)

    gate.set()
    assert await handle.result() is BatchStatus.FINISHED


async def test_a_row_that_was_taken_and_never_started_is_started(stage: BatchStage) -> None:
    stage.desk.batches.taken_ago = timedelta(seconds=10)
    batch = await stage.create([make_row(2), make_row(3)])
    await stage.desk.batches.take(batch.batch_id, 0, 1)

    handle = await stage.begin(batch)

    assert await handle.result() is BatchStatus.FINISHED
    assert await stage.states(batch) == [RowState.PAID, RowState.PAID]


async def test_a_silent_biller_is_tried_again_and_its_rows_are_paid_when_it_is_back(
    stage: BatchStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The bill's last workflow may still be giving back what was perhaps held.
    monkeypatch.setattr(dispatching, "OVERDUE_S", 1.0)
    stage.desk.biller.unreachable = True
    batch = await stage.create(make_rows(FIRST + 4), created_at=datetime.now(UTC))
    handle = await stage.begin(batch)
    await until(lambda: _is_tried(stage, batch), 60, "nobody is tried again")

    stage.desk.biller.unreachable = False
    assert stage.desk.batches.hasten_tried(batch.batch_id) == FIRST

    assert await handle.result() is BatchStatus.FINISHED
    assert await stage.desk.batches.tally(batch.batch_id) == Tally(paid=FIRST + 4)


async def _is_tried(stage: BatchStage, batch: BatchRecord) -> bool:
    """What was begun before it was known to be silent has come to nothing, and no other row."""
    tally = await stage.desk.batches.tally(batch.batch_id)
    return bool(stage.desk.biller.calls) and tally == Tally(waiting=FIRST + 4)


async def test_begun_twice_it_is_one(stage: BatchStage) -> None:
    batch = await stage.create(make_rows(10))

    for _ in range(3):
        await begin(stage.desk.client, stage.desk.task_queue, batch)

    assert await stage.handle(batch.batch_id).result() is BatchStatus.FINISHED
    assert len(stage.desk.biller.effects) == 10


async def test_what_nobody_has_begun_a_worker_begins(stage: BatchStage) -> None:
    batch = await stage.create(make_rows(2))

    await begin_unfinished(stage.desk.client, stage.desk.task_queue, stage.desk.batches)

    assert await stage.handle(batch.batch_id).result() is BatchStatus.FINISHED


# The window


def ends(window: Window, after_s: float, *others: float) -> None:
    count = max(window.size, 4) - len(others)
    window.learn([Left(line, each) for line, each in enumerate([after_s] * count + [*others])])


def test_the_window_opens_while_no_row_waits_for_another_and_never_too_far() -> None:
    window = Window()

    for _ in range(200):
        ends(window, 0.05)

    assert window.size == MOST


def test_rows_that_share_what_there_is_settle_at_the_few_that_fill_it() -> None:
    """As in a closed loop: whatever is more than the engine does at once only waits."""
    window = Window()

    for _ in range(200):
        ends(window, max(0.1, window.size * 0.02))

    assert 4 <= window.size <= 6


def test_the_window_closes_when_others_come() -> None:
    window = Window()
    for _ in range(10):
        ends(window, 0.1)
    wide = window.size

    for _ in range(20):
        ends(window, 1.0)

    assert wide == FIRST + 10
    assert window.size <= 2


def test_a_biller_that_is_slow_by_itself_does_not_close_it() -> None:
    window = Window()

    for _ in range(200):
        ends(window, 2.0)

    assert window.size == MOST


def test_one_slow_row_says_nothing() -> None:
    window = Window()

    ends(window, 0.05, 30.0)

    assert window.size == FIRST + 1
