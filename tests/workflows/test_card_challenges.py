"""3DS challenges: passed, failed, left, returned from twice or too late, canceled, changed."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus

from payments.domain.codes import Code
from payments.domain.payment import PaymentOrder, PaymentStatus
from tests.provider_script import SOFT, STEP_UP, How
from tests.workflows.card_desk import CardDesk, PayHandle, first, make_order

PAST_EXPIRY = timedelta(minutes=15, seconds=1)


async def challenged(cards: CardDesk, order: PaymentOrder) -> PayHandle:
    """A payment whose customer is at the issuer's page."""
    cards.north.takes(How.CHALLENGE)
    handle, payment = await cards.charge(order)
    assert payment.status is PaymentStatus.REQUIRES_ACTION
    return handle


async def end_of_challenge(cards: CardDesk, order: PaymentOrder) -> WorkflowExecutionStatus | None:
    return (await (await cards.challenge_of(order)).describe()).status


async def test_a_challenge_is_asked_for_with_its_page_and_its_end(cards: CardDesk) -> None:
    order = make_order()
    cards.north.takes(How.CHALLENGE)

    _, payment = await cards.charge(order)

    asked = payment.next_action
    assert asked is not None
    assert (asked.type, asked.url) == ("redirect", f"https://acs.test/{first(order)}")
    assert asked.expires_at == cards.north.books[first(order)].expires_at
    assert cards.events == ["requires_action"]


@pytest.mark.parametrize("capture", [True, False])
async def test_a_passed_challenge_charges_the_card(cards: CardDesk, capture: bool) -> None:
    order = make_order(capture=capture)
    handle = await challenged(cards, order)

    cards.north.approve(first(order))
    payment = await cards.confirm(handle)

    expected = PaymentStatus.CAPTURED if capture else PaymentStatus.AUTHORIZED
    assert payment.status is expected
    assert len(cards.north.effects) == 1
    assert await end_of_challenge(cards, order) is WorkflowExecutionStatus.COMPLETED


async def test_a_failed_challenge_fails_the_payment_and_nothing_else_is_tried(
    cards: CardDesk,
) -> None:
    order = make_order()
    handle = await challenged(cards, order)

    cards.north.decline(first(order))
    payment = await cards.confirm(handle)

    assert (payment.status, payment.code) == (PaymentStatus.FAILED, Code.AUTHENTICATION_FAILED)
    assert cards.south.calls == []
    assert cards.balance() == {}


async def test_a_soft_decline_after_a_challenge_asks_the_customer_for_no_second_one(
    cards: CardDesk,
) -> None:
    order = make_order()
    handle = await challenged(cards, order)

    cards.north.decline(first(order), SOFT)
    payment = await cards.confirm(handle)

    assert (payment.status, payment.code) == (PaymentStatus.FAILED, Code.INSUFFICIENT_FUNDS)
    assert cards.south.calls == []


async def test_a_soft_decline_that_wants_a_challenge_gets_one_and_is_charged(
    cards: CardDesk,
) -> None:
    cards.north.takes(STEP_UP, How.CHALLENGE)
    order = make_order()
    handle, payment = await cards.charge(order)
    assert payment.status is PaymentStatus.REQUIRES_ACTION

    second = f"{order.payment_id}-2"
    cards.north.approve(second)
    payment = await cards.confirm(handle)

    assert payment.status is PaymentStatus.CAPTURED
    assert cards.north.effects == [f"take {second} 10000"]
    assert cards.payments.sent[second].attempt.challenge


async def test_a_return_without_an_end_changes_nothing(cards: CardDesk) -> None:
    order = make_order()
    handle = await challenged(cards, order)

    first_return = await cards.confirm(handle)
    second_return = await cards.confirm(handle)
    cards.north.approve(first(order))
    payment = await cards.told(handle)

    assert first_return.status is second_return.status is PaymentStatus.REQUIRES_ACTION
    assert payment.status is PaymentStatus.CAPTURED
    assert cards.events == ["requires_action", "captured"]


async def test_two_returns_at_once_are_one_charge_and_one_answer(cards: CardDesk) -> None:
    order = make_order()
    handle = await challenged(cards, order)
    cards.north.approve(first(order))

    answers = await asyncio.gather(cards.confirm(handle), cards.told(handle), cards.confirm(handle))

    assert {answer.status for answer in answers} == {PaymentStatus.CAPTURED}
    assert len(cards.north.effects) == 1


async def test_a_challenge_that_is_left_expires_and_nothing_stays_reserved(
    cards: CardDesk,
) -> None:
    order = make_order()
    handle = await challenged(cards, order)

    await cards.skip(await cards.challenge_of(order), PAST_EXPIRY)

    assert await handle.result() is PaymentStatus.EXPIRED
    assert cards.payments.rows[order.payment_id].code is Code.CHALLENGE_EXPIRED
    assert cards.north.effects == [f"void {first(order)}"]
    assert cards.events == ["requires_action", "expired"]


async def test_the_provider_is_asked_before_a_challenge_is_called_expired(cards: CardDesk) -> None:
    order = make_order()
    handle = await challenged(cards, order)

    # The customer passed it and closed the browser; the webhook was lost.
    cards.north.approve(first(order))
    await cards.skip(await cards.challenge_of(order), PAST_EXPIRY)

    assert await handle.result() is PaymentStatus.CAPTURED
    assert cards.events == ["requires_action", "captured"]


