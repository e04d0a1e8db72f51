"""What a lock and its payment cost the engine: events are written, tasks are round trips."""

from collections import Counter

from temporalio.api.enums.v1 import EventType

from tests.workflows.batch_stage import BatchStage, make_row
from tests.workflows.engine import Desk

MOST_EVENTS = 24
MOST_TASKS = 3
MOST_BYTES = 8 * 1024
MOST_EVENTS_OF_A_ROW = 9
MOST_TASKS_OF_A_ROW = 1


async def test_a_lock_and_its_payment_stay_within_their_budget(desk: Desk) -> None:
    handle, _ = await desk.lock()
    await desk.pay(handle)
    await handle.result()

    history = await handle.fetch_history()
    described = await handle.describe()

    kinds = Counter(EventType.Name(event.event_type)[11:] for event in history.events)
    assert len(history.events) <= MOST_EVENTS, kinds
    assert kinds["WORKFLOW_TASK_COMPLETED"] <= MOST_TASKS
    assert kinds["ACTIVITY_TASK_SCHEDULED"] == 1
    size = described.raw_description.workflow_execution_info.history_size_bytes
    assert size <= MOST_BYTES


async def test_a_row_of_a_batch_costs_less_than_a_lock_and_its_payment(desk: Desk) -> None:
    stage = BatchStage(desk)
    row = make_row(2)
    await (await stage.begin(await stage.create([row]))).result()
    await stage.lock_of(row).result()

    history = await stage.lock_of(row).fetch_history()

    kinds = Counter(EventType.Name(event.event_type)[11:] for event in history.events)
    assert len(history.events) <= MOST_EVENTS_OF_A_ROW, kinds
    assert kinds["WORKFLOW_TASK_COMPLETED"] <= MOST_TASKS_OF_A_ROW
    assert kinds["ACTIVITY_TASK_SCHEDULED"] == 0


async def test_taking_a_lock_is_one_task(desk: Desk) -> None:
    handle, _ = await desk.lock()

    history = await handle.fetch_history()

    kinds = Counter(EventType.Name(event.event_type)[11:] for event in history.events)
    assert kinds["WORKFLOW_TASK_COMPLETED"] == 1
    assert kinds["TIMER_STARTED"] == 1
