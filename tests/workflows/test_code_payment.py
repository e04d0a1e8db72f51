"""A payment by a code: shown, paid in time, or not; and a code that nobody may be shown."""

from datetime import timedelta

import pytest

from payments.domain import emv
from payments.domain.card import Decline
from payments.domain.codes import Code
from payments.domain.method import DisplayCode
from payments.domain.payment import PaymentStatus
from tests.code_fakes import code_over
from tests.provider_script import SOFT, How
from tests.workflows.card_desk import CardDesk, first, make_code_order

S = PaymentStatus
PAST_EXPIRY = timedelta(minutes=15, seconds=1)


async def test_the_customer_is_shown_a_code_over_what_was_ordered(cards: CardDesk) -> None:
    order = make_code_order()

    await cards.shown(order)

    payment = cards.payments.rows[order.payment_id]
    action = payment.next_action
    assert action is not None
    assert (action.type, payment.display) == ("display_code", DisplayCode("BR"))
    assert action.copy_code is not None
    assert emv.asks_for(action.copy_code) == (order.amount, "BR")


async def test_the_exact_amount_in_time_captures(cards: CardDesk) -> None:
    order = make_code_order()
    handle, reference = await cards.shown(order)

    came = cards.north.pay(reference)
    payment = await cards.told(handle)

    assert (payment.status, payment.captured_minor) == (S.CAPTURED, 10_000)
    assert payment.provider_reference == came.id
    assert await handle.result() is S.CAPTURED
    assert (cards.kinds, cards.events) == (["captured"], ["requires_action", "captured"])
    fee = cards.balance()["fee_income"]
    assert cards.balance()["partner_payable"] == -10_000 - fee
    assert "suspense" not in cards.balance()


async def test_asking_before_anything_came_changes_nothing(cards: CardDesk) -> None:
    handle, reference = await cards.shown()

    waiting = await cards.confirm(handle)
    cards.north.pay(reference)
    paid = await cards.confirm(handle)

    assert (waiting.status, paid.status) == (S.REQUIRES_ACTION, S.CAPTURED)


async def test_who_never_pays_lets_it_expire_and_the_code_is_taken_back(cards: CardDesk) -> None:
    order = make_code_order()
    handle, reference = await cards.shown(order)

    await cards.skip(handle, PAST_EXPIRY)

    assert await handle.result() is S.EXPIRED
    assert cards.payments.rows[order.payment_id].code is Code.ACTION_EXPIRED
    assert cards.north.effects == [f"void {reference}"]
    assert (cards.balance(), cards.events) == ({}, ["requires_action", "expired"])


async def test_who_paid_and_was_never_heard_of_has_paid(cards: CardDesk) -> None:
    handle, reference = await cards.shown()
    cards.north.pay(reference)

    await cards.skip(handle, PAST_EXPIRY)

    assert await handle.result() is S.CAPTURED


async def test_a_cancel_takes_the_code_back(cards: CardDesk) -> None:
    handle, reference = await cards.shown()

    answer = await cards.cancel(handle)

    assert answer.payment is not None
    assert answer.payment.status is S.CANCELED
    assert await handle.result() is S.CANCELED
    assert cards.north.effects == [f"void {reference}"]


async def test_a_code_over_anything_else_is_shown_to_nobody_and_taken_back(
    cards: CardDesk,
) -> None:
    order = make_code_order()
    cards.north.takes(How.WRONG_CODE)

    handle, payment = await cards.charge(order)

    assert (payment.status, payment.code) == (S.FAILED, Code.CHALLENGE_CHANGED)
    assert payment.next_action is None
    await handle.result()
    assert cards.north.effects == [f"void {first(order)}"]
    assert (cards.balance(), cards.events) == ({}, ["failed"])


@pytest.mark.parametrize("why", [SOFT, How.TOO_BUSY], ids=["declined", "not sent"])
async def test_another_provider_shows_its_code_when_the_first_does_not(
    cards: CardDesk, why: How | Decline
) -> None:
    order = make_code_order()
    cards.north.takes(why)
    cards.south.takes(How.CHALLENGE)

    handle, payment = await cards.charge(order)
    cards.south.pay(f"{order.payment_id}-2")

    assert payment.status is S.REQUIRES_ACTION
    assert (await cards.told(handle)).status is S.CAPTURED
    assert cards.north.effects == []


async def test_a_lost_answer_is_asked_for_and_no_second_code_is_made(cards: CardDesk) -> None:
    order = make_code_order()
    cards.north.takes(How.PENDING)
    handle, paying = await cards.starting(order)
    await cards.until_tried(handle, "providers.ask", attempts=2)
    book = cards.north.books[first(order)]
    book.state, book.expires_at = "CHALLENGE", order.deadline
    book.code = code_over(order.amount)

    shown = await cards.told(handle)
    await paying
    cards.north.pay(first(order))

    assert shown.status is S.REQUIRES_ACTION
    assert (await cards.told(handle)).status is S.CAPTURED
    assert len([call for call in cards.north.calls if call.startswith("authorize ")]) == 1
