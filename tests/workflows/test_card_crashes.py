"""The worker dies at every step of a card payment and another takes over: one effect, one entry."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from payments.domain.card import Decline
from payments.domain.payment import Attempt, PaymentOrder, PaymentStatus
from tests.provider_script import HARD, SOFT, How
from tests.workflows.card_desk import CardDesk, first, make_bank_order, make_order, make_refund
from tests.workflows.card_worker_process import CardWorld, serve_cards
from tests.workflows.lives import live_all
from tests.workflows.worker_process import DIED, WorkerProcess, started

Tell = Callable[[CardDesk, PaymentOrder], Awaitable[None]]


async def sale(desk: CardDesk, order: PaymentOrder) -> None:
    handle, _ = await desk.charge(order)
    await handle.result()


async def captured_in_parts(desk: CardDesk, order: PaymentOrder) -> None:
    handle, _ = await desk.charge(order)
    await desk.capture(handle, 4_000, key="cap_a")
    await desk.capture(handle, key="cap_b")
    await handle.result()


async def canceled(desk: CardDesk, order: PaymentOrder) -> None:
    handle, _ = await desk.charge(order)
    await desk.cancel(handle)
    await handle.result()


async def challenged(desk: CardDesk, order: PaymentOrder) -> None:
    handle, payment = await desk.charge(order)
    # Found passed, when it is the lost answer that asked for it.
    if payment.status is PaymentStatus.REQUIRES_ACTION:
        await desk.confirm(handle)
    await handle.result()


async def refunded(desk: CardDesk, order: PaymentOrder) -> None:
    _, payment = await desk.charge(order)
    refund = make_refund(payment, 4_000, refund_id=f"re_{order.payment_id}")
    handle, _ = await desk.refund(refund)
    await handle.result()


async def reversed_late(desk: CardDesk, order: PaymentOrder) -> None:
    await desk.charge(order)
    await desk.reverse(Attempt(order, 1, "NORTH"))
    await desk.reversal_of(first(order))


@dataclass(frozen=True)
class Life:
    """One life of one payment, and where its first worker dies. `{p}` is the payment's id."""

    failpoint: str
    tell: Tell
    effects: tuple[str, ...]
    script: tuple[How | Decline, ...] = ()
    capture: bool = True
    relents: bool = False
    at_a_bank: bool = False
    # Instead of a card: what is ordered, and whether its money comes after the end.
    make: Callable[[], PaymentOrder] | None = None
    is_paid_late: bool = False
    # How long the customer has at the bank's or issuer's page.
    lasts: timedelta = timedelta(minutes=15)

    def __str__(self) -> str:
        how = "-".join(getattr(each, "name", "decline") for each in self.script)
        return f"{self.tell.__name__} {how.lower()} {self.failpoint}"


TAKEN = ("take {p}-1 10000",)
IN_PARTS = ("reserve {p}-1 10000", "capture cap_a 4000", "capture cap_b 6000")
THERE_AND_BACK = (*TAKEN, "refund {p}-1-back 10000")
VOIDED = ("reserve {p}-1 10000", "void {p}-1")
LIVES = [
    *(
        Life(point, sale, TAKEN)
        for point in ("after begin", "before authorize", "after authorize", "after move")
    ),
    *(
        Life(point, sale, TAKEN, script=(How.LOSE_ANSWER,))
        for point in ("after suspend", "after inquire")
    ),
    Life("after attempted", sale, ("take {p}-2 10000",), script=(SOFT,)),
    *(
        Life(point, captured_in_parts, IN_PARTS, capture=False)
        for point in ("before capture", "after capture", "after move")
    ),
    Life("after void", canceled, VOIDED, capture=False),
    *(
        Life(point, challenged, TAKEN, script=(How.CHALLENGE,), relents=True)
        for point in ("after authorize", "after move", "after inquire")
    ),
    *(
        Life(point, refunded, (*TAKEN, "refund re_{p} 4000"))
        for point in ("after reserve", "before refund", "after refund", "after settle")
    ),
    *(
        Life(
            point, reversed_late, (*TAKEN, "refund {p}-1-back 10000"), script=(HARD,), relents=True
        )
        for point in ("after named", "after late", "after refund", "after reversed")
    ),
]


@asynccontextmanager
async def one_after_another(desk: CardDesk, world: Path, failpoint: str) -> AsyncIterator[None]:
    """The first worker dies at the failpoint, the next works on and is stopped at the end."""
    async with (
        started(desk, world, failpoint, serve=serve_cards) as dying,
        AsyncExitStack() as later,
    ):

        async def succeed() -> WorkerProcess:
            assert await dying.wait() == DIED
            return await later.enter_async_context(started(desk, world, serve=serve_cards))

        async with asyncio.TaskGroup() as group:
            succession = group.create_task(succeed())
            yield
            second = await succession
            second.terminate()
            assert await second.wait() == 0


async def live(environment: WorkflowEnvironment, life: Life, path: Path) -> CardDesk:
    """What is left when it is over."""
    desk, world = CardDesk(environment), CardWorld(path)
    world.north.takes(*life.script)
    world.north.relents = life.relents
    world.north.is_paid_late = life.is_paid_late
    world.north.challenge_lasts = life.lasts
    world.keep()
    order = make_bank_order() if life.at_a_bank else make_order(capture=life.capture)
    if life.make is not None:
        order = life.make()
    async with one_after_another(desk, path, life.failpoint):
        await life.tell(desk, order)
    left = CardWorld(path)
    desk.north, desk.south = left.north, left.south
    desk.payments, desk.refunds, desk.cases = left.payments, left.refunds, left.cases
    return desk


@pytest.fixture(scope="module")
async def ends(
    environment: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[Life, CardDesk]:
    return await live_all(live, LIVES, environment, tmp_path_factory.mktemp("card-worlds"))


def assert_each_effect_is_there_once_and_the_books_are_right(end: CardDesk, life: Life) -> None:
    ((payment_id, row),) = end.payments.rows.items()

    effects = [*end.north.effects, *end.south.effects]
    moved = sum(
        int(effect.split()[2]) * (-1 if effect.startswith("refund") else 1)
        for effect in effects
        if effect.split()[0] in ("take", "capture", "refund")
    )

    assert effects == [effect.format(p=payment_id) for effect in life.effects]
    assert end.balance().get("provider_receivable", 0) == moved
    assert "suspense" not in end.balance()
    assert "authorized" not in end.balance()
    kept = row.captured_minor - row.refunded_minor
    assert kept == moved


@pytest.mark.parametrize("life", LIVES, ids=str)
async def test_a_worker_that_dies_leaves_each_effect_once_and_the_books_right(
    ends: Mapping[Life, CardDesk], life: Life
) -> None:
    assert_each_effect_is_there_once_and_the_books_are_right(ends[life], life)


def test_a_sent_authorisation_whose_worker_dies_is_asked_after_and_not_sent_again(
    ends: Mapping[Life, CardDesk],
) -> None:
    calls = ends[LIVES[2]].north.calls

    assert LIVES[2].failpoint == "after authorize"
    assert len([call for call in calls if call.startswith("authorize ")]) == 1
    assert len([call for call in calls if call.startswith("inquire ")]) >= 1
