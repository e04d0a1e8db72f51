"""Every path through a payment at a bank, told on the real server in real time."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from payments.domain.card import Decline
from payments.domain.codes import Code
from payments.domain.payment import Review, Verdict
from tests.provider_script import SOFT, How
from tests.replay.card_stories import SOON, AnyHandle, CardStory
from tests.workflows.card_desk import CardDesk, PayHandle, first, make_bank_order
from workflows.card_payment import CardPayment

REFUSED: Final = Decline(Code.CUSTOMER_CANCELED, "CUSTOMER_CANCELED")
AtTheBank = Callable[[CardDesk, PayHandle, str], Awaitable[None]]


def sent(then: AtTheBank) -> CardStory:
    """The customer is at the bank, and then this happens."""

    async def story(desk: CardDesk) -> AnyHandle:
        handle, reference = await desk.at_the_bank()
        await then(desk, handle, reference)
        return handle

    return story


async def _returned(desk: CardDesk, handle: PayHandle, reference: str) -> None:
    desk.north.approve(reference)
    await desk.confirm(handle)


async def _told(desk: CardDesk, handle: PayHandle, reference: str) -> None:
    desk.north.approve(reference)
    await desk.told(handle)


async def _returned_early(desk: CardDesk, handle: PayHandle, reference: str) -> None:
    await desk.confirm(handle)
    await _told(desk, handle, reference)


async def _returned_in_an_outage(desk: CardDesk, handle: PayHandle, reference: str) -> None:
    desk.north.approve(reference)
    desk.north.silent = True
    await desk.confirm(handle)
    await desk.until_tried(handle, "providers.ask", attempts=2)
    desk.north.silent = False
    await desk.told(handle)


async def _refused(desk: CardDesk, handle: PayHandle, reference: str) -> None:
    desk.north.decline(reference, REFUSED)
    await desk.confirm(handle)


async def _expired_over_there(desk: CardDesk, handle: PayHandle, reference: str) -> None:
    desk.north.decline(reference, Decline(Code.ACTION_EXPIRED, "EXPIRED"))
    await desk.told(handle)


async def _changed(desk: CardDesk, handle: PayHandle, reference: str) -> None:
    desk.north.approve(reference, minor=1)
    await desk.confirm(handle)
    await desk.reversal_of(reference)


async def _only_reserved(desk: CardDesk, handle: PayHandle, reference: str) -> None:
    desk.north.books[reference].sale = False
    await _returned(desk, handle, reference)
    await desk.reversal_of(reference)


async def _canceled(desk: CardDesk, handle: PayHandle, reference: str) -> None:
    await desk.cancel(handle)


async def _canceled_too_late(desk: CardDesk, handle: PayHandle, reference: str) -> None:
    desk.north.approve(reference)
    await desk.cancel(handle)
    await desk.reversal_of(reference)


async def _thinking(desk: CardDesk, handle: PayHandle, reference: str) -> None:
    desk.north.ponder(reference)
    await desk.confirm(handle)
    await desk.until_tried(handle, "providers.ask", attempts=2)
    await _told(desk, handle, reference)


async def _forgotten(desk: CardDesk, handle: PayHandle, reference: str) -> None:
    book = desk.north.books.pop(reference)
    await desk.confirm(handle)
    desk.north.books[reference] = book
    await _told(desk, handle, reference)


async def left(desk: CardDesk) -> AnyHandle:
    desk.north.challenge_lasts = SOON
    handle, _ = await desk.at_the_bank()
    return handle


async def left_after_paying(desk: CardDesk) -> AnyHandle:
    desk.north.challenge_lasts = 2 * SOON
    handle, reference = await desk.at_the_bank()
    desk.north.approve(reference)
    return handle


async def left_in_an_outage(desk: CardDesk) -> AnyHandle:
    desk.north.challenge_lasts = 2 * SOON
    handle, reference = await desk.at_the_bank()
    desk.north.approve(reference)
    desk.north.silent = True
    await desk.until_tried(handle, "providers.ask", attempts=2)
    desk.north.silent = False
    await desk.told(handle)
    return handle


def paid_elsewhere(why: How | Decline) -> CardStory:
    """The first provider does not take it, the second sends the customer to the bank."""

    async def story(desk: CardDesk) -> AnyHandle:
        desk.north.takes(why)
        desk.south.takes(How.CHALLENGE)
        order = make_bank_order()
        handle, _ = await desk.charge(order)
        desk.south.approve(f"{order.payment_id}-2")
        await desk.confirm(handle)
        return handle

    return story


def unknown_then_asked_for(then: AtTheBank) -> CardStory:
    """The bank's page is only found by asking, because the answer that named it was lost."""

    async def story(desk: CardDesk) -> AnyHandle:
        desk.north.takes(How.PENDING)
        order = make_bank_order()
        handle, paying = await desk.starting(order)
        await desk.until_tried(handle, "providers.ask", attempts=2)
        book = desk.north.books[first(order)]
        book.state, book.expires_at = "CHALLENGE", order.deadline
        await desk.told(handle)
        await paying
        await then(desk, handle, first(order))
        return handle

    return story


