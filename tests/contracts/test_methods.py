"""The promises of ports.methods.Methods, for PostgreSQL and for the fake. Payments save cards."""

import asyncio
from dataclasses import replace
from uuid import uuid4

from payments.domain import ids
from payments.domain.card import Card
from payments.ports.methods import Customer, Methods
from payments.ports.payments import Payments
from tests.card_factories import NOW, make_card
from tests.contracts.card_record import S, begun, fact_of


def make_customer(partner_id: str = "partner_1") -> Customer:
    reference = f"customer-{uuid4()}"
    return Customer(ids.customer_id(partner_id, reference), partner_id, reference, NOW)


async def save(payments: Payments, customer: Customer) -> Card:
    card = make_card()
    order = await begun(payments, card=card, customer_id=customer.customer_id, save_method=True)
    await payments.move(fact_of(order, S.CAPTURED))
    return card


async def test_a_customer_is_added_once(methods: Methods) -> None:
    customer = make_customer()
    later = replace(customer, created_at=NOW.replace(year=2027))

    added = await asyncio.gather(
        *(methods.add_customer(each) for each in (customer, customer, customer))
    )

    assert added == [customer] * 3
    assert await methods.add_customer(later) == customer
    assert await methods.customer("partner_1", customer.customer_id) == customer
    assert await methods.customer("partner_2", customer.customer_id) is None


async def test_saved_cards_are_their_customers_and_partners(
    methods: Methods, payments: Payments
) -> None:
    customer = await methods.add_customer(make_customer())
    cards = [await save(payments, customer) for _ in range(2)]

    found = await methods.of_customer("partner_1", customer.customer_id)
    assert [method.card for method in found] == cards
    assert await methods.saved("partner_1", cards[0].token) == found[0]
    assert await methods.saved("partner_2", cards[0].token) is None
    assert await methods.of_customer("partner_2", customer.customer_id) == []


async def test_a_method_is_forgotten_by_its_own_partner(
    methods: Methods, payments: Payments
) -> None:
    customer = await methods.add_customer(make_customer())
    card = await save(payments, customer)

    assert not await methods.forget("partner_2", card.token)
    assert await methods.forget("partner_1", card.token)
    assert not await methods.forget("partner_1", card.token)

    assert await methods.saved("partner_1", card.token) is None
    assert await methods.of_customer("partner_1", customer.customer_id) == []


async def test_a_customer_is_forgotten_with_all_methods(
    methods: Methods, payments: Payments
) -> None:
    customer = await methods.add_customer(make_customer())
    card = await save(payments, customer)

    assert not await methods.forget_customer("partner_2", customer.customer_id)
    assert await methods.forget_customer("partner_1", customer.customer_id)
    assert not await methods.forget_customer("partner_1", customer.customer_id)

    assert await methods.saved("partner_1", card.token) is None
    assert await methods.customer("partner_1", customer.customer_id) is None


async def test_nothing_is_saved_for_a_customer_that_is_forgotten(
    methods: Methods, payments: Payments
) -> None:
    customer = await methods.add_customer(make_customer())
    await methods.forget_customer("partner_1", customer.customer_id)

    card = await save(payments, customer)

    assert await methods.saved("partner_1", card.token) is None
