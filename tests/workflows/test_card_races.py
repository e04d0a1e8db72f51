"""Two wishes at the same instant: always one of the two, and our books agree with theirs."""

import asyncio

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from payments.domain.payment import PaymentStatus
from tests.provider_script import How
from tests.workflows.card_desk import CardDesk, PayHandle, first, make_order

TIMES = 10


def moved_over_there(cards: CardDesk, payment_id: str) -> int:
    """What the provider took and did not give back, by its own log."""
    moved = 0
    for effect in cards.north.effects:
        verb, name, *amount = effect.split()
        if payment_id in name and verb in ("take", "capture", "refund"):
            moved += int(amount[0]) * (-1 if verb == "refund" else 1)
    return moved


async def end_of(handle: PayHandle, *wishes: asyncio.Task[object]) -> PaymentStatus:
    """A wish may be refused, or find the payment already over."""
    for answer in await asyncio.gather(*wishes, return_exceptions=True):
        if isinstance(answer, RPCError):
            assert answer.status is RPCStatusCode.NOT_FOUND
        elif isinstance(answer, BaseException):
            assert isinstance(answer, WorkflowUpdateFailedError), answer
    return await handle.result()


async def test_a_return_and_a_cancel_at_the_same_instant_are_one_of_the_two(
    cards: CardDesk,
) -> None:
    async def both(capture: bool) -> None:
        cards.north.takes(How.CHALLENGE)
        order = make_order(capture=capture)
        handle, _ = await cards.charge(order)
        cards.north.approve(first(order))
        wishes = [asyncio.create_task(wish(handle)) for wish in (cards.confirm, cards.cancel)]
        end = await end_of(handle, *wishes)
        if end is PaymentStatus.CANCELED and capture:
            assert await cards.reversal_of(first(order))
        assert end in (PaymentStatus.CAPTURED, PaymentStatus.CANCELED)
        kept = 10_000 if end is PaymentStatus.CAPTURED else 0
        assert moved_over_there(cards, order.payment_id) == kept

    await asyncio.gather(*(both(capture=number % 2 == 0) for number in range(TIMES)))

    assert not {"suspense", "authorized", "authorized_memo"} & cards.balance().keys()


@pytest.mark.parametrize("minor", [4_000, 10_000])
async def test_a_capture_and_a_cancel_at_the_same_instant_take_what_they_say(
    cards: CardDesk, minor: int
) -> None:
    async def both(number: int) -> None:
        order = make_order(capture=False)
        handle, _ = await cards.charge(order)
        key = f"cap_{order.payment_id}"
        wishes: list[asyncio.Task[object]] = [
            asyncio.create_task(cards.capture(handle, minor, key=key)),
            asyncio.create_task(cards.cancel(handle)),
        ]
        if number % 2:
            wishes.reverse()
        end = await end_of(handle, *wishes)
        taken = cards.payments.rows[order.payment_id].captured_minor
        assert (end, taken) in ((PaymentStatus.CAPTURED, minor), (PaymentStatus.CANCELED, 0))
        assert moved_over_there(cards, order.payment_id) == taken

    await asyncio.gather(*(both(number) for number in range(TIMES)))

    assert "authorized" not in cards.balance()


async def test_webhooks_by_the_hundred_change_nothing_and_are_all_answered(
    cards: CardDesk,
) -> None:
    order = make_order(capture=False)
    handle, _ = await cards.charge(order)

    room = asyncio.Semaphore(8)

    async def told() -> PaymentStatus:
        async with room:
            return (await cards.told(handle)).status

    answers = await asyncio.gather(*(told() for _ in range(100)))
    await cards.capture(handle)

    assert set(answers) == {PaymentStatus.AUTHORIZED}
    assert await handle.result() is PaymentStatus.CAPTURED
    assert len(cards.north.effects) == 2
