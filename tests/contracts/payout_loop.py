"""A customer with two cards, and the legs of what goes back to them."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from payments.adapters.postgres.disputes import PostgresDisputes
from payments.adapters.postgres.methods import PostgresMethods
from payments.adapters.postgres.payments import PostgresPayments
from payments.adapters.postgres.refunds import PostgresRefunds
from payments.db.session import Database
from payments.domain import ids
from payments.domain.charge import Answer
from payments.domain.destination import Destination, DestinationKind
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import PaymentOrder
from payments.domain.payout import Leg, Payout, PayoutOrder
from payments.domain.refund import RefundOrder, RefundStatus, Reserved
from payments.ports.methods import Customer
from tests.card_factories import NOW, make_card, make_refund
from tests.contracts.card_record import S, begun, fact_of
from tests.contracts.payout_record import PayoutRecord
from tests.dispute_factories import make_sighting

GIVEN = Answer(OutcomeKind.ACCEPTED, reference="acq_re_1")


class Loop:
    """Each payment is of 100.00 USD, an hour after the one before."""

    def __init__(self, record: PayoutRecord, database: Database) -> None:
        self.record = record
        self.payments = PostgresPayments(database, record.ledger)
        self.refunds = PostgresRefunds(database, record.ledger)
        self.disputes = PostgresDisputes(database, record.ledger)
        self.methods = PostgresMethods(database)
        self.customer = f"cus_{uuid4().hex}"[:30]
        self.card, self.other = make_card(), make_card()
        self.made: dict[str, PaymentOrder] = {}
        self._at = NOW

    async def open(self) -> "Loop":
        customer = Customer(self.customer, self.record.partner_id, uuid4().hex, NOW)
        await self.methods.add_customer(customer)
        await self.record.earn(1_000_000)
        return self

    async def paid(self, *, by_other: bool = False, **changes: Any) -> PaymentOrder:
        self._at += timedelta(hours=1)
        reference = uuid4().hex
        card = replace(
            self.other if by_other else self.card,
            token=f"tok_{uuid4().hex}",
            client_token=uuid4().hex,
        )
        defaults = {"customer_id": self.customer, "card": card, "created_at": self._at}
        order = await begun(
            self.payments,
            partner_id=self.record.partner_id,
            reference=reference,
            payment_id=ids.payment_id(self.record.partner_id, reference),
            **(defaults | changes),
        )
        await self.payments.move(fact_of(order, S.CAPTURED))
        self.made[order.payment_id] = order
        return order

    async def disputed(self, payment: PaymentOrder) -> None:
        """A tenth of it; the rest waits for how that ends."""
        amount = Money(payment.amount.minor // 10, payment.amount.currency)
        await self.disputes.see(make_sighting(payment, amount=amount))

    async def refund_ends(self, payment: PaymentOrder, status: RefundStatus) -> None:
        self._at += timedelta(hours=1)
        refund = make_refund(payment, 1_000, created_at=self._at)
        assert await self.refunds.reserve(refund) is Reserved.NOW
        await self.refunds.settle(refund, status, GIVEN, None)

    async def refund_fails(self, payment: PaymentOrder) -> None:
        await self.refund_ends(payment, RefundStatus.FAILED)

    async def to_card(self) -> Destination:
        return await self.record.destination(
            kind=DestinationKind.CARD,
            fingerprint=self.card.fingerprint,
            customer_id=self.customer,
        )

    async def to_bank(self) -> Destination:
        return await self.record.destination(customer_id=self.customer)

    async def left(self, order: PaymentOrder) -> int:
        payment = await self.payments.find(order.partner_id, order.payment_id)
        assert payment is not None
        return payment.refundable_minor

    async def legs(self, order: PayoutOrder) -> tuple[Leg, ...]:
        payout = await self.record.payouts.named(order.payout_id)
        assert payout is not None
        return (await self.record.payouts.legs([payout]))[order.payout_id]

    async def refunded(self, refund: RefundOrder, status: RefundStatus) -> None:
        """Asked for twice, as after a worker died."""
        for _ in range(2):
            assert isinstance(await self.refunds.reserve(refund), Reserved)
        for _ in range(2):
            await self.refunds.settle(refund, status, GIVEN, None)

    async def concluded(self, order: PayoutOrder) -> Payout:
        first = await self.record.payouts.conclude(order)
        assert await self.record.payouts.conclude(order) == first
        return first


@pytest.fixture
async def loop(record: PayoutRecord, database: Database) -> Loop:
    return await Loop(record, database).open()
