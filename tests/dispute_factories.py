"""Disputes and their like with fresh ids, to change where a test cares."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

from payments.domain import ids
from payments.domain.dispute import (
    DisputeOrder,
    DisputeReason,
    DisputeStatus,
    Found,
    Sighting,
)
from payments.domain.money import Money
from payments.domain.payment import PaymentOrder
from tests.card_factories import NOW

FEE = 1_500


def make_dispute_order(provider: str = "NORTH") -> DisputeOrder:
    reference = f"dis_{uuid4().hex}"
    return DisputeOrder(ids.dispute_id(provider, reference), provider, reference)


def make_found(payment: PaymentOrder, order: DisputeOrder, /, **changes: Any) -> Found:
    """A chargeback of all of it, with a fee of 15.00."""
    found = Found(
        reference=order.reference,
        payment=f"{payment.payment_id}-1",
        amount=payment.amount,
        fee=Money(FEE, payment.amount.currency),
        status=DisputeStatus.NEEDS_RESPONSE,
        reason=DisputeReason.NOT_RECEIVED,
        raw_reason="13.1",
        opened_at=NOW,
        due_at=NOW + timedelta(days=7),
        answered=False,
    )
    return replace(found, **changes)


def make_sighting(
    payment: PaymentOrder, order: DisputeOrder | None = None, /, **changes: Any
) -> Sighting:
    """`changes` are of what the provider tells."""
    order = order or make_dispute_order()
    return Sighting(order, make_found(payment, order, **changes), NOW)
