"""Old histories replay with today's code, from their end and from every point of a crash."""

from collections.abc import AsyncIterator, Iterable, Sequence
from functools import cache
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, WorkflowRunner

from payments.temporal import DATA_CONVERTER, UNGUARDED
from tests.guarded import GUARDED
from tests.replay.fingerprint import differences, fingerprint
from tests.replay.record import HERE, STORIES, fingerprints, tell
from worker import WORKFLOWS

HISTORIES = sorted((HERE / "histories").glob("*/*.json"))
TASK_STARTED = EventType.EVENT_TYPE_WORKFLOW_TASK_STARTED


@cache
def history_of(path: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(path.stem, path.read_text(encoding="utf-8"))


def replayer(runner: WorkflowRunner) -> Replayer:
    return Replayer(
        workflows=WORKFLOWS,
        data_converter=DATA_CONVERTER,
        workflow_runner=runner,
        build_id="replay",
    )


async def whole_and_broken_off(history: WorkflowHistory) -> AsyncIterator[WorkflowHistory]:
    """And what the next worker finds when the one before died in each of the workflow's tasks."""
    yield history
    for end, event in enumerate(history.events, start=1):
        if event.event_type == TASK_STARTED:
            yield WorkflowHistory(history.workflow_id, history.events[:end])


@pytest.mark.parametrize("path", HISTORIES, ids=lambda path: f"{path.parent.name}-{path.stem}")
async def test_an_old_history_replays_from_its_end_and_from_every_crash(path: Path) -> None:
    history = history_of(path)

    await replayer(GUARDED).replay_workflow(history)
    # One worker for all of them: starting one costs more than replaying.
    await replayer(UNGUARDED).replay_workflows(whole_and_broken_off(history))


def test_every_story_has_a_history_and_a_fingerprint() -> None:
    told = {path.stem for path in HISTORIES}

    assert STORIES.keys() <= told
    assert STORIES.keys() == fingerprints().keys()


async def test_a_workflow_decides_in_the_order_that_is_written_down(
    environment: WorkflowEnvironment,
) -> None:
    """Changed on purpose? Put it behind workflow.patched, then `python -m tests.replay.record`.

    A workflow that asks by itself may do so before its story tells it, where many are told at once
    on a slow machine; told alone, a story differs only where the code does.
    """
    written = fingerprints()
    now = await orders(environment, STORIES)
    for name in [name for name in STORIES if now[name] != written[name]]:
        now |= await orders(environment, [name])

    assert differences(now, written) == []


async def orders(
    environment: WorkflowEnvironment, names: Iterable[str]
) -> dict[str, Sequence[str]]:
    histories = await tell(environment, names)
    return {name: fingerprint(history) for name, history in histories.items()}
