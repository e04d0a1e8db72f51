"""The promises of ports.payments.Payments for payments at a bank, for PostgreSQL and the fake."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from payments.domain import ids
from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.method import BankRedirect
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Begun, PaymentOrder
from payments.domain.provider import ProviderKind
from payments.domain.routing import Facts, Retries, Routed
from payments.ports.methods import Customer, Methods
from payments.ports.payments import Filter, Payments
from tests.card_factories import (
    NOW,
    PASSED,
    make_attempt,
    make_bank_order,
    make_decision,
    make_order,
)
from tests.contracts.card_record import ACTION, DECLINED, S, fact_of

SUNNY = BankRedirect("GB", "SUNNY")
ANY = BankRedirect("DE")
FACTS = Facts(10_000, "USD", "GB", "", "", "bank_redirect", "partner_1")


async def begun(payments: Payments, **changes: Any) -> PaymentOrder:
    order = make_bank_order(**changes)
    assert (await payments.begin(order, PASSED, make_decision(facts=FACTS))).refused is None
    return order


@pytest.mark.parametrize("bank", [SUNNY, ANY], ids=lambda bank: bank.bank or "any")
async def test_a_bank_payment_says_at_which_bank_and_has_no_card(
    payments: Payments, bank: BankRedirect
) -> None:
    order = await begun(payments, bank=bank)

    found = await payments.find(order.partner_id, order.payment_id)

    assert found is not None
    assert (found.status, found.bank, found.capture) == (S.PROCESSING, bank, True)
    assert (found.card_brand, found.card_last4) == (None, None)
    assert await payments.by_reference(order.partner_id, order.reference) == found


async def test_the_same_order_begins_once_and_another_under_its_name_never(
    payments: Payments,
) -> None:
    order = await begun(payments)
    again = [payments.begin(order, PASSED, make_decision(providers=("SOUTH",))) for _ in range(5)]
    by_card = make_order(reference=order.reference)

    assert await asyncio.gather(*again) == [Begun(PASSED, make_decision(facts=FACTS))] * 5
    other = await payments.begin(by_card, PASSED, make_decision())
    assert other.refused is Code.REFERENCE_USED


async def test_one_bank_pays_as_often_as_its_customers_like(payments: Payments) -> None:
    orders = [make_bank_order(customer_id="cus_1") for _ in range(10)]

    answers = await asyncio.gather(
        *(payments.begin(each, PASSED, make_decision(facts=FACTS)) for each in orders)
    )

    assert [answer.refused for answer in answers] == [None] * 10


async def test_it_waits_for_the_customer_and_then_is_captured(payments: Payments) -> None:
    order = await begun(payments)
    asked = await payments.move(fact_of(order, S.REQUIRES_ACTION, provider_reference="acq_1"))
    paid = await payments.move(fact_of(order, S.CAPTURED, fee=Money(170, "USD")))

    assert (asked.next_action, asked.bank) == (ACTION, SUNNY)
    assert (paid.status, paid.captured_minor, paid.fee_minor) == (S.CAPTURED, 10_000, 170)
    assert (paid.bank, paid.provider, paid.provider_reference) == (SUNNY, "NORTH", "acq_1")
    assert await payments.find(order.partner_id, order.payment_id) == paid


async def test_its_attempts_are_kept_whole_and_led_on(payments: Payments) -> None:
    order = await begun(payments)
    first, second = make_attempt(order), make_attempt(order, 2, "SOUTH")

    await payments.attempted(first, Answer(OutcomeKind.DECLINED, decline=DECLINED), second)
    named = await payments.named(first.reference)

    assert await payments.attempt(first.reference) == first
    assert await payments.latest_attempt(order.payment_id) == second
    assert named is not None
    assert (named.attempt, named.is_latest) == (first, False)


async def test_no_card_network_counts_what_a_bank_declined(payments: Payments) -> None:
    order = await begun(payments)
    await payments.move(fact_of(order, S.FAILED))

    assert await payments.retries(order.partner_id, "f" * 64, order.amount) == Retries()


async def test_it_stands_among_all_payments_of_its_partner(payments: Payments) -> None:
    partner = "partner_bank"
    later = NOW + timedelta(seconds=1)
    at_bank = await begun(payments, partner_id=partner, created_at=NOW)
    by_card = make_order(partner_id=partner, created_at=later)
    await payments.begin(by_card, PASSED, make_decision())

    listed = await payments.list(partner, Filter())

    assert [each.payment_id for each in listed] == [by_card.payment_id, at_bank.payment_id]
    assert [each.bank for each in listed] == [None, SUNNY]


async def test_a_dry_run_knows_who_can_take_it(payments: Payments) -> None:
    order = await begun(payments, created_at=NOW + timedelta(days=1))

    [newest] = await payments.routed(1)

    assert newest == Routed(
        order.payment_id, make_decision(facts=FACTS), frozenset({ProviderKind.SANDBOX})
    )
    assert await payments.decision(order.payment_id) == make_decision(facts=FACTS)


async def test_nothing_is_saved_of_it_whatever_is_asked(
    payments: Payments, methods: Methods
) -> None:
    customer_id = ids.customer_id("partner_1", "somebody")
    await methods.add_customer(Customer(customer_id, "partner_1", "somebody", NOW))
    order = await begun(payments, customer_id=customer_id, save_method=True)

    await payments.move(fact_of(order, S.CAPTURED))

    assert await methods.of_customer("partner_1", customer_id) == []
