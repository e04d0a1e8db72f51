"""Old histories replay with today's code, from their end and from every point of a crash.

So the order that is written down for a story is the order in which today's code decides it: the
replay of its newest history says so, and no machine is too slow for that.
"""

import re
from collections.abc import AsyncIterator, Iterable, Sequence
from functools import cache
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, WorkflowRunner

import workflows
from payments.temporal import DATA_CONVERTER, UNGUARDED
from tests.guarded import GUARDED
from tests.replay.fingerprint import differences, fingerprint
from tests.replay.record import HERE, STORIES, fingerprints, tell
from workflows.registered import WORKFLOWS

HISTORIES = sorted((HERE / "histories").glob("*/*.json"))
# The last folder that has it counts.
NEWEST = {path.stem: path for path in HISTORIES}
CODE = sorted(Path(workflows.__path__[0]).glob("*.py"))
PATCHED = re.compile(r"workflow\.patched\(\s*[\"']([^\"']+)")
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


def test_the_newest_histories_decide_in_the_order_that_is_written_down() -> None:
    """Changed on purpose? Put it behind workflow.patched, then `python -m tests.replay.record`."""
    now = {name: fingerprint(history_of(NEWEST[name])) for name in STORIES}

    assert differences(now, fingerprints()) == []


def test_no_patch_is_hidden_from_the_histories() -> None:
    """A replay goes the way of before a patch, unless its history was told after it."""
    in_code = {name for file in CODE for name in PATCHED.findall(file.read_text(encoding="utf-8"))}
    seen = {line for path in NEWEST.values() for line in fingerprint(history_of(path))}

    assert {f"patched {name}" for name in in_code} <= seen


async def test_one_story_of_each_workflow_is_told_as_it_was(
    environment: WorkflowEnvironment,
) -> None:
    """A workflow that asks by itself may do so before its story tells it, where many are told at
    once on a slow machine; told alone, a story differs only where the code does.
    """
    of_each: dict[str, str] = {}
    for name in sorted(STORIES):
        of_each.setdefault(workflow_of(history_of(NEWEST[name])), name)
    written = {name: each for name, each in fingerprints().items() if name in of_each.values()}

    now = await orders(environment, written)
    for name in [name for name in written if now[name] != written[name]]:
        now |= await orders(environment, [name])

    assert differences(now, written) == []


def workflow_of(history: WorkflowHistory) -> str:
    return history.events[0].workflow_execution_started_event_attributes.workflow_type.name


async def orders(
    environment: WorkflowEnvironment, names: Iterable[str]
) -> dict[str, Sequence[str]]:
    histories = await tell(environment, names)
    return {name: fingerprint(history) for name, history in histories.items()}
