"""Every path through a card payment, told on the real server in real time.

Time is never skipped here: the histories must look like those of production.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from temporalio.client import WorkflowHandle

from payments.domain.card import Decline
from payments.domain.charge import Operation
from payments.domain.payment import Review, Verdict
from tests.card_factories import make_card
from tests.provider_script import CAPABILITIES, HARD, SOFT, How
from tests.workflows.card_desk import CardDesk, first, make_order
from workflows.card_payment import CardPayment

AnyHandle = WorkflowHandle[Any, Any]
CardStory = Callable[[CardDesk], Awaitable[AnyHandle]]
SOON: Final = timedelta(seconds=1)


def charging(*script: How | Decline, capture: bool = True) -> CardStory:
    """Charge, while the first provider takes it like this; then take what is reserved."""

    async def story(desk: CardDesk) -> AnyHandle:
        desk.north.takes(*script)
        handle, _ = await desk.charge(make_order(capture=capture))
        if not capture:
            await desk.capture(handle, key="cap_1")
        return handle

    return story


def judged(verdict: Verdict) -> CardStory:
    async def story(desk: CardDesk) -> AnyHandle:
        desk.risk.verdict = verdict
        handle, _ = await desk.charge()
        return handle

    return story


def reviewed(*, approved: bool) -> CardStory:
    async def story(desk: CardDesk) -> AnyHandle:
        desk.risk.verdict = Verdict.HOLD
        handle, _ = await desk.charge()
        await handle.execute_update(CardPayment.review, Review(approved, by="ann"))
        return handle

    return story


async def canceled_in_review(desk: CardDesk) -> AnyHandle:
    desk.risk.verdict = Verdict.HOLD
    handle, _ = await desk.charge()
    await desk.cancel(handle)
    return handle


async def refused_for_its_method(desk: CardDesk) -> AnyHandle:
    card = make_card()
    await desk.charge(make_order(card=card))
    handle, _ = await desk.begin(make_order(card=card))
    return handle


async def captured_after_an_outage_of_the_record(desk: CardDesk) -> AnyHandle:
    desk.payments.unavailable = True
    handle, paying = await desk.starting(make_order())
    await desk.until_tried(handle, "payments.begin")
    desk.payments.unavailable = False
    await paying
    return handle


async def canceled_by_button_while_charging(desk: CardDesk) -> AnyHandle:
    desk.north.gate = asyncio.Event()
    handle, paying = await desk.starting(make_order())
    await desk.until_tried(handle, "providers.authorize")
    await handle.cancel()
    await desk.until_cancel_arrived(handle)
    desk.north.gate.set()
    await paying
    return handle


def pending(end: Decline | None) -> CardStory:
    """The bank thinks; twice a webhook comes, and the second time it has decided."""

    async def story(desk: CardDesk) -> AnyHandle:
        desk.north.takes(How.PENDING)
        order = make_order()
        handle, paying = await desk.starting(order)
        await desk.until_tried(handle, "providers.ask", attempts=2)
        await desk.told(handle)
        await desk.until_tried(handle, "providers.ask", attempts=2)
        if end is None:
            desk.north.approve(first(order))
        else:
            desk.north.decline(first(order), end)
        await desk.told(handle)
        await paying
        return handle

    return story


# What is reserved


async def captured_in_parts(desk: CardDesk) -> AnyHandle:
    handle, _ = await desk.authorize()
    await desk.capture(handle, 3_000)
    await desk.capture(handle, 3_000)
    await desk.capture(handle, 1_000, final=True)
    return handle


def capturing(*script: How | Decline) -> CardStory:
    async def story(desk: CardDesk) -> AnyHandle:
        desk.north.takes(*script, operation=Operation.CAPTURE)
        handle, _ = await desk.authorize()
        answer = await desk.capture(handle)
        if answer.refused is not None:
            await desk.capture(handle)
        return handle

    return story


async def canceled_reservation(desk: CardDesk) -> AnyHandle:
    handle, _ = await desk.authorize()
    await desk.cancel(handle)
    return handle


async def canceled_after_a_part(desk: CardDesk) -> AnyHandle:
    handle, _ = await desk.authorize()
    await desk.capture(handle, 4_000)
    await desk.cancel(handle)
    return handle


async def expired_reservation(desk: CardDesk) -> AnyHandle:
    desk.north.capabilities = replace(CAPABILITIES, authorization_lasts=SOON)
    handle, _ = await desk.authorize()
    return handle


async def reservation_given_up_by_the_provider(desk: CardDesk) -> AnyHandle:
    order = make_order(capture=False)
    handle, _ = await desk.charge(order)
    await desk.told(handle)
    desk.north.give_up(first(order))
    await desk.told(handle)
    return handle


CARD_STORIES: Final[Mapping[str, CardStory]] = {
    "card_captured": charging(),
    "card_reserved_then_captured": charging(capture=False),
    "card_declined": charging(HARD),
    "card_declined_softly_then_captured_elsewhere": charging(SOFT),
    "card_not_sent_then_captured_elsewhere": charging(How.TOO_BUSY),
    "card_unknown_then_captured": charging(How.LOSE_ANSWER),
    "card_unknown_then_sent_again": charging(How.LOSE_REQUEST),
    "card_unknown_then_reserved": charging(How.LOSE_ANSWER, capture=False),
    "card_broken_then_captured": charging(How.BREAK),
    "card_only_reserved_then_captured": charging(How.ONLY_RESERVE),
    "card_wrong_amount": charging(How.WRONG_AMOUNT),
    "card_pending_then_captured": pending(None),
    "card_pending_then_declined": pending(HARD),
    "card_pending_then_captured_elsewhere": pending(SOFT),
    "card_blocked": judged(Verdict.BLOCK),
    "card_approved_in_review": reviewed(approved=True),
    "card_declined_in_review": reviewed(approved=False),
    "card_canceled_in_review": canceled_in_review,
    "card_refused_for_its_method": refused_for_its_method,
    "card_captured_after_an_outage_of_the_record": captured_after_an_outage_of_the_record,
    "card_canceled_by_button_while_charging": canceled_by_button_while_charging,
    "card_captured_in_parts": captured_in_parts,
    "card_capture_unknown": capturing(How.LOSE_ANSWER),
    "card_capture_sent_again": capturing(How.LOSE_REQUEST),
    "card_capture_declined_then_captured": capturing(HARD),
    "card_reservation_canceled": canceled_reservation,
    "card_reservation_canceled_after_a_part": canceled_after_a_part,
    "card_reservation_expired": expired_reservation,
    "card_reservation_given_up_by_the_provider": reservation_given_up_by_the_provider,
}
