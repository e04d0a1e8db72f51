"""Every way through a 3DS challenge, kept twice: as the payment's history and as its own."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from payments.domain.payment import PaymentOrder
from tests.provider_script import STEP_UP, How
from tests.replay.card_stories import SOON, AnyHandle, CardStory
from tests.workflows.card_desk import CardDesk, PayHandle, first, make_order


async def _asked_for(desk: CardDesk, order: PaymentOrder) -> PayHandle:
    desk.north.takes(How.CHALLENGE)
    handle, _ = await desk.charge(order)
    await desk.challenge_of(order)
    return handle


async def _passed(desk: CardDesk, order: PaymentOrder) -> PayHandle:
    handle = await _asked_for(desk, order)
    desk.north.approve(first(order))
    await desk.confirm(handle)
    return handle


async def _failed(desk: CardDesk, order: PaymentOrder) -> PayHandle:
    handle = await _asked_for(desk, order)
    desk.north.decline(first(order))
    await desk.confirm(handle)
    return handle


async def _returned_early(desk: CardDesk, order: PaymentOrder) -> PayHandle:
    handle = await _asked_for(desk, order)
    await desk.confirm(handle)
    desk.north.approve(first(order))
    await desk.told(handle)
    return handle


async def _returned_in_an_outage(desk: CardDesk, order: PaymentOrder) -> PayHandle:
    handle = await _asked_for(desk, order)
    desk.north.approve(first(order))
    desk.north.silent = True
    await desk.confirm(handle)
    await desk.until_tried(await desk.challenge_of(order), "providers.ask", attempts=2)
    desk.north.silent = False
    await desk.told(handle)
    return handle


async def _changed(desk: CardDesk, order: PaymentOrder) -> PayHandle:
    handle = await _asked_for(desk, order)
    desk.north.approve(first(order), minor=1)
    await desk.confirm(handle)
    await desk.reversal_of(first(order))
    return handle


async def _canceled(desk: CardDesk, order: PaymentOrder) -> PayHandle:
    handle = await _asked_for(desk, order)
    await desk.cancel(handle)
    return handle


async def _canceled_too_late(desk: CardDesk, order: PaymentOrder) -> PayHandle:
    handle = await _asked_for(desk, order)
    desk.north.approve(first(order))
    await desk.cancel(handle)
    await desk.reversal_of(first(order))
    return handle


async def _left(desk: CardDesk, order: PaymentOrder) -> PayHandle:
    desk.north.challenge_lasts = SOON
    return await _asked_for(desk, order)


async def _left_after_passing(desk: CardDesk, order: PaymentOrder) -> PayHandle:
    desk.north.challenge_lasts = 2 * SOON
    handle = await _asked_for(desk, order)
    desk.north.approve(first(order))
    return handle


_CHALLENGES: Final = {
    "passed": _passed,
    "failed": _failed,
    "returned_early": _returned_early,
    "returned_in_an_outage": _returned_in_an_outage,
    "changed": _changed,
    "canceled": _canceled,
    "canceled_too_late": _canceled_too_late,
    "left": _left,
    "left_after_passing": _left_after_passing,
}


def of_payment(tell: Callable[[CardDesk, PaymentOrder], Awaitable[PayHandle]]) -> CardStory:
    async def story(desk: CardDesk) -> AnyHandle:
        return await tell(desk, make_order())

    return story


def of_challenge(tell: Callable[[CardDesk, PaymentOrder], Awaitable[PayHandle]]) -> CardStory:
    async def story(desk: CardDesk) -> AnyHandle:
        order = make_order()
        await tell(desk, order)
        return await desk.challenge_of(order)

    return story


async def stepped_up(desk: CardDesk) -> AnyHandle:
    desk.north.takes(STEP_UP, How.CHALLENGE)
    order = make_order()
    handle, _ = await desk.charge(order)
    desk.north.approve(f"{order.payment_id}-2")
    await desk.confirm(handle)
    return handle


CHALLENGE_STORIES: Final[Mapping[str, CardStory]] = {
    "card_stepped_up": stepped_up,
    **{f"card_challenge_{name}": of_payment(tell) for name, tell in _CHALLENGES.items()},
    **{f"challenge_{name}": of_challenge(tell) for name, tell in _CHALLENGES.items()},
}
