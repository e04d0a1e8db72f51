"""The worker dies at every step of a payout and another takes over: one transfer, one entry."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import WorkflowEnvironment

from payments.domain import ids
from payments.domain.payout import PayoutOrder, PayoutStatus
from payments.domain.payout_legs import Plan, Source, Way, planned_legs
from payments.domain.rail import TransferAnswer
from tests.rail_fakes import DECLINED, LOST, PAID, RETURNED
from tests.workflows.lives import live_all
from tests.workflows.payout_desk import HELD, PayoutDesk, make_order
from tests.workflows.payout_worker_process import PayoutWorld, serve_payouts
from tests.workflows.worker_process import DIED, started

P = PayoutStatus
Tell = Callable[[PayoutDesk, PayoutOrder], Coroutine[Any, Any, None]]
OUT = {"partner_payable": 10_025, "provider_receivable": -10_000, "fee_income": -25}
FEE_ONLY = {"partner_payable": 25, "fee_income": -25}
# 40.00 back to a payment, which the refund has taken from what was set aside, and 60.00 beyond.
BACK = 4_000
BY_LEGS = {
    "partner_payable": 10_025,
    "payout_reserved": -BACK,
    "provider_receivable": BACK - 10_000,
    "fee_income": -25,
}


async def paid(desk: PayoutDesk, order: PayoutOrder) -> None:
    handle, _ = await desk.pay_out(order)
    await handle.result()


async def approved(desk: PayoutDesk, order: PayoutOrder) -> None:
    handle, _ = await desk.pay_out(replace(order, limits=HELD))
    for by in ("ann", "bob"):
        await desk.review(handle, by)
    await handle.result()


async def canceled(desk: PayoutDesk, order: PayoutOrder) -> None:
    handle, _ = await desk.pay_out(replace(order, limits=HELD))
    await desk.take_back(handle)
    await handle.result()


async def by_legs(desk: PayoutDesk, order: PayoutOrder) -> None:
    handle, _ = await desk.pay_out(order)
    await handle.result()


@dataclass(frozen=True, eq=False)
class Life:
    """One life of one payout, and where its first worker dies."""

    failpoint: str
    tell: Tell
    status: PayoutStatus
    books: dict[str, int]
    answers: tuple[TransferAnswer, ...] = (PAID,)
    # What the rail has of it, when it lost its answer.
    now: TransferAnswer | None = None

    def __str__(self) -> str:
        return f"{self.tell.__name__} {self.status} {self.failpoint}"


LIVES = [
    *(
        Life(point, paid, P.PAID, OUT)
        for point in (
            *("before begin", "after begin", "before opened_for", "before send", "after send"),
            *("before move", "after move"),
        )
    ),
    *(
        Life(point, paid, P.PAID, OUT, answers=(LOST,), now=PAID)
        for point in ("after suspend", "before inquire", "after inquire")
    ),
    *(Life(point, paid, P.FAILED, {}, answers=(DECLINED,)) for point in ("after send",)),
    Life("after move", paid, P.RETURNED, FEE_ONLY, answers=(RETURNED,)),
    *(Life(point, approved, P.PAID, OUT) for point in ("before review", "after review")),
    Life("after move", canceled, P.CANCELED, {}),
    *(
        Life(point, by_legs, P.PAID, BY_LEGS)
        for point in (
            *("after begin", "after move", "before reserve", "after reserve", "before refund"),
            *("after refund", "before settle", "after settle", "after send"),
            *("before conclude", "after conclude"),
        )
    ),
]


async def live(environment: WorkflowEnvironment, life: Life, file: Path) -> PayoutWorld:
    """What is left when it is over."""
    desk, world = PayoutDesk(environment), PayoutWorld(file)
    world.rail.answers.extend(life.answers)
    world.rail.now = life.now
    order = make_order()
    if life.tell is by_legs:
        source = Source((await world.earn()).payment_id, BACK, Way.REFUND, 1)
        plan = Plan((source,), order.amount.minor - BACK)
        world.payouts.plan = planned_legs(order, plan, P.QUEUED)
    world.keep()
    async with started(desk, file, life.failpoint, serve=serve_payouts) as first:
        telling = asyncio.create_task(life.tell(desk, order))
        assert await first.wait() == DIED
        async with started(desk, file, serve=serve_payouts):
            await telling
    return PayoutWorld(file)


@pytest.fixture(scope="module")
async def ends(
    environment: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[Life, PayoutWorld]:
    return await live_all(live, LIVES, environment, tmp_path_factory.mktemp("payout-worlds"))


@pytest.mark.parametrize("life", LIVES, ids=str)
async def test_a_death_anywhere_leaves_one_transfer_and_books_that_agree(
    ends: Mapping[Life, PayoutWorld], life: Life
) -> None:
    left = ends[life]

    payout_id, *parts = left.payouts.rows
    assert left.payouts.rows[payout_id].status is life.status
    assert left.payouts.balances() == life.books
    has_it = life.answers != (DECLINED,) and life.tell is not canceled
    assert left.rail.sent == (parts or [payout_id]) * has_it
    refund = f"refund {ids.leg_refund(payout_id, 1)} {BACK}"
    given = [each for each in left.north.effects if each.startswith("refund")]
    assert given == [refund] * (life.tell is by_legs)
