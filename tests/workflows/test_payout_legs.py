"""Payouts that go by legs, through the engine: each leg is a workflow that moves money once."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from payments.domain import ids
from payments.domain.charge import Operation
from payments.domain.codes import Code
from payments.domain.payout import PayoutOrder, PayoutStatus
from payments.domain.payout_legs import refund_of, transfer_of
from tests.provider_script import REFUND_REFUSED, How
from tests.rail_fakes import DECLINED, LOST, NOT_SENT, PAID, RETURNED
from tests.workflows.card_desk import until_begun
from tests.workflows.engine import refusal_of
from tests.workflows.payout_desk import HELD, PayoutDesk

P = PayoutStatus


@pytest.fixture
async def desk(environment: WorkflowEnvironment) -> AsyncIterator[PayoutDesk]:
    desk = PayoutDesk(environment)
    async with desk.worker():
        yield desk


def given(desk: PayoutDesk) -> list[str]:
    """What the provider gave back, in any order."""
    return sorted(each for each in desk.north.effects if each.startswith("refund"))


def back(order: PayoutOrder, number: int, minor: int) -> str:
    return f"refund {ids.leg_refund(order.payout_id, number)} {minor}"


def out(order: PayoutOrder, number: int) -> str:
    return ids.leg_transfer(order.payout_id, number)


async def test_each_leg_goes_its_own_way_once(desk: PayoutDesk) -> None:
    desk.rail.answers.append(PAID)

    handle, order = await desk.by_legs(10_000, 4_000, out=1_500)

    assert await handle.result() is P.PAID
    assert given(desk) == sorted([back(order, 1, 10_000), back(order, 2, 4_000)])
    assert desk.rail.sent == [out(order, 3)]
    assert {"payout_reserved", "suspense"}.isdisjoint(desk.books())


async def test_without_a_transfer_no_rail_is_asked(desk: PayoutDesk) -> None:
    handle, order = await desk.by_legs(
        4_000, destination_id=None, rail=None, arrives_at=None, customer_id="cus_1"
    )

    assert await handle.result() is P.PAID
    assert given(desk) == [back(order, 1, 4_000)]
    assert (desk.rail.sent, desk.rail.asked) == ([], 0)
    assert "payout_reserved" not in desk.books()


async def test_a_transfer_that_its_rail_does_not_take_can_be_canceled_alone(
    desk: PayoutDesk,
) -> None:
    desk.rail.answers.extend([NOT_SENT] * 100)
    handle, order = await desk.by_legs(10_000, out=1_500)
    transfer = desk.payout_of(out(order, 2))
    await until_begun(transfer)

    assert await desk.taken_back(transfer) is P.CANCELED

    assert await handle.result() is P.PARTLY_PAID
    assert given(desk) == [back(order, 1, 10_000)]
    assert desk.rail.sent == []
    assert {"payout_reserved", "suspense"}.isdisjoint(desk.books())


async def test_a_refund_that_fails_goes_nowhere_else(desk: PayoutDesk) -> None:
    desk.rail.answers.append(PAID)
    desk.north.takes(REFUND_REFUSED, operation=Operation.REFUND)

    handle, order = await desk.by_legs(4_000, out=1_500)

    assert await handle.result() is P.PARTLY_PAID
    assert desk.record.rows[order.payout_id].code is not None
    assert (given(desk), desk.rail.sent) == ([], [out(order, 2)])
    assert "payout_reserved" not in desk.books()


async def test_a_transfer_that_is_declined_leaves_the_refunds(desk: PayoutDesk) -> None:
    desk.rail.answers.append(DECLINED)

    handle, order = await desk.by_legs(4_000, out=1_500)

    assert await handle.result() is P.PARTLY_PAID
    assert desk.record.rows[order.payout_id].code is Code.ACCOUNT_CLOSED
    assert given(desk) == [back(order, 1, 4_000)]
    assert "payout_reserved" not in desk.books()


async def test_nothing_paid_gives_the_fee_back_too(desk: PayoutDesk) -> None:
    desk.rail.answers.append(DECLINED)
    desk.north.takes(REFUND_REFUSED, operation=Operation.REFUND)

    handle, _ = await desk.by_legs(4_000, out=1_500)

    assert await handle.result() is P.FAILED
    assert desk.record.balances() == {"partner_payable": 4_000, "payout_reserved": -4_000}
    assert "payout_reserved" not in desk.books()


async def test_a_leg_that_nobody_knows_of_is_asked_after_and_never_sent_elsewhere(
    desk: PayoutDesk,
) -> None:
    desk.north.takes(How.LOSE_ANSWER, operation=Operation.REFUND)
    desk.rail.answers.append(LOST)
    desk.rail.now = PAID

    handle, order = await desk.by_legs(4_000, out=1_500)

    assert await handle.result() is P.PAID
    assert given(desk) == [back(order, 1, 4_000)]
    assert desk.rail.sent == [out(order, 2)]
    assert {"payout_reserved", "suspense"}.isdisjoint(desk.books())


async def test_nothing_leaves_before_two_people_have_seen_the_plan(desk: PayoutDesk) -> None:
    desk.rail.answers.append(PAID)
    handle, order = await desk.by_legs(4_000, out=1_500, limits=HELD)
    await desk.review(handle, "ann")
    assert desk.record.rows[order.payout_id].status is P.ON_HOLD
    assert (given(desk), desk.rail.sent) == ([], [])

    await desk.review(handle, "bob")

    assert await handle.result() is P.PAID
    assert given(desk) == [back(order, 1, 4_000)]


async def test_a_plan_that_is_rejected_moves_nothing(desk: PayoutDesk) -> None:
    handle, _ = await desk.by_legs(4_000, out=1_500, limits=HELD)

    await desk.review(handle, "ann", approved=False)

    assert await handle.result() is P.CANCELED
    assert (given(desk), desk.rail.sent) == ([], [])
    assert desk.record.balances() == {}


async def test_what_has_begun_to_go_back_cannot_be_canceled(desk: PayoutDesk) -> None:
    desk.rail.silent = True
    desk.rail.answers.append(LOST)
    handle, order = await desk.by_legs(4_000, out=1_500)
    await desk.until_leg_asked(order, 2)

    assert await refusal_of(desk.take_back(handle)) is Code.PAYOUT_STATE

    desk.rail.silent, desk.rail.now = False, PAID
    assert await handle.result() is P.PAID


async def test_a_payment_that_is_disputed_meanwhile_keeps_its_money(desk: PayoutDesk) -> None:
    handle, order = await desk.by_legs(4_000, 2_000, limits=HELD)
    disputed = desk.record.plan[0].payment_id
    assert disputed is not None
    desk.payments.rows[disputed] = replace(desk.payments.rows[disputed], open_disputes=1)

    for by in ("ann", "bob"):
        await desk.review(handle, by)

    assert await handle.result() is P.PARTLY_PAID
    assert desk.record.rows[order.payout_id].code is Code.PAYMENT_DISPUTED
    assert given(desk) == [back(order, 2, 2_000)]
    assert "payout_reserved" not in desk.books()


async def test_a_leg_that_is_ended_by_hand_leaves_its_money_set_aside(desk: PayoutDesk) -> None:
    desk.north.takes(How.PENDING, operation=Operation.REFUND)
    desk.north.silent = True
    handle, order = await desk.by_legs(4_000)
    leg = await desk.refund_begun(refund_of(order, desk.record.plan[0]))
    await desk.until_tried(leg, "providers.ask")

    await leg.terminate("a test ends it")

    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert desk.record.rows[order.payout_id].status is P.SENT
    assert desk.books()["suspense"] == -4_000


async def test_a_transfer_that_comes_back_takes_its_payout_along(desk: PayoutDesk) -> None:
    desk.rail.answers.append(PAID)
    handle, order = await desk.by_legs(4_000, out=1_500)
    assert await handle.result() is P.PAID
    desk.rail.now = RETURNED
    part = transfer_of(order, desk.record.plan[1])

    assert await desk.came_back(part)

    assert desk.record.rows[order.payout_id].status is P.PARTLY_PAID
    assert desk.record.rows[part.payout_id].status is P.RETURNED
