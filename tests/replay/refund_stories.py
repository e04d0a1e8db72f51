"""Every path of money back to a customer: asked for by the partner, or late and by itself."""

import asyncio
from collections.abc import Mapping
from typing import Final

from payments.domain.card import Decline
from payments.domain.charge import Operation
from payments.domain.payment import Attempt
from tests.provider_script import HARD, REFUND_REFUSED, How
from tests.replay.card_stories import AnyHandle, CardStory
from tests.workflows.card_desk import CardDesk, first, make_order, make_refund
from workflows.refund import Refund
from workflows.reversal import Reversal


def refunding(*script: How | Decline) -> CardStory:
    async def story(desk: CardDesk) -> AnyHandle:
        desk.north.takes(*script, operation=Operation.REFUND)
        _, payment = await desk.charge()
        handle, _ = await desk.refund(make_refund(payment, 4_000))
        return handle

    return story


async def refund_too_large(desk: CardDesk) -> AnyHandle:
    _, payment = await desk.charge()
    handle, _ = await desk.refund(make_refund(payment, 10_001))
    return handle


async def refund_pending(desk: CardDesk) -> AnyHandle:
    desk.north.takes(How.PENDING, operation=Operation.REFUND)
    order = make_order()
    _, payment = await desk.charge(order)
    refund = make_refund(payment, 4_000)
    refunding = asyncio.create_task(desk.refund(refund))
    handle = await desk.refund_begun(refund)
    await desk.until_tried(handle, "providers.ask", attempts=2)
    await handle.execute_update(Refund.told, "evt_1")
    await desk.until_tried(handle, "providers.ask", attempts=2)
    desk.north.decide_refund(first(order), refund.refund_id, refund.amount)
    await handle.execute_update(Refund.told, "evt_2")
    await refunding
    return handle


def reversing(*script: How | Decline, capture: bool = True, late: bool = True) -> CardStory:
    async def story(desk: CardDesk) -> AnyHandle:
        desk.north.takes(HARD)
        desk.north.takes(*script, operation=Operation.REFUND)
        order = make_order(capture=capture)
        await desk.charge(order)
        if late:
            desk.north.approve(first(order))
        await desk.reverse(Attempt(order, 1, "NORTH"))
        return desk.client.get_workflow_handle_for(Reversal.run, f"reversal:{first(order)}")

    return story


REFUND_STORIES: Final[Mapping[str, CardStory]] = {
    "refund_succeeded": refunding(),
    "refund_failed": refunding(REFUND_REFUSED),
    "refund_unknown": refunding(How.LOSE_ANSWER),
    "refund_sent_again": refunding(How.LOSE_REQUEST),
    "refund_too_large": refund_too_large,
    "refund_pending": refund_pending,
    "reversal_of_captured": reversing(),
    "reversal_of_captured_unknown": reversing(How.LOSE_ANSWER),
    "reversal_of_reserved": reversing(capture=False),
    "reversal_of_nothing": reversing(late=False),
}
