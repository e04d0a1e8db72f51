"""Card payments and their like with fresh ids, to change where a test cares."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from payments.domain import ids
from payments.domain.card import Card
from payments.domain.card_terms import CardTerms
from payments.domain.method import BankRedirect, DisplayCode
from payments.domain.money import Money
from payments.domain.payment import (
    Assessment,
    Attempt,
    Fact,
    PaymentOrder,
    PaymentStatus,
    Verdict,
)
from payments.domain.refund import RefundOrder
from payments.domain.routing import Decision, Facts

NOW = datetime(2026, 4, 30, 8, 21, 14, 123456, tzinfo=UTC)
TRACE = "partner_1.20260430T082114123Z.7K3Q9XW2"
TERMS = CardTerms(
    currencies=frozenset({"BDT", "BRL", "USD", "EUR", "GBP", "JPY", "BHD"}),
    return_hosts=frozenset({"localhost", "127.0.0.1"}),
    fee_flat_minor=30,
    fee_basis_points=140,
    hold_above={},
    block_above={},
)
PASSED = Assessment(Verdict.PASS, "pass-all")


def make_card(**changes: Any) -> Card:
    token = changes.get("token", f"tok_{uuid4().hex}")
    card = Card(
        token=token,
        brand="visa",
        bin="424242",
        last4="4242",
        exp_month=12,
        exp_year=2034,
        country="US",
        fingerprint=uuid4().hex,
        aliases={"sandbox": token, "stripe": "pm_card_visa"},
        client_token=uuid4().hex,
        tokenised_at=NOW,
    )
    return replace(card, **changes)


def make_order(**changes: Any) -> PaymentOrder:
    partner_id = changes.get("partner_id", "partner_1")
    reference = changes.get("reference", f"order-{uuid4()}")
    order = PaymentOrder(
        payment_id=ids.payment_id(partner_id, reference),
        partner_id=partner_id,
        reference=reference,
        amount=Money(10_000, "USD"),
        capture=True,
        card=make_card(),
        terms=TERMS,
        trace=TRACE,
        created_at=NOW,
        deadline=datetime.max.replace(tzinfo=UTC),
        content=uuid4().hex,
    )
    return replace(order, **changes)


def make_bank_order(**changes: Any) -> PaymentOrder:
    """Of a customer who pays at a bank that they have named."""
    bank = BankRedirect("GB", "SUNNY")
    return make_order(
        **{"card": None, "bank": bank, "return_url": "http://localhost/back", **changes}
    )


def make_code_order(**changes: Any) -> PaymentOrder:
    """Of a customer who is shown a code."""
    amount, display = Money(10_000, "BRL"), DisplayCode("BR")
    return make_order(**{"card": None, "display": display, "amount": amount, **changes})


def make_decision(**changes: Any) -> Decision:
    facts = Facts(10_000, "USD", "US", "424242", "visa", "card", "partner_1")
    return replace(Decision(1, "fallback", ("NORTH", "SOUTH"), facts=facts), **changes)


def make_attempt(order: PaymentOrder, number: int = 1, provider: str = "NORTH") -> Attempt:
    return Attempt(order, number, provider)


def make_fact(attempt: Attempt, status: PaymentStatus, **changes: Any) -> Fact:
    """A sale's or authorisation's key is its attempt's reference."""
    return replace(Fact(attempt, status, NOW, attempt.reference), **changes)


def make_refund(payment: PaymentOrder, minor: int, **changes: Any) -> RefundOrder:
    reference = changes.get("reference", f"refund-{uuid4()}")
    order = RefundOrder(
        refund_id=ids.refund_id(payment.partner_id, reference),
        payment_id=payment.payment_id,
        partner_id=payment.partner_id,
        reference=reference,
        amount=Money(minor, payment.amount.currency),
        trace=TRACE,
        created_at=NOW,
        deadline=datetime.max.replace(tzinfo=UTC),
    )
    return replace(order, **changes)
