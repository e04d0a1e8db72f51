"""A card payment that is decided at once: taken, declined, tried elsewhere, refused, held."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus, WorkflowFailureError

from payments.domain.card import Decline
from payments.domain.codes import Code
from payments.domain.payment import PaymentStatus, Review, Verdict
from payments.temporal import AMOUNT_MINOR, PARTNER_ID, PAY_STATE, PROVIDER
from tests.card_factories import PASSED, make_card, make_decision
from tests.provider_script import HARD, NEVER, SOFT, STEP_UP, How
from tests.workflows.card_desk import TRACE, CardDesk, first, make_order
from tests.workflows.engine import refusal_of
from workflows.card_payment import CardPayment


async def test_a_card_is_charged_at_once_and_written_down(cards: CardDesk) -> None:
    order = make_order()

    handle, payment = await cards.charge(order)

    assert payment.status is PaymentStatus.CAPTURED
    assert (payment.captured_minor, payment.fee_minor) == (10_000, 170)
    assert payment.provider_reference == f"acq_{first(order)}"
    assert cards.north.effects == [f"take {first(order)} 10000"]
    assert (cards.kinds, cards.events) == (["captured"], ["captured"])
    assert await handle.result() is PaymentStatus.CAPTURED


@pytest.mark.parametrize("decline", [HARD, NEVER])
async def test_a_hard_decline_is_the_end_and_nothing_moved(
    cards: CardDesk, decline: Decline
) -> None:
    cards.north.takes(decline)

    handle, payment = await cards.charge()

    assert (payment.status, payment.code) == (PaymentStatus.FAILED, decline.code)
    assert payment.raw_code == decline.raw
    assert cards.south.calls == []
    assert (cards.kinds, cards.events) == ([], ["failed"])
    assert await handle.result() is PaymentStatus.FAILED


async def test_a_soft_decline_goes_on_to_the_next_provider(cards: CardDesk) -> None:
    cards.north.takes(SOFT)
    order = make_order()

    _, payment = await cards.charge(order)

    assert (payment.status, payment.provider) == (PaymentStatus.CAPTURED, "SOUTH")
    assert cards.north.effects == []
    assert cards.south.effects == [f"take {order.payment_id}-2 10000"]


async def test_declined_softly_by_all_it_fails_with_the_last_reason(cards: CardDesk) -> None:
    cards.north.takes(SOFT)
    cards.south.takes(Decline(Code.LIMIT_EXCEEDED, "61", "61"))

    _, payment = await cards.charge()

    assert (payment.status, payment.code) == (PaymentStatus.FAILED, Code.LIMIT_EXCEEDED)
    assert cards.events == ["failed"]


async def test_what_the_network_forbids_is_not_tried_at_the_next_provider(cards: CardDesk) -> None:
    # Visa's 14 is softly worded by this provider, and final for its network all the same.
    cards.north.takes(Decline(Code.DO_NOT_HONOR, "14", "14"))

    _, payment = await cards.charge()

    assert payment.status is PaymentStatus.FAILED
    assert cards.south.calls == []


async def test_a_provider_switched_off_meanwhile_is_not_tried(cards: CardDesk) -> None:
    cards.north.takes(SOFT)
    cards.north.gate = asyncio.Event()
    order = make_order()
    handle, paying = await cards.starting(order)
    await cards.until_tried(handle, "providers.authorize")

    cards.route.off.add("SOUTH")
    cards.north.gate.set()
    _, payment = await paying

    assert (payment.status, payment.code) == (PaymentStatus.FAILED, Code.INSUFFICIENT_FUNDS)
    assert cards.south.calls == []


@pytest.mark.parametrize("how", [How.UNREACHABLE, How.TOO_BUSY])
async def test_what_surely_was_not_sent_goes_on_to_the_next_provider(
    cards: CardDesk, how: How
) -> None:
    cards.north.takes(how, how, how)

    _, payment = await cards.charge()

    assert (payment.status, payment.provider) == (PaymentStatus.CAPTURED, "SOUTH")
    # A few quick tries; one is enough when the provider itself wants to be left alone.
    assert len(cards.north.calls) == (3 if how is How.UNREACHABLE else 1)
    assert cards.kinds == ["captured"]


async def test_when_no_provider_can_be_reached_it_fails_and_says_so(cards: CardDesk) -> None:
    cards.north.unreachable = cards.south.unreachable = True

    _, payment = await cards.charge()

    assert (payment.status, payment.code) == (PaymentStatus.FAILED, Code.PROVIDER_UNAVAILABLE)
    assert cards.balance() == {}


async def test_the_issuer_wants_a_challenge_and_gets_one_once(cards: CardDesk) -> None:
    cards.north.takes(STEP_UP, STEP_UP)
    order = make_order()

    _, payment = await cards.charge(order)

    assert (payment.status, payment.code) == (PaymentStatus.FAILED, Code.AUTHENTICATION_REQUIRED)
    assert [attempt.attempt.challenge for attempt in cards.payments.sent.values()] == [False, True]
    assert cards.south.calls == []


@pytest.mark.parametrize(
    ("how", "code"),
    [
        (How.WRONG_AMOUNT, Code.CHALLENGE_CHANGED),
        (How.WRONG_PAYEE, Code.CHALLENGE_CHANGED),
    ],
)
async def test_what_was_taken_but_not_ordered_goes_back(
    cards: CardDesk, how: How, code: Code
) -> None:
    cards.north.takes(how)
    order = make_order()

    _, payment = await cards.charge(order)
    sent_back = await cards.reversal_of(first(order))

    assert (payment.status, payment.code) == (PaymentStatus.FAILED, code)
    assert sent_back
    minor = 20_000 if how is How.WRONG_AMOUNT else 10_000
    assert cards.north.effects == [
        f"take {first(order)} {minor}",
        f"refund {first(order)}-back {minor}",
    ]
    assert cards.balance() == {}
    assert cards.events == ["failed", "late_success", "reversed"]


async def test_a_wrong_reservation_is_voided(cards: CardDesk) -> None:
    cards.north.takes(How.WRONG_AMOUNT)
    order = make_order(capture=False)

    await cards.charge(order)
    await cards.reversal_of(first(order))

    assert cards.north.effects == [f"reserve {first(order)} 20000", f"void {first(order)}"]
    assert cards.balance() == {}


async def test_a_provider_that_only_reserves_is_told_to_take_it(cards: CardDesk) -> None:
    cards.north.takes(How.ONLY_RESERVE)
    order = make_order()

    handle, _ = await cards.charge(order)

    assert await handle.result() is PaymentStatus.CAPTURED
    assert cards.north.effects == [
        f"reserve {first(order)} 10000",
        f"capture {first(order)}-all 10000",
    ]


async def test_risk_blocks_a_payment_and_nothing_is_sent(cards: CardDesk) -> None:
    cards.risk.verdict = Verdict.BLOCK

    _, payment = await cards.charge()

    assert (payment.status, payment.code) == (PaymentStatus.FAILED, Code.RISK_DECLINE)
    assert cards.north.calls == cards.south.calls == []


async def test_risk_wants_a_challenge_from_the_first_attempt_on(cards: CardDesk) -> None:
    cards.risk.verdict = Verdict.STEP_UP

    order = make_order()
    await cards.charge(order)

    assert cards.payments.sent[first(order)].attempt.challenge


async def test_without_a_route_it_fails_and_nothing_is_sent(cards: CardDesk) -> None:
    cards.route.off |= {"NORTH", "SOUTH"}

    _, payment = await cards.charge()

    assert (payment.status, payment.code) == (PaymentStatus.FAILED, Code.NO_ROUTE)
    assert cards.north.calls == cards.south.calls == []


async def test_the_same_payment_asked_twice_is_one_payment_and_one_answer(cards: CardDesk) -> None:
    cards.north.gate = asyncio.Event()
    order = make_order()
    handle, first_try = await cards.starting(order)
    _, second = await cards.starting(order)
    await cards.until_tried(handle, "providers.authorize")
    cards.north.gate.set()

    answers = [payment for _, payment in await asyncio.gather(first_try, second)]

    assert answers[0] == answers[1]
    assert len(cards.north.effects) == 1


async def test_another_payment_under_the_same_reference_is_refused(cards: CardDesk) -> None:
    order = make_order(capture=False)
    await cards.charge(order)

    refused = await refusal_of(
        cards.handle_of(order).execute_update(CardPayment.decided, "another content")
    )

    assert refused is Code.REFERENCE_USED


async def test_a_method_of_another_payment_is_refused_and_the_reference_stays_free(
    cards: CardDesk,
) -> None:
    card = make_card()
    await cards.charge(make_order(card=card))
    order = make_order(card=card)

    handle, answer = await cards.begin(order)
    with pytest.raises(WorkflowFailureError):
        await handle.result()
    _, payment = await cards.charge(make_order(reference=order.reference))

    assert answer.refused is Code.METHOD_USED
    assert payment.payment_id == order.payment_id
    assert payment.status is PaymentStatus.CAPTURED
    assert len(cards.north.effects) == 2


async def test_a_payment_nobody_waits_for_any_more_is_not_begun_and_can_be_asked_for_again(
    cards: CardDesk,
) -> None:
    late = make_order(deadline=datetime.now(UTC) - timedelta(seconds=1))

    _, refused = await cards.begin(late)
    with pytest.raises(WorkflowFailureError):
        await cards.handle_of(late).result()
    again = make_order(reference=late.reference, content=late.content)
    _, payment = await cards.charge(again)

    assert refused.refused is Code.ENGINE_UNAVAILABLE
    assert payment.status is PaymentStatus.CAPTURED
    assert len(cards.north.calls) == 1


async def test_what_a_worker_began_before_it_died_goes_on_however_late_the_next_one_comes(
    cards: CardDesk,
) -> None:
    order = make_order()
    await cards.payments.begin(order, PASSED, make_decision())

    _, payment = await cards.charge(
        replace(order, deadline=datetime.now(UTC) - timedelta(seconds=1))
    )

    assert payment.status is PaymentStatus.CAPTURED


async def test_operators_can_filter_by_what_they_know(cards: CardDesk) -> None:
    cards.north.takes(SOFT)

    handle, _ = await cards.charge()
    await handle.result()

    described = await handle.describe()
    found = described.typed_search_attributes
    assert described.status is WorkflowExecutionStatus.COMPLETED
    assert found[PARTNER_ID] == "partner_1"
    assert found[AMOUNT_MINOR] == 10_000
    assert found[PAY_STATE] == "captured"
    assert found[PROVIDER] == "SOUTH"
    assert await described.static_summary() == "100.00 USD from visa …4242 for partner_1"


async def test_temporals_cancel_button_does_not_stop_a_payment_that_is_on_its_way(
    cards: CardDesk,
) -> None:
    cards.north.gate = asyncio.Event()
    order = make_order()
    handle, paying = await cards.starting(order)
    await cards.until_tried(handle, "providers.authorize")

    await handle.cancel()
    await cards.until_cancel_arrived(handle)
    cards.north.gate.set()
    _, payment = await paying

    assert payment.status is PaymentStatus.CAPTURED
    assert await handle.result() is PaymentStatus.CAPTURED


async def test_doors_that_do_not_fit_the_state_are_shut(cards: CardDesk) -> None:
    handle, _ = await cards.authorize()

    confirmed = await refusal_of(handle.execute_update(CardPayment.confirm, TRACE))
    reviewed = await refusal_of(
        handle.execute_update(CardPayment.review, Review(approved=True, by="ann"))
    )

    assert confirmed is reviewed is Code.PAYMENT_STATE
