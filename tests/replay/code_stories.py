"""Every path through a payment by a code and through a case, told in real time."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Final

from payments.domain.card import Decline
from payments.domain.case import CasePolicy, CaseReason
from payments.domain.charge import Operation
from tests.card_factories import TERMS, make_attempt
from tests.provider_script import REFUND_REFUSED, How
from tests.replay.card_stories import SOON, AnyHandle, CardStory
from tests.workflows.card_desk import CardDesk, PayHandle, first, make_code_order

P = CasePolicy
Shown = Callable[[CardDesk, PayHandle, str], Awaitable[None]]
OfCase = Callable[[CardDesk, str], Awaitable[None]]


def shown(then: Shown) -> CardStory:
    """The customer sees the code, and then this happens."""

    async def story(desk: CardDesk) -> AnyHandle:
        handle, reference = await desk.shown()
        await then(desk, handle, reference)
        return handle

    return story


async def _told(desk: CardDesk, handle: PayHandle, reference: str) -> None:
    desk.north.pay(reference)
    await desk.told(handle)


async def _asked_early(desk: CardDesk, handle: PayHandle, reference: str) -> None:
    await desk.confirm(handle)
    await _told(desk, handle, reference)


async def _canceled(desk: CardDesk, handle: PayHandle, reference: str) -> None:
    await desk.cancel(handle)


async def _canceled_too_late(desk: CardDesk, handle: PayHandle, reference: str) -> None:
    desk.north.pay(reference)
    await desk.cancel(handle)


async def _paid_with_more_beside(desk: CardDesk, handle: PayHandle, reference: str) -> None:
    for minor in (1, None, None):
        desk.north.pay(reference, minor)
    await desk.told(handle)


async def left(desk: CardDesk) -> AnyHandle:
    desk.north.challenge_lasts = SOON
    handle, _ = await desk.shown()
    return handle


async def left_with_another_amount(desk: CardDesk) -> AnyHandle:
    desk.north.challenge_lasts = 2 * SOON
    handle, reference = await desk.shown()
    desk.north.pay(reference, 1)
    return handle


async def wrong_code(desk: CardDesk) -> AnyHandle:
    desk.north.takes(How.WRONG_CODE)
    handle, _ = await desk.charge(make_code_order())
    return handle


def case(policy: CasePolicy, then: OfCase | None = None, *hows: How | Decline) -> CardStory:
    """Money comes too late; the partner has agreed on this, and then this happens."""

    async def story(desk: CardDesk) -> AnyHandle:
        policies = {reason.value: policy.value for reason in CaseReason}
        order = make_code_order(terms=replace(TERMS, case_policies=policies))
        handle, reference = await desk.shown(order)
        await desk.cancel(handle)
        late = desk.north.pay(reference)
        desk.north.takes(*hows, operation=Operation.REFUND)
        await desk.told_of(make_attempt(order), late.id)
        if then is not None:
            await then(desk, late.id)
        return desk.case_of(late.id)

    return story


async def _said_refund(desk: CardDesk, receipt_id: str) -> None:
    await desk.resolve(receipt_id, P.REFUND)


async def _said_accept(desk: CardDesk, receipt_id: str) -> None:
    await desk.resolve(receipt_id, P.ACCEPT)


async def _said_again(desk: CardDesk, receipt_id: str) -> None:
    await desk.until_details(desk.case_of(receipt_id), "did not take it back")
    await desk.resolve(receipt_id, P.REFUND)


async def case_of_what_pays(desk: CardDesk) -> AnyHandle:
    order = make_code_order()
    handle, reference = await desk.shown(order)
    paying = desk.north.pay(reference)
    await desk.told(handle)
    await desk.told_of(make_attempt(order), paying.id)
    return desk.case_of(paying.id)


async def case_of_nothing(desk: CardDesk) -> AnyHandle:
    order = make_code_order()
    handle, _ = await desk.shown(order)
    await desk.cancel(handle)
    await desk.told_of(make_attempt(order), f"E9-{first(order)}")
    return desk.case_of(f"E9-{first(order)}")


CODE_STORIES: Final[Mapping[str, CardStory]] = {
    "code_told": shown(_told),
    "code_asked_early": shown(_asked_early),
    "code_canceled": shown(_canceled),
    "code_canceled_too_late": shown(_canceled_too_late),
    "code_paid_with_more_beside": shown(_paid_with_more_beside),
    "code_left": left,
    "code_left_with_another_amount": left_with_another_amount,
    "code_wrong": wrong_code,
    "case_refunded": case(P.REFUND),
    "case_accepted": case(P.ACCEPT),
    "case_refunded_by_an_operator": case(P.OPERATOR, _said_refund),
    "case_accepted_by_an_operator": case(P.OPERATOR, _said_accept),
    "case_declined_then_refunded": case(P.REFUND, _said_again, REFUND_REFUSED),
    "case_unknown_then_refunded": case(P.REFUND, None, How.LOSE_ANSWER),
    "case_of_what_pays": case_of_what_pays,
    "case_of_nothing": case_of_nothing,
}
