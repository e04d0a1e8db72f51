"""The worker dies at every step of a batch and another takes over: every row is done once."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from temporalio.testing import WorkflowEnvironment

from payments.domain.batch import BatchStatus
from payments.domain.batch_row import RowState
from payments.domain.bill import TransactionState
from tests.fakes.billers import Paying
from tests.workflows.batch_stage import BatchStage, make_rows
from tests.workflows.engine import Desk
from tests.workflows.lives import live_all
from tests.workflows.test_crashes import Workers
from tests.workflows.worker_process import World

DEATHS: Final = (
    *("before take", "after take", "after reap", "before refuse", "after refuse"),
    *("after hold", "after begin", "before pay", "after pay", "after suspend", "after settle"),
    *("before move", "after move"),
)
ROWS: Final = 12
# Of so many rows: the biller does not know the first, the second is paid already; of those that it
# is sent, one is declined and the answer to another is lost.
EXPECTED: Final = {RowState.PAID: ROWS - 3, RowState.DECLINED: 1, RowState.REFUSED: 2}


async def live(environment: WorkflowEnvironment, death: str, path: Path) -> World:
    desk = Desk(environment)
    world = World(path)
    stage = BatchStage(desk)
    desk.batches = world.batches
    batch = await stage.create(make_rows(ROWS))
    first, second = (each.row for each in (await stage.results(batch))[:2])
    world.biller.missing.add(first.bill.ref)
    world.biller.pay_elsewhere(second.bill.ref)
    world.biller.script.extend((Paying.DECLINE, Paying.LOSE_ANSWER))
    world.keep()
    async with Workers(desk, path).one_after_another(death):
        # Workers begin what is unfinished by themselves.
        handle = await stage.begin(batch)
        assert await handle.result() is BatchStatus.FINISHED
    return World(path)


@pytest.fixture(scope="module")
async def worlds(
    environment: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, World]:
    return await live_all(live, DEATHS, environment, tmp_path_factory.mktemp("batches"))


@pytest.mark.parametrize("death", DEATHS)
def test_every_row_is_done_once_whenever_the_worker_dies(
    death: str, worlds: Mapping[str, World]
) -> None:
    world = worlds[death]
    [rows] = world.batches.rows.values()

    assert Counter(row.state for row in rows.values()) == EXPECTED
    effects = Counter(world.biller.effects)
    assert set(effects.values()) == {1}
    paid = {row.row.object_id for row in rows.values() if row.state is RowState.PAID}
    assert effects.keys() == paid
    recorded = world.transactions.rows.values()
    assert {row.transaction_id for row in recorded if row.state is TransactionState.PAID} == paid
    assert len(recorded) == ROWS - 2
    postings = Counter(key.split(":")[0] for key in world.transactions.ledger.postings)
    assert postings["paid"] == len(paid)
    assert len(world.batches.events) == 1
