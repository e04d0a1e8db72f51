"""Every path through a card payment and what belongs to it, told on the real server in real time.

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
from payments.domain.payment import Attempt, PaymentOrder, Review, Verdict
from tests.card_factories import make_card
from tests.fake_provider import CAPABILITIES
from tests.provider_script import HARD, REFUND_REFUSED, SOFT, STEP_UP, How
from tests.workflows.card_desk import CardDesk, PayHandle, first, make_order, make_refund
from workflows.card_payment import CardPayment
from workflows.refund import Refund
from workflows.reversal import Reversal

AnyHandle = WorkflowHandle[Any, Any]
CardStory = Callable[[CardDesk], Awaitable[AnyHandle]]
SOON: Final = timedelta(seconds=1)
CHALLENGE: Final = "challenge"


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


# Challenges: each is kept twice, as the payment's history and as the challenge's own.


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


# Back again


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
    "card_stepped_up": stepped_up,
    "card_captured_in_parts": captured_in_parts,
    "card_capture_unknown": capturing(How.LOSE_ANSWER),
    "card_capture_sent_again": capturing(How.LOSE_REQUEST),
    "card_capture_declined_then_captured": capturing(HARD),
    "card_reservation_canceled": canceled_reservation,
    "card_reservation_canceled_after_a_part": canceled_after_a_part,
    "card_reservation_expired": expired_reservation,
    "card_reservation_given_up_by_the_provider": reservation_given_up_by_the_provider,
    **{f"card_challenge_{name}": of_payment(tell) for name, tell in _CHALLENGES.items()},
    **{f"challenge_{name}": of_challenge(tell) for name, tell in _CHALLENGES.items()},
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
