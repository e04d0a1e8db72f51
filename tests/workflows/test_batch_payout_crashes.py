"""The worker dies at every step of a batch of payouts: every row is handed to its rail once."""

from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from temporalio.testing import WorkflowEnvironment

from payments.domain.batch import BatchStatus
from payments.domain.batch_row import BatchKind, RowState
from payments.domain.payout import PayoutStatus
from tests.rail_fakes import LOST, PAID
from tests.workflows.batch_stage import BatchStage, make_payout_row
from tests.workflows.lives import live_all
from tests.workflows.payout_desk import PayoutDesk
from tests.workflows.payout_worker_process import PayoutWorld, serve_payouts
from tests.workflows.worker_process import DIED, started

# Of the record of batches, of that of payouts, and of the rail.
DEATHS: Final = (
    *("before take", "after take", "after reap", "before refuse", "after refuse"),
    *("before begin", "after begin", "before send", "after send", "after suspend"),
    *("before move", "after move"),
)
ROWS: Final = 6
# A rail that is not plugged in, a day after the batch was sent.
LONG_AGO: Final = datetime(2026, 4, 30, tzinfo=UTC)
EXPECTED: Final = {RowState.PAID: ROWS - 1, RowState.REFUSED: 1}


async def live(environment: WorkflowEnvironment, death: str, path: Path) -> PayoutWorld:
    desk, world = PayoutDesk(environment), PayoutWorld(path)
    world.rail.answers.extend([LOST, *[PAID] * ROWS])
    world.rail.now = PAID
    desk.batches = world.batches
    rows = [make_payout_row(line) for line in range(2, ROWS + 1)]
    rows.append(make_payout_row(ROWS + 1, rail="PUSH"))
    stage = BatchStage(desk)
    batch = await stage.create(rows, kind=BatchKind.PAYOUTS, created_at=LONG_AGO)
    world.keep()
    async with started(desk, path, death, serve=serve_payouts) as first:
        # Workers begin what is unfinished by themselves.
        handle = await stage.begin(batch)
        assert await first.wait() == DIED
        async with started(desk, path, serve=serve_payouts):
            assert await handle.result() is BatchStatus.FINISHED
    return PayoutWorld(path)


@pytest.fixture(scope="module")
async def worlds(
    environment: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, PayoutWorld]:
    return await live_all(live, DEATHS, environment, tmp_path_factory.mktemp("batches-of-payouts"))


@pytest.mark.parametrize("death", DEATHS)
def test_every_row_is_paid_out_once_whenever_the_worker_dies(
    death: str, worlds: Mapping[str, PayoutWorld]
) -> None:
    world = worlds[death]
    [rows] = world.batches.rows.values()

    assert Counter(row.state for row in rows.values()) == EXPECTED
    paid = {row.row.object_id for row in rows.values() if row.state is RowState.PAID}
    assert Counter(world.rail.sent) == dict.fromkeys(paid, 1)
    assert {row.status for row in world.payouts.rows.values()} == {PayoutStatus.PAID}
    assert world.payouts.rows.keys() == paid
    assert world.payouts.balances() == {
        "partner_payable": len(paid) * 1_025,
        "provider_receivable": -len(paid) * 1_000,
        "fee_income": -len(paid) * 25,
    }
    assert len(world.batches.events) == 1
