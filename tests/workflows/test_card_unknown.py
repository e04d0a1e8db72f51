"""Outcomes that are not known at once: asked after, never guessed, never tried elsewhere."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.client import WorkflowUpdateStage

from payments.domain.charge import Operation
from payments.domain.codes import Code
from payments.domain.payment import PaymentStatus
from tests.provider_script import HARD, SOFT, How
from tests.workflows.card_desk import CardDesk, first, make_order
from workflows.card_payment import CardPayment


@pytest.mark.parametrize("how", [How.LOSE_ANSWER, How.BREAK])
async def test_a_lost_answer_is_asked_after_and_found_taken(cards: CardDesk, how: How) -> None:
    cards.north.takes(how)
    order = make_order()

    _, payment = await cards.charge(order)

    assert payment.status is PaymentStatus.CAPTURED
    assert cards.north.effects == [f"take {first(order)} 10000"]
    assert cards.north.calls.count(f"authorize {first(order)}") == 1
    assert cards.south.calls == []
    assert cards.kinds == ["suspended", "captured"]


async def test_what_would_only_be_reserved_does_not_wait_in_suspense(cards: CardDesk) -> None:
    cards.north.takes(How.LOSE_ANSWER)

    await cards.authorize()

    assert cards.kinds == ["authorized"]


async def test_an_unknown_outcome_is_found_declined_and_comes_out_of_suspense(
    cards: CardDesk,
) -> None:
    cards.north.takes(How.PENDING)
    order = make_order()
    handle, paying = await cards.starting(order)
    await cards.until_tried(handle, "providers.ask", attempts=2)
    assert (await handle.query(CardPayment.payment)).status is PaymentStatus.PROCESSING

    cards.north.decline(first(order), HARD)
    told = await cards.told(handle)
    _, payment = await paying

    assert told == payment
    assert (payment.status, payment.code) == (PaymentStatus.FAILED, Code.EXPIRED_CARD)
    assert cards.balance() == {}
    assert cards.south.calls == []


async def test_an_unknown_outcome_found_softly_declined_goes_on_to_the_next_provider(
    cards: CardDesk,
) -> None:
    cards.north.takes(How.PENDING)
    order = make_order()
    handle, paying = await cards.starting(order)
    await cards.until_tried(handle, "providers.ask", attempts=2)

    cards.north.decline(first(order), SOFT)
    await cards.told(handle)
    _, payment = await paying

    assert (payment.status, payment.provider) == (PaymentStatus.CAPTURED, "SOUTH")
    assert cards.balance() == {
        "provider_receivable": 10_000,
        "partner_payable": -9_830,
        "fee_income": -170,
    }


async def test_an_unknown_outcome_never_goes_to_the_next_provider_however_long_it_takes(
    cards: CardDesk,
) -> None:
    cards.north.takes(How.LOSE_ANSWER)
    cards.north.silent = True
    order = make_order()
    handle, paying = await cards.starting(order)
    await cards.until_tried(handle, "providers.ask", attempts=2)

    await cards.skip(handle, timedelta(hours=2))
    waiting = cards.status(order)
    cards.north.silent = False
    await cards.skip(handle, timedelta(minutes=2))
    _, payment = await paying

    assert waiting is PaymentStatus.PROCESSING
    assert payment.status is PaymentStatus.CAPTURED
    assert cards.south.calls == []
    assert len(cards.north.effects) == 1


async def test_what_the_provider_surely_never_had_is_sent_again_under_the_same_key(
    cards: CardDesk,
) -> None:
    cards.north.takes(How.LOSE_REQUEST)
    order = make_order()

    _, payment = await cards.charge(order)

    assert (payment.status, payment.provider) == (PaymentStatus.CAPTURED, "NORTH")
    assert cards.north.calls.count(f"authorize {first(order)}") == 2
    assert cards.north.effects == [f"take {first(order)} 10000"]
    assert cards.south.calls == []


async def test_a_webhook_makes_a_waiting_question_be_asked_at_once(cards: CardDesk) -> None:
    cards.north.takes(How.PENDING)
    order = make_order()
    handle, paying = await cards.starting(order)
    # The tenth try comes half a minute after the ninth.
    await cards.until_tried(handle, "providers.ask", attempts=2)

    still = await cards.told(handle)
    cards.north.approve(first(order))
    told = await cards.told(handle)
    _, payment = await paying

    assert still.status is PaymentStatus.PROCESSING
    assert told == payment
    assert payment.status is PaymentStatus.CAPTURED


async def test_a_webhook_that_overtakes_our_own_answer_waits_for_it(cards: CardDesk) -> None:
    cards.north.gate = asyncio.Event()
    order = make_order()
    handle, paying = await cards.starting(order)
    await cards.until_tried(handle, "providers.authorize")

    telling = await handle.start_update(
        CardPayment.told, "evt_early", wait_for_stage=WorkflowUpdateStage.ACCEPTED
    )
    cards.north.gate.set()
    told = await telling.result()
    _, payment = await paying

    assert told.payment == payment
    assert payment.status is PaymentStatus.CAPTURED


async def test_a_provider_that_is_down_while_it_is_asked_is_waited_for(cards: CardDesk) -> None:
    cards.north.takes(How.LOSE_ANSWER)
    cards.north.silent = True
    order = make_order()
    handle, paying = await cards.starting(order)
    await cards.until_tried(handle, "providers.ask", attempts=2)

    still = await cards.told(handle)
    cards.north.silent = False
    await cards.told(handle)
    _, payment = await paying

    assert still.status is PaymentStatus.PROCESSING
    assert payment.status is PaymentStatus.CAPTURED


async def test_a_record_that_is_down_delays_a_payment_and_loses_nothing(cards: CardDesk) -> None:
    cards.payments.unavailable = True
    order = make_order()
    handle, paying = await cards.starting(order)
    await cards.until_tried(handle, "payments.begin")

    await cards.skip(handle, timedelta(minutes=10))
    cards.payments.unavailable = False
    await cards.skip(handle, timedelta(minutes=1))
    _, payment = await paying

    assert payment.status is PaymentStatus.CAPTURED
    assert len(cards.north.effects) == 1


@pytest.mark.parametrize("how", [How.LOSE_ANSWER, How.BREAK, How.LOSE_REQUEST])
async def test_a_capture_of_unknown_outcome_is_asked_after(cards: CardDesk, how: How) -> None:
    cards.north.takes(how, operation=Operation.CAPTURE)
    handle, _ = await cards.authorize()

    answer = await cards.capture(handle, key="cap_1")

    assert answer.payment is not None
    assert answer.payment.status is PaymentStatus.CAPTURED
    assert cards.north.effects[1:] == ["capture cap_1 10000"]
    assert cards.north.calls.count("capture cap_1") == (2 if how is How.LOSE_REQUEST else 1)
