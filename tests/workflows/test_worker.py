"""worker.py as a process: ready, stopped, stopped in mid-payment, and how it ends."""

import asyncio
from functools import partial
from pathlib import Path

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment

from payments.domain import ids
from payments.domain.bill import TransactionState
from tests.patience import until
from tests.workflows.engine import Desk, make_request
from tests.workflows.worker_process import World, started

SLOW_S = 3.0
FAILS_WITHIN_S = 120


@pytest.fixture
def desk(environment: WorkflowEnvironment) -> Desk:
    """Without the worker of the other tests: here it is a process of its own."""
    return Desk(environment)


async def test_a_worker_says_when_it_is_ready_and_ends_cleanly(desk: Desk, tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    async with started(desk, tmp_path / "world", QUITTANCE_READY_FILE=str(ready)) as worker:
        # Another process writes it, so there is nothing to wait on but the file itself.
        await until(partial(asyncio.to_thread, ready.exists), 60, "it is not ready")
        watch = await desk.client.get_workflow_handle(ids.LOST_WATCH).describe()

        worker.terminate()

        assert await worker.wait() == 0
        assert not ready.exists()
    assert watch.status is WorkflowExecutionStatus.RUNNING


async def test_a_payment_under_way_ends_before_its_worker_does(desk: Desk, tmp_path: Path) -> None:
    world = World(tmp_path / "world")
    world.biller.slow_s = SLOW_S
    world.keep()
    async with started(desk, world.path) as leaving:
        handle, _ = await desk.lock(make_request())
        paying = asyncio.create_task(desk.pay(handle))
        await desk.until_tried(handle, "billers.pay")

        leaving.terminate()

        assert await leaving.wait() == 0
    async with started(desk, world.path):
        answer = await paying
    assert answer.transaction is not None
    assert answer.transaction.state is TransactionState.PAID
    calls = World(world.path).biller.calls
    assert [call.split()[0] for call in calls] == ["hold", "pay"]


async def test_a_worker_without_temporal_fails_and_says_so(desk: Desk, tmp_path: Path) -> None:
    async with started(desk, tmp_path / "world", TEMPORAL_ADDRESS="127.0.0.1:1") as nowhere:
        assert await asyncio.wait_for(nowhere.wait(), FAILS_WITHIN_S) == 1
