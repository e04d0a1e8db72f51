"""Payouts and their like with fresh ids, to change where a test cares."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from payments.domain import ids
from payments.domain.destination import Account, Destination, DestinationKind, DestinationState
from payments.domain.money import Money
from payments.domain.payout import PayoutFact, PayoutOrder, PayoutStatus
from payments.domain.payout_terms import PayoutLimits
from payments.domain.rail import RailKind, RailProfile, Timetable

TRACE = "partner_1.20260430T082114123Z.7K3Q9XW2"
TIMETABLE = Timetable("Europe/London", time(15, 30), 1, timedelta())
ACCOUNT = Account(
    DestinationKind.BANK, "GB", "GB57NWBK60161331926800", "Ada Example", bic="NWBKGB2LXXX"
)


def make_destination(**changes: Any) -> Destination:
    partner_id = changes.get("partner_id", "partner_1")
    reference = changes.get("reference", f"account-{uuid4()}")
    destination = Destination(
        destination_id=ids.destination_id(partner_id, reference),
        partner_id=partner_id,
        reference=reference,
        customer_id=None,
        kind=DestinationKind.BANK,
        country="GB",
        currency="USD",
        shown="6800",
        bank="National Westminster Bank",
        fingerprint=uuid4().hex,
        rail="GIRO",
        state=DestinationState.UNVERIFIED,
        reason=None,
        created_at=datetime.now(UTC),
        content=uuid4().hex,
    )
    return replace(destination, **changes)


def make_rail(**changes: Any) -> RailProfile:
    rail = RailProfile(
        id="GIRO",
        kind=RailKind.SANDBOX,
        base_url="http://127.0.0.1:1",
        secret="",
        webhook_secrets=(),
        settles_within=timedelta(seconds=5),
        pays=frozenset({DestinationKind.BANK}),
        currencies=frozenset({"USD"}),
        timetable=TIMETABLE,
    )
    return replace(rail, **changes)


def make_payout(destination: Destination, minor: int = 10_000, **changes: Any) -> PayoutOrder:
    partner_id = changes.get("partner_id", destination.partner_id)
    reference = changes.get("reference", f"payout-{uuid4()}")
    now = datetime.now(UTC)
    order = PayoutOrder(
        payout_id=ids.payout_id(partner_id, reference),
        partner_id=partner_id,
        reference=reference,
        amount=Money(minor, "USD"),
        fee=Money(25, "USD"),
        destination_id=destination.destination_id,
        rail=destination.rail,
        limits=PayoutLimits(),
        arrives_at=now + timedelta(days=1),
        trace=TRACE,
        created_at=now,
        deadline=datetime.max.replace(tzinfo=UTC),
        content=uuid4().hex,
    )
    return replace(order, **changes)


def back_to(customer_id: str, order: PayoutOrder) -> PayoutOrder:
    """The same without a destination: all of it goes back to a customer."""
    return replace(order, destination_id=None, rail=None, arrives_at=None, customer_id=customer_id)


def make_payout_fact(order: PayoutOrder, status: PayoutStatus, **changes: Any) -> PayoutFact:
    return PayoutFact(order, status, datetime.now(UTC), **changes)