def unknown(how: How) -> CardStory:
    async def story(desk: CardDesk) -> AnyHandle:
        desk.north.takes(how)
        handle, _ = await desk.charge(make_bank_order())
        return handle

    return story


def judged(verdict: Verdict, *, approved: bool | None = None) -> CardStory:
    async def story(desk: CardDesk) -> AnyHandle:
        desk.risk.verdict = verdict
        handle, _ = await desk.charge(make_bank_order())
        if approved is not None:
            await handle.execute_update(CardPayment.review, Review(approved, by="ann"))
        return handle

    return story


async def canceled_by_button_while_asked(desk: CardDesk) -> AnyHandle:
    desk.north.gate = asyncio.Event()
    desk.north.takes(How.CHALLENGE)
    order = make_bank_order()
    handle, paying = await desk.starting(order)
    await desk.until_tried(handle, "providers.authorize")
    await handle.cancel()
    await desk.until_cancel_arrived(handle)
    desk.north.gate.set()
    await paying
    desk.north.approve(first(order))
    await desk.confirm(handle)
    return handle


BANK_STORIES: Final[Mapping[str, CardStory]] = {
    "bank_returned": sent(_returned),
    "bank_told": sent(_told),
    "bank_returned_early": sent(_returned_early),
    "bank_returned_in_an_outage": sent(_returned_in_an_outage),
    "bank_refused_by_the_customer": sent(_refused),
    "bank_expired_over_there": sent(_expired_over_there),
    "bank_changed": sent(_changed),
    "bank_only_reserved": sent(_only_reserved),
    "bank_canceled": sent(_canceled),
    "bank_canceled_too_late": sent(_canceled_too_late),
    "bank_thinking": sent(_thinking),
    "bank_forgotten": sent(_forgotten),
    "bank_left": left,
    "bank_left_after_paying": left_after_paying,
    "bank_left_in_an_outage": left_in_an_outage,
    "bank_declined_softly_then_paid_elsewhere": paid_elsewhere(SOFT),
    "bank_not_sent_then_paid_elsewhere": paid_elsewhere(How.TOO_BUSY),
    "bank_unknown_then_asked_for": unknown_then_asked_for(_returned),
    "bank_unknown_then_thinking": unknown_then_asked_for(_thinking),
    "bank_unknown_then_captured": unknown(How.LOSE_ANSWER),
    "bank_unknown_then_sent_again": unknown(How.LOSE_REQUEST),
    "bank_blocked": judged(Verdict.BLOCK),
    "bank_approved_in_review": judged(Verdict.HOLD, approved=True),
    "bank_declined_in_review": judged(Verdict.HOLD, approved=False),
    "bank_canceled_by_button_while_asked": canceled_by_button_while_asked,
}
