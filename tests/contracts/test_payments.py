"""The promises of ports.payments.Payments, for PostgreSQL and for the fake."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from payments.domain import ids
from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Assessment, Begun, Verdict
from payments.ports.methods import Customer, Methods
from payments.ports.payments import Payments
from tests.card_factories import (
    NOW,
    PASSED,
    make_attempt,
    make_card,
    make_decision,
    make_fact,
    make_order,
)
from tests.contracts.card_record import ACTION, S, begun, fact_of, usd


async def test_a_payment_that_was_begun_is_processing(payments: Payments) -> None:
    order = await begun(payments, metadata={"cart": "7"}, return_url="http://localhost/back")

    found = await payments.find(order.partner_id, order.payment_id)

    assert found is not None
    assert found.status is S.PROCESSING
    assert (found.amount, found.capture, found.reference) == (order.amount, True, order.reference)
    assert (found.card_brand, found.card_last4) == ("visa", "4242")
    assert (found.captured_minor, found.refunded_minor, found.fee_minor) == (0, 0, 0)
    assert (found.metadata, found.return_url) == ({"cart": "7"}, "http://localhost/back")
    assert (found.created_at, found.content, found.provider) == (NOW, order.content, None)
    assert await payments.by_reference(order.partner_id, order.reference) == found


async def test_an_order_that_comes_too_late_begins_nothing_and_goes_on_with_what_it_began(
    payments: Payments,
) -> None:
    late = make_order(deadline=datetime.now(UTC) - timedelta(seconds=1))
    before = await begun(payments)

    refused = await payments.begin(late, PASSED, make_decision())
    again = await payments.begin(replace(before, deadline=late.deadline), PASSED, make_decision())

    assert refused == Begun(refused=Code.ENGINE_UNAVAILABLE)
    assert await payments.find(late.partner_id, late.payment_id) is None
    assert again == Begun(PASSED, make_decision())


async def test_a_payment_is_its_own_partners_only(payments: Payments) -> None:
    order = await begun(payments)

    assert await payments.find("partner_2", order.payment_id) is None
    assert await payments.by_reference("partner_2", order.reference) is None
    assert await payments.find("partner_1", "pay_unknown") is None


async def test_the_same_order_begins_once(payments: Payments) -> None:
    order = await begun(payments)

    # The rules have changed since; what was decided then stands.
    elsewhere = make_decision(providers=("SOUTH",))
    again = [payments.begin(order, PASSED, elsewhere) for _ in range(10)]

    assert await asyncio.gather(*again) == [Begun(PASSED, make_decision())] * 10


async def test_a_reference_names_one_payment_for_ever(payments: Payments) -> None:
    order = await begun(payments)
    another = make_order(reference=order.reference)
    later = replace(order, trace="partner_1.20260501T000000000Z.00000000")

    for asked in (another, later):
        assert (await payments.begin(asked, PASSED, make_decision())).refused is Code.REFERENCE_USED
    theirs = make_order(partner_id="partner_2", reference=order.reference)
    assert (await payments.begin(theirs, PASSED, make_decision())).refused is None


async def test_a_method_and_its_client_token_pay_once(payments: Payments) -> None:
    card = make_card()
    await begun(payments, card=card)

    for used in (make_card(token=card.token), make_card(client_token=card.client_token)):
        order = make_order(card=used)
        assert (await payments.begin(order, PASSED, make_decision())).refused is Code.METHOD_USED
        assert await payments.find(order.partner_id, order.payment_id) is None


async def test_of_many_that_pay_with_one_method_at_once_one_begins(payments: Payments) -> None:
    card = make_card()
    orders = [make_order(card=card) for _ in range(30)]

    answers = await asyncio.gather(
        *(payments.begin(each, PASSED, make_decision()) for each in orders)
    )

    refusals = [answer.refused for answer in answers]
    assert refusals.count(None) == 1
    assert refusals.count(Code.METHOD_USED) == 29


async def test_a_saved_method_pays_again_for_its_own_customer(
    payments: Payments, methods: Methods
) -> None:
    card = make_card()
    customer_id = ids.customer_id("partner_1", card.token)
    await methods.add_customer(Customer(customer_id, "partner_1", card.token, NOW))
    order = await begun(payments, card=card, customer_id=customer_id, save_method=True)
    assert await methods.saved("partner_1", card.token) is None
    await payments.move(fact_of(order, S.CAPTURED))

    saved = await methods.saved("partner_1", card.token)
    assert saved is not None
    assert (saved.card, saved.customer_id) == (card, customer_id)
    for _ in range(2):
        await begun(payments, card=card, customer_id=customer_id)
    stranger = make_order(card=card, customer_id="cus_another")
    assert (await payments.begin(stranger, PASSED, make_decision())).refused is Code.METHOD_USED


async def test_a_card_is_not_saved_by_a_payment_that_failed_or_did_not_ask(
    payments: Payments, methods: Methods
) -> None:
    for status, save in ((S.FAILED, True), (S.CAPTURED, False)):
        card = make_card()
        customer_id = ids.customer_id("partner_1", card.token)
        await methods.add_customer(Customer(customer_id, "partner_1", card.token, NOW))
        order = await begun(payments, card=card, customer_id=customer_id, save_method=save)
        await payments.move(fact_of(order, status))

        assert await methods.saved("partner_1", card.token) is None


async def test_a_captured_payment_says_so(payments: Payments) -> None:
    order = await begun(payments)
    fact = fact_of(order, S.CAPTURED, provider_reference="acq_1", fee=Money(170, "USD"))

    moved = await payments.move(fact)

    assert (moved.status, moved.captured_minor, moved.fee_minor) == (S.CAPTURED, 10_000, 170)
    assert (moved.provider, moved.provider_reference) == ("NORTH", "acq_1")
    assert (moved.updated_at, moved.expires_at, moved.code) == (NOW, None, None)
    assert await payments.find(order.partner_id, order.payment_id) == moved


async def test_a_failed_payment_says_why(payments: Payments) -> None:
    order = await begun(payments)

    moved = await payments.move(fact_of(order, S.FAILED))

    assert (moved.status, moved.code) == (S.FAILED, Code.INSUFFICIENT_FUNDS)
    assert moved.raw_code == "insufficient_funds"


async def test_a_payment_of_which_nothing_was_sent_has_no_provider(payments: Payments) -> None:
    order = make_order()
    blocked = Assessment(Verdict.BLOCK, "limits")
    assert (await payments.begin(order, blocked, make_decision())).refused is None
    attempt = make_attempt(order, number=0, provider="")

    moved = await payments.move(make_fact(attempt, S.FAILED, code=Code.RISK_DECLINE))

    assert (moved.status, moved.code, moved.provider) == (S.FAILED, Code.RISK_DECLINE, None)
    assert await payments.latest_attempt(order.payment_id) is None


async def test_what_the_customer_had_to_do_is_remembered(payments: Payments) -> None:
    order = await begun(payments)

    asked = await payments.move(fact_of(order, S.REQUIRES_ACTION, expires_at=ACTION.expires_at))
    assert (asked.next_action, asked.expires_at) == (ACTION, ACTION.expires_at)

    done = await payments.move(fact_of(order, S.CAPTURED))
    assert (done.next_action, done.expires_at) == (ACTION, None)


async def test_only_a_payment_that_was_begun_like_this_is_written(payments: Payments) -> None:
    order = await begun(payments)

    for other in (make_order(), replace(order, amount=usd(10_001))):
        attempt = make_attempt(other)
        with pytest.raises(LookupError):
            await payments.move(make_fact(attempt, S.CAPTURED, captured=other.amount))
        with pytest.raises(LookupError):
            await payments.suspend(attempt)
        with pytest.raises(LookupError):
            await payments.attempted(attempt, Answer(OutcomeKind.NOT_SENT))
    with pytest.raises(LookupError):
        await payments.reversed(make_attempt(order), order.amount, captured=True)
