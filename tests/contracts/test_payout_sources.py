"""Closed loop: what a customer paid goes back to where it came from, up to what came."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from payments.adapters.postgres.methods import PostgresMethods
from payments.adapters.postgres.payments import PostgresPayments
from payments.adapters.postgres.refunds import PostgresRefunds
from payments.db.session import Database
from payments.domain import ids
from payments.domain.codes import Code
from payments.domain.destination import Destination, DestinationKind
from payments.domain.payment import PaymentOrder
from payments.domain.payout import HoldReason, PayoutStatus
from payments.ports.methods import Customer
from payments.ports.payouts import Source
from tests.card_factories import NOW, make_card, make_refund
from tests.contracts.card_record import S, begun, fact_of
from tests.contracts.payout_record import P, PayoutRecord, record
from tests.payout_factories import make_payout

assert record, "a fixture"


class Loop:
    """A customer with two cards; each payment is of 100.00 USD."""

    def __init__(self, record: PayoutRecord, database: Database) -> None:
        self.record, self.database = record, database
        self.payments = PostgresPayments(database, record.ledger)
        self.refunds = PostgresRefunds(database, record.ledger)
        self.customer = f"cus_{uuid4().hex}"[:30]
        self.card, self.other = make_card(), make_card()
        self._at = NOW

    async def open(self) -> "Loop":
        customer = Customer(self.customer, self.record.partner_id, uuid4().hex, NOW)
        await PostgresMethods(self.database).add_customer(customer)
        await self.record.earn(1_000_000)
        return self

    async def paid(self, *, by_other: bool = False) -> PaymentOrder:
        self._at += timedelta(hours=1)
        reference = uuid4().hex
        order = await begun(
            self.payments,
            partner_id=self.record.partner_id,
            reference=reference,
            payment_id=ids.payment_id(self.record.partner_id, reference),
            customer_id=self.customer,
            card=replace(
                self.other if by_other else self.card,
                token=f"tok_{uuid4().hex}",
                client_token=uuid4().hex,
            ),
            created_at=self._at,
        )
        await self.payments.move(fact_of(order, S.CAPTURED))
        return order

    async def to_card(self) -> Destination:
        return await self.record.destination(
            kind=DestinationKind.CARD,
            fingerprint=self.card.fingerprint,
            customer_id=self.customer,
        )

    async def left(self, order: PaymentOrder) -> int:
        payment = await self.payments.find(order.partner_id, order.payment_id)
        assert payment is not None
        return payment.refundable_minor


@pytest.fixture
async def loop(record: PayoutRecord, database: Database) -> Loop:
    return await Loop(record, database).open()


async def test_the_oldest_money_goes_back_first_up_to_what_came(loop: Loop) -> None:
    first, _, second = await loop.paid(), await loop.paid(by_other=True), await loop.paid()
    await loop.refunds.reserve(make_refund(first, 4_000))
    order = make_payout(await loop.to_card(), 9_000)

    begun_ = (await loop.record.payouts.begin(order)).payout

    assert begun_ is not None
    assert (begun_.status, begun_.held_for) == (P.QUEUED, None)
    assert await loop.record.payouts.sources(order.payout_id) == [
        Source(first.payment_id, 6_000),
        Source(second.payment_id, 3_000),
    ]
    assert (await loop.left(first), await loop.left(second)) == (0, 7_000)
    for payment, minor in ((first, 1), (second, 7_001)):
        refused = await loop.refunds.reserve(make_refund(payment, minor))
        assert refused is Code.REFUND_TOO_LARGE


@pytest.mark.parametrize("status", [P.FAILED, P.CANCELED, P.RETURNED])
async def test_what_comes_to_nothing_can_go_back_again(loop: Loop, status: PayoutStatus) -> None:
    payment = await loop.paid()
    order = make_payout(await loop.to_card(), 9_000)
    await loop.record.payouts.begin(order)
    if status is P.RETURNED:
        await loop.record.move(order, P.SENT)

    for _ in range(2):
        await loop.record.move(order, status)

    assert await loop.left(payment) == 10_000


async def test_more_than_came_or_to_another_place_waits_for_people(loop: Loop) -> None:
    await loop.paid()
    bank = await loop.record.destination(customer_id=loop.customer)
    for order in (make_payout(await loop.to_card(), 10_001), make_payout(bank, 1)):
        held = (await loop.record.payouts.begin(order)).payout

        assert held is not None
        assert (held.status, held.held_for) == (P.ON_HOLD, HoldReason.CLOSED_LOOP)


async def test_a_payout_and_refunds_at_once_give_back_no_more_than_came(loop: Loop) -> None:
    payment = await loop.paid()
    destination = await loop.to_card()
    refunds = [make_refund(payment, 1_000) for _ in range(20)]
    payouts = [make_payout(destination, 1_000) for _ in range(20)]

    refused, begun_ = await asyncio.gather(
        asyncio.gather(*(loop.refunds.reserve(each) for each in refunds)),
        asyncio.gather(*(loop.record.payouts.begin(each) for each in payouts)),
    )

    refunded = refused.count(None)
    back = sum(each.payout is not None and each.payout.status is P.QUEUED for each in begun_)
    assert set(refused) <= {None, Code.REFUND_TOO_LARGE}
    assert refunded + back == 10
    assert await loop.left(payment) == 0


async def test_a_destination_goes_with_its_customer(loop: Loop, database: Database) -> None:
    destination = await loop.to_card()
    methods = PostgresMethods(database)

    assert await methods.forget_customer(loop.record.partner_id, loop.customer)

    assert await loop.record.destinations.opened(destination.destination_id) is None
    answer = await loop.record.payouts.begin(make_payout(destination, 1))
    assert answer.refused is Code.DESTINATION_UNKNOWN