async def test_a_provider_that_is_down_at_the_challenges_end_is_waited_for(
    cards: CardDesk,
) -> None:
    order = make_order()
    handle = await challenged(cards, order)
    cards.north.approve(first(order))
    cards.north.silent = True

    challenge = await cards.challenge_of(order)
    await cards.skip(challenge, PAST_EXPIRY)
    await cards.until_tried(challenge, "providers.ask", attempts=2)
    waiting = cards.status(order)
    cards.north.silent = False
    await cards.told(handle)

    assert waiting is PaymentStatus.REQUIRES_ACTION
    assert await handle.result() is PaymentStatus.CAPTURED


async def test_a_customer_who_comes_back_while_the_provider_is_down_is_not_forgotten(
    cards: CardDesk,
) -> None:
    order = make_order()
    handle = await challenged(cards, order)
    cards.north.approve(first(order))
    cards.north.silent = True

    returned = await cards.confirm(handle)
    await cards.until_tried(await cards.challenge_of(order), "providers.ask", attempts=1)
    cards.north.silent = False

    assert returned.status is PaymentStatus.REQUIRES_ACTION
    # Nobody rings again: it goes on being asked by itself.
    assert await handle.result() is PaymentStatus.CAPTURED


async def test_a_canceled_challenge_is_voided(cards: CardDesk) -> None:
    order = make_order()
    handle = await challenged(cards, order)

    answer = await cards.cancel(handle)

    assert answer.payment is not None
    assert answer.payment.status is PaymentStatus.CANCELED
    assert await handle.result() is PaymentStatus.CANCELED
    assert cards.north.effects == [f"void {first(order)}"]


async def test_a_cancel_that_comes_after_the_money_sends_it_back(cards: CardDesk) -> None:
    order = make_order()
    handle = await challenged(cards, order)
    cards.north.approve(first(order))

    answer = await cards.cancel(handle)
    sent_back = await cards.reversal_of(first(order))

    assert answer.payment is not None
    assert answer.payment.status is PaymentStatus.CANCELED
    assert sent_back
    assert cards.north.effects == [
        f"take {first(order)} 10000",
        f"refund {first(order)}-back 10000",
    ]
    assert cards.events == ["requires_action", "canceled", "late_success", "reversed"]
    assert cards.balance() == {}


async def test_a_cancel_that_comes_after_a_reservation_voids_it(cards: CardDesk) -> None:
    order = make_order(capture=False)
    handle = await challenged(cards, order)
    cards.north.approve(first(order))

    await cards.cancel(handle)

    assert await handle.result() is PaymentStatus.CANCELED
    assert cards.north.effects == [f"reserve {first(order)} 10000", f"void {first(order)}"]
    assert cards.balance() == {}


@pytest.mark.parametrize("minor", [9_999, 20_000])
async def test_an_amount_changed_in_the_challenge_is_never_accepted(
    cards: CardDesk, minor: int
) -> None:
    order = make_order(capture=False)
    handle = await challenged(cards, order)

    cards.north.approve(first(order), minor=minor)
    payment = await cards.confirm(handle)
    await cards.reversal_of(first(order))

    assert (payment.status, payment.code) == (PaymentStatus.FAILED, Code.CHALLENGE_CHANGED)
    assert cards.north.effects == [f"reserve {first(order)} {minor}", f"void {first(order)}"]
    assert cards.balance() == {}


async def test_a_bank_that_thinks_after_the_challenge_is_asked_until_it_knows(
    cards: CardDesk,
) -> None:
    order = make_order()
    handle = await challenged(cards, order)

    cards.north.ponder(first(order))
    thinking = await cards.confirm(handle)
    await cards.until_tried(await cards.challenge_of(order), "providers.ask", attempts=1)
    cards.north.approve(first(order))
    payment = await cards.told(handle)

    assert thinking.status in (PaymentStatus.REQUIRES_ACTION, PaymentStatus.PROCESSING)
    assert payment.status is PaymentStatus.CAPTURED


async def test_a_challenge_found_open_after_a_lost_answer_is_shown(cards: CardDesk) -> None:
    cards.north.takes(How.LOSE_ANSWER)
    order = make_order()
    cards.north.silent = True
    handle, paying = await cards.starting(order)
    await cards.until_tried(handle, "providers.ask", attempts=2)
    cards.north.books[first(order)].state = "CHALLENGE"
    cards.north.books[first(order)].expires_at = order.deadline
    cards.north.effects.clear()

    cards.north.silent = False
    await cards.told(handle)
    _, payment = await paying
    cards.north.approve(first(order))
    charged = await cards.confirm(handle)

    assert payment.status is PaymentStatus.REQUIRES_ACTION
    assert charged.status is PaymentStatus.CAPTURED
    assert len(cards.north.effects) == 1


async def test_temporals_cancel_button_on_either_means_cancel(cards: CardDesk) -> None:
    orders = [make_order(), make_order()]
    handles = [await challenged(cards, order) for order in orders]

    await handles[0].cancel()
    await (await cards.challenge_of(orders[1])).cancel()

    assert await handles[0].result() is PaymentStatus.CANCELED
    assert await handles[1].result() in (PaymentStatus.CANCELED, PaymentStatus.FAILED)
    assert sorted(cards.north.effects) == sorted(f"void {first(order)}" for order in orders)


async def test_a_challenge_ended_by_force_leaves_the_payment_asking(cards: CardDesk) -> None:
    order = make_order()
    handle = await challenged(cards, order)

    await (await cards.challenge_of(order)).terminate()
    cards.north.approve(first(order))

    assert await handle.result() is PaymentStatus.CAPTURED
