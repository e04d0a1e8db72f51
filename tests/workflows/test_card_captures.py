"""What is reserved: taken whole, in parts, by many at once; given back; left to its end."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import WorkflowUpdateFailedError

from payments.domain.charge import Operation
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.payment import CaptureOrder, PaymentAnswer, PaymentStatus
from tests.provider_script import HARD, How
from tests.workflows.card_desk import TRACE, CardDesk, first, make_order
from tests.workflows.engine import refusal_of
from workflows.card_payment import CardPayment

WEEK = timedelta(days=7, seconds=1)
EARNED = {"provider_receivable": 10_000, "partner_payable": -9_830, "fee_income": -170}


async def test_all_of_it_is_taken(cards: CardDesk) -> None:
    handle, authorized = await cards.authorize()
    assert authorized.expires_at is not None

    answer = await cards.capture(handle, key="cap_1")

    assert answer.payment is not None
    assert answer.payment.status is PaymentStatus.CAPTURED
    assert answer.payment.captured_minor == 10_000
    assert await handle.result() is PaymentStatus.CAPTURED
    assert cards.north.effects[1:] == ["capture cap_1 10000"]
    assert cards.balance() == EARNED


async def test_it_is_taken_in_parts_and_the_last_ends_it(cards: CardDesk) -> None:
    handle, _ = await cards.authorize()

    answers = [await cards.capture(handle, minor) for minor in (3_000, 3_000, 4_000)]

    statuses = [answer.payment.status for answer in answers if answer.payment]
    assert statuses == [PaymentStatus.PARTIALLY_CAPTURED] * 2 + [PaymentStatus.CAPTURED]
    assert cards.events == ["authorized", "captured", "captured", "captured"]
    # The flat part of the fee is taken once.
    assert cards.balance() == EARNED


async def test_a_final_part_gives_the_rest_back(cards: CardDesk) -> None:
    handle, _ = await cards.authorize()

    answer = await cards.capture(handle, 4_000, final=True)

    assert answer.payment is not None
    assert (answer.payment.status, answer.payment.captured_minor) == (PaymentStatus.CAPTURED, 4_000)
    assert await handle.result() is PaymentStatus.CAPTURED
    assert set(cards.balance()) == set(EARNED)


@pytest.mark.parametrize(
    ("minor", "code"), [(10_001, Code.CAPTURE_TOO_LARGE), (0, Code.CAPTURE_TOO_LARGE)]
)
async def test_more_than_is_reserved_is_refused(cards: CardDesk, minor: int, code: Code) -> None:
    handle, _ = await cards.authorize()

    assert await refusal_of(cards.capture(handle, minor)) is code
    assert len(cards.north.effects) == 1


async def test_another_currency_is_refused(cards: CardDesk) -> None:
    handle, _ = await cards.authorize()
    order = CaptureOrder("cap_1", TRACE, Money(10, "EUR"))

    refused = await refusal_of(handle.execute_update(CardPayment.capture, order))

    assert refused is Code.CURRENCY_REFUSED


async def test_the_rest_is_what_was_not_taken_yet(cards: CardDesk) -> None:
    handle, _ = await cards.authorize()
    await cards.capture(handle, 6_000)

    refused = await refusal_of(cards.capture(handle, 4_001))
    answer = await cards.capture(handle)

    assert refused is Code.CAPTURE_TOO_LARGE
    assert answer.payment is not None
    assert answer.payment.captured_minor == 10_000


async def test_captures_at_once_never_take_more_than_is_reserved(cards: CardDesk) -> None:
    cards.north.gate = asyncio.Event()
    cards.north.gate.set()
    handle, _ = await cards.authorize()
    cards.north.gate.clear()
    capturing = [asyncio.create_task(cards.capture(handle, 3_000)) for _ in range(8)]
    await cards.until_tried(handle, "providers.capture")

    cards.north.gate.set()
    answers = await asyncio.gather(*capturing, return_exceptions=True)

    assert sum(isinstance(answer, PaymentAnswer) for answer in answers) == 3
    assert sum(isinstance(answer, WorkflowUpdateFailedError) for answer in answers) == 5
    assert len(cards.north.effects) == 1 + 3
    (row,) = cards.payments.rows.values()
    assert row.captured_minor == 9_000


async def test_the_same_capture_asked_twice_is_one_capture_and_one_answer(cards: CardDesk) -> None:
    handle, _ = await cards.authorize()

    first_answer = await cards.capture(handle, 3_000, key="cap_1")
    again = await cards.capture(handle, 3_000, key="cap_1")
    other = await refusal_of(cards.capture(handle, 4_000, key="cap_1"))

    assert first_answer == again
    assert other is Code.REFERENCE_USED
    assert cards.north.effects[1:] == ["capture cap_1 3000"]


async def test_a_declined_capture_leaves_what_is_reserved(cards: CardDesk) -> None:
    cards.north.takes(HARD, operation=Operation.CAPTURE)
    handle, _ = await cards.authorize()

    declined = await cards.capture(handle)
    answer = await cards.capture(handle)

    assert declined.refused is Code.EXPIRED_CARD
    assert answer.payment is not None
    assert answer.payment.status is PaymentStatus.CAPTURED
    assert cards.balance() == EARNED


async def test_a_provider_that_is_down_is_captured_from_when_it_is_back(cards: CardDesk) -> None:
    handle, _ = await cards.authorize()
    cards.north.unreachable = True
    capturing = asyncio.create_task(cards.capture(handle))
    await cards.until_tried(handle, "providers.capture", attempts=2)

    cards.north.unreachable = False
    await cards.skip(handle, timedelta(minutes=1))
    answer = await capturing

    assert answer.payment is not None
    assert len(cards.north.effects) == 2


async def test_a_canceled_reservation_is_voided(cards: CardDesk) -> None:
    order = make_order(capture=False)
    handle, _ = await cards.charge(order)

    answer = await cards.cancel(handle)

    assert answer.payment is not None
    assert answer.payment.status is PaymentStatus.CANCELED
    assert await handle.result() is PaymentStatus.CANCELED
    assert cards.north.effects[1:] == [f"void {first(order)}"]
    assert cards.events == ["authorized", "canceled"]
    assert cards.balance() == {}


async def test_a_cancel_after_a_part_gives_back_the_rest(cards: CardDesk) -> None:
    handle, _ = await cards.authorize()
    await cards.capture(handle, 4_000)

    answer = await cards.cancel(handle)

    assert answer.payment is not None
    assert (answer.payment.status, answer.payment.captured_minor) == (PaymentStatus.CAPTURED, 4_000)
    assert set(cards.balance()) == set(EARNED)


async def test_a_void_whose_answer_is_lost_is_done_again(cards: CardDesk) -> None:
    cards.north.takes(How.LOSE_ANSWER, operation=Operation.VOID)
    handle, _ = await cards.authorize()

    await cards.cancel(handle)

    assert await handle.result() is PaymentStatus.CANCELED
    assert sum(effect.startswith("void") for effect in cards.north.effects) == 1


async def test_a_capture_that_stood_in_line_goes_before_a_cancel(cards: CardDesk) -> None:
    cards.north.gate = asyncio.Event()
    cards.north.gate.set()
    handle, _ = await cards.authorize()
    cards.north.gate.clear()
    capturing = asyncio.create_task(cards.capture(handle))
    await cards.until_tried(handle, "providers.capture")
    canceling = asyncio.create_task(cards.cancel(handle))
    await asyncio.sleep(0)

    cards.north.gate.set()
    answers = await asyncio.gather(capturing, canceling, return_exceptions=True)

    assert answers[0].payment.status is PaymentStatus.CAPTURED  # type: ignore[union-attr]
    assert cards.balance() == EARNED
    assert not any(call.startswith("void") for call in cards.north.calls)


async def test_nothing_can_be_taken_after_a_cancel(cards: CardDesk) -> None:
    cards.north.gate = asyncio.Event()
    cards.north.gate.set()
    handle, _ = await cards.authorize()
    cards.north.gate.clear()
    canceling = asyncio.create_task(cards.cancel(handle))
    await cards.until_tried(handle, "providers.void")

    refused = await refusal_of(cards.capture(handle))
    cards.north.gate.set()
    await canceling

    assert refused is Code.PAYMENT_STATE


async def test_what_nobody_takes_is_given_back_at_its_end(cards: CardDesk) -> None:
    order = make_order(capture=False)
    handle, _ = await cards.charge(order)

    await cards.skip(handle, WEEK)

    assert await handle.result() is PaymentStatus.EXPIRED
    assert cards.north.effects[1:] == [f"void {first(order)}"]
    assert cards.events == ["authorized", "expired"]
    assert cards.balance() == {}


async def test_what_was_taken_in_part_stays_taken_at_the_end(cards: CardDesk) -> None:
    handle, _ = await cards.authorize()
    await cards.capture(handle, 4_000)

    await cards.skip(handle, WEEK)

    assert await handle.result() is PaymentStatus.CAPTURED
    assert set(cards.balance()) == set(EARNED)


async def test_a_reservation_the_provider_gave_up_is_over(cards: CardDesk) -> None:
    order = make_order(capture=False)
    handle, _ = await cards.charge(order)
    still = await cards.told(handle)

    cards.north.give_up(first(order))
    payment = await cards.told(handle)

    assert still.status is PaymentStatus.AUTHORIZED
    assert payment.status is PaymentStatus.EXPIRED
    assert await handle.result() is PaymentStatus.EXPIRED


async def test_what_somebody_took_past_us_is_sent_back_after_a_cancel(cards: CardDesk) -> None:
    order = make_order(capture=False)
    handle, _ = await cards.charge(order)
    cards.north.take_past_us(first(order))

    await cards.cancel(handle)
    sent_back = await cards.reversal_of(first(order))

    assert sent_back
    assert cards.north.effects[-1] == f"refund {first(order)}-back 10000"
    assert cards.balance() == {}


async def test_temporals_cancel_button_gives_a_reservation_back(cards: CardDesk) -> None:
    handle, _ = await cards.authorize()

    await handle.cancel()

    assert await handle.result() is PaymentStatus.CANCELED
    assert cards.balance() == {}


async def test_temporals_cancel_button_does_not_stop_a_capture(cards: CardDesk) -> None:
    cards.north.gate = asyncio.Event()
    cards.north.gate.set()
    handle, _ = await cards.authorize()
    cards.north.gate.clear()
    capturing = asyncio.create_task(cards.capture(handle))
    await cards.until_tried(handle, "providers.capture")

    await handle.cancel()
    cards.north.gate.set()
    answer = await capturing

    assert answer.payment is not None
    assert answer.payment.status is PaymentStatus.CAPTURED
    assert cards.balance() == EARNED
