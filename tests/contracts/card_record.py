"""Card payments that stand somewhere in the record, to go on from there."""

from datetime import timedelta
from typing import Any

from payments.domain.card import Decline
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.payment import Fact, NextAction, PaymentOrder, PaymentStatus
from payments.ports.payments import Payments
from tests.card_factories import NOW, PASSED, make_attempt, make_decision, make_fact, make_order

S = PaymentStatus
DECLINED = Decline(Code.INSUFFICIENT_FUNDS, "insufficient_funds", "51")
ACTION = NextAction("redirect", "https://acs.example/1", NOW + timedelta(minutes=10))


async def begun(payments: Payments, **changes: Any) -> PaymentOrder:
    order = make_order(**changes)
    assert (await payments.begin(order, PASSED, make_decision())).refused is None
    return order


def fact_of(order: PaymentOrder, status: PaymentStatus, **changes: Any) -> Fact:
    """A fact that the record takes for itself, whatever the status needs."""
    needed: dict[PaymentStatus, dict[str, Any]] = {
        S.CAPTURED: {"captured": order.amount},
        S.PARTIALLY_CAPTURED: {"captured": Money(1_000, order.amount.currency)},
        S.FAILED: {"decline": DECLINED},
        S.REQUIRES_ACTION: {"next_action": ACTION},
    }
    return make_fact(make_attempt(order), status, **(needed.get(status, {}) | changes))


async def lead_to(status: PaymentStatus, payments: Payments) -> PaymentOrder:
    order = await begun(payments, capture=False)
    before: dict[PaymentStatus, tuple[PaymentStatus, ...]] = {
        S.PROCESSING: (),
        S.PARTIALLY_CAPTURED: (S.AUTHORIZED,),
        S.EXPIRED: (S.AUTHORIZED,),
    }
    for each in (*before.get(status, ()), *(() if status is S.PROCESSING else (status,))):
        await payments.move(fact_of(order, each))
    return order


def usd(minor: int) -> Money:
    return Money(minor, "USD")
