"""Every path of a payout, and of what comes back after it was paid."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Final

from payments.domain.codes import Code
from payments.domain.payout import PayoutStatus
from payments.domain.payout_legs import transfer_of
from payments.domain.rail import TransferAnswer
from tests.rail_fakes import DECLINED, FAILED, LOST, NOT_SENT, PAID, RETURNED
from tests.replay.card_stories import AnyHandle
from tests.workflows.payout_desk import HELD, PayoutDesk, make_order

PayoutStory = Callable[[PayoutDesk], Awaitable[AnyHandle]]


def sent(*answers: TransferAnswer) -> PayoutStory:
    """Over in the rail's very answers."""

    async def story(desk: PayoutDesk) -> AnyHandle:
        desk.rail.answers.extend(answers)
        handle, _ = await desk.pay_out()
        return handle

    return story


def told(end: TransferAnswer) -> PayoutStory:
    async def story(desk: PayoutDesk) -> AnyHandle:
        order = make_order()
        handle, _ = await desk.pay_out(order)
        await desk.becomes(order, PayoutStatus.SENT)
        desk.rail.now = end
        await desk.tell(handle)
        return handle

    return story


async def payout_told_too_early(desk: PayoutDesk) -> AnyHandle:
    order = make_order()
    handle, _ = await desk.pay_out(order)
    await desk.becomes(order, PayoutStatus.SENT)
    await desk.tell(handle)
    desk.rail.now = PAID
    await desk.tell(handle)
    return handle


async def payout_asked_after(desk: PayoutDesk) -> AnyHandle:
    """No webhook comes."""
    order = make_order()
    handle, _ = await desk.pay_out(order)
    await desk.becomes(order, PayoutStatus.SENT)
    await desk.skip(handle, timedelta(seconds=20))
    desk.rail.now = PAID
    await desk.skip(handle, timedelta(seconds=60))
    return handle


async def payout_unknown(desk: PayoutDesk) -> AnyHandle:
    desk.rail.answers.append(LOST)
    desk.rail.now = PAID
    handle, _ = await desk.pay_out()
    return handle


async def payout_waits_for_its_rail(desk: PayoutDesk) -> AnyHandle:
    desk.rail.answers.extend([NOT_SENT, NOT_SENT, NOT_SENT, PAID])
    handle, _ = await desk.pay_out()
    await desk.skip(handle, timedelta(seconds=10))
    return handle


async def payout_refused(desk: PayoutDesk) -> AnyHandle:
    desk.record.refuses = Code.FUNDS_INSUFFICIENT
    handle, _ = await desk.begin_payout(make_order())
    return handle


async def payout_approved(desk: PayoutDesk) -> AnyHandle:
    desk.rail.answers.append(PAID)
    handle, _ = await desk.held()
    for by in ("ann", "ann", "bob"):
        await desk.review(handle, by)
    return handle


async def payout_rejected(desk: PayoutDesk) -> AnyHandle:
    handle, _ = await desk.held()
    await desk.review(handle, "ann", approved=False)
    return handle


async def payout_canceled(desk: PayoutDesk) -> AnyHandle:
    handle, _ = await desk.held()
    await desk.take_back(handle)
    return handle


def returning(now: TransferAnswer) -> PayoutStory:
    async def story(desk: PayoutDesk) -> AnyHandle:
        desk.rail.answers.append(PAID)
        order = make_order()
        handle, _ = await desk.pay_out(order)
        await handle.result()
        desk.rail.now = now
        await desk.came_back(order)
        return desk.return_of(order)

    return story


async def payout_by_legs(desk: PayoutDesk) -> AnyHandle:
    desk.rail.answers.append(PAID)
    handle, _ = await desk.by_legs(4_000, 2_000, out=1_500)
    return handle


async def payout_by_legs_approved(desk: PayoutDesk) -> AnyHandle:
    """One leg comes to nothing."""
    desk.rail.answers.append(DECLINED)
    handle, _ = await desk.by_legs(4_000, out=1_500, limits=HELD)
    for by in ("ann", "bob"):
        await desk.review(handle, by)
    return handle


async def payout_return_of_a_leg(desk: PayoutDesk) -> AnyHandle:
    desk.rail.answers.append(PAID)
    handle, order = await desk.by_legs(4_000, out=1_500)
    await handle.result()
    desk.rail.now = RETURNED
    part = transfer_of(order, desk.record.plan[1])
    await desk.came_back(part)
    return desk.return_of(part)


async def payout_canceled_by_temporal(desk: PayoutDesk) -> AnyHandle:
    """Temporal's own cancel ends nothing: the story goes on to its end."""
    handle, _ = await desk.held()
    await handle.cancel()
    await desk.until_cancel_arrived(handle)
    await asyncio.gather(desk.review(handle, "ann", approved=False))
    return handle


PAYOUT_STORIES: Final[Mapping[str, PayoutStory]] = {
    "payout_paid_at_once": sent(PAID),
    "payout_declined": sent(DECLINED),
    "payout_paid": told(PAID),
    "payout_failed": told(FAILED),
    "payout_returned": told(RETURNED),
    "payout_told_too_early": payout_told_too_early,
    "payout_asked_after": payout_asked_after,
    "payout_unknown": payout_unknown,
    "payout_waits_for_its_rail": payout_waits_for_its_rail,
    "payout_refused": payout_refused,
    "payout_approved": payout_approved,
    "payout_rejected": payout_rejected,
    "payout_canceled": payout_canceled,
    "payout_by_legs": payout_by_legs,
    "payout_by_legs_approved": payout_by_legs_approved,
    "payout_return_of_a_leg": payout_return_of_a_leg,
    "payout_canceled_by_temporal": payout_canceled_by_temporal,
    "payout_return": returning(RETURNED),
    "payout_return_of_nothing": returning(PAID),
}
