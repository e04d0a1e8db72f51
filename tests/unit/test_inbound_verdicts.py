"""What a provider's event means: no news, a reason to ask, late money, or a contradiction."""

from dataclasses import replace

import pytest

from api.inbound.payments import on_payment
from api.inbound.refunds import on_refund, on_way_back
from api.inbound.verdict import Next, Verdict
from payments.domain.money import Money
from payments.domain.payment import PaymentStatus, begun
from payments.domain.refund import Refund, RefundStatus
from payments.ports.inbox import InboundState
from payments.ports.payments import Named
from payments.ports.provider import Meaning, Says, Told
from tests.card_factories import NOW, TRACE, make_attempt, make_order

SALE = make_order()
LATER = make_order(capture=False)
KEPT = (Next.KEEP, InboundState.APPLIED)
SET_ASIDE = (Next.KEEP, InboundState.QUARANTINED)
P, S = PaymentStatus, Says


def told(says: Says, minor: int | None = None, currency: str = "USD") -> Told:
    amount = None if minor is None else Money(minor, currency)
    return Told("evt_1", "payment.updated", Meaning.PAYMENT, "pay_x-1", amount=amount, says=says)


def judged(
    says: Says,
    status: PaymentStatus,
    *,
    order=SALE,
    said: int | None = None,
    captured: int = 0,
    latest: bool = True,
    provider: str = "NORTH",
) -> Verdict:
    payment = replace(begun(order), status=status, captured_minor=captured)
    named = Named(payment, make_attempt(order), latest)
    return on_payment(told(says, said), provider, named)


def outcome(verdict: Verdict) -> tuple[Next, InboundState]:
    return verdict.next, verdict.state


@pytest.mark.parametrize(
    ("says", "status"),
    [
        (S.PENDING, P.PROCESSING),
        (S.CHALLENGE, P.REQUIRES_ACTION),
        (S.AUTHORIZED, P.AUTHORIZED),
        (S.AUTHORIZED, P.CAPTURED),
        (S.CHALLENGE, P.CAPTURED),
        (S.NOTHING, P.CAPTURED),
        (S.DECLINED, P.FAILED),
        (S.CHALLENGE, P.FAILED),
        (S.VOIDED, P.CANCELED),
        (S.EXPIRED, P.EXPIRED),
        (S.DECLINED, P.CANCELED),
    ],
)
def test_the_same_and_the_old_are_no_news(says: Says, status: PaymentStatus) -> None:
    assert outcome(judged(says, status)) == KEPT


@pytest.mark.parametrize(
    ("says", "status"),
    [
        (S.CAPTURED, P.PROCESSING),
        (S.AUTHORIZED, P.REQUIRES_ACTION),
        (S.DECLINED, P.REQUIRES_ACTION),
        (S.EXPIRED, P.REQUIRES_ACTION),
        (S.CAPTURED, P.AUTHORIZED),
        (S.VOIDED, P.AUTHORIZED),
        (S.NOTHING, P.PROCESSING),
        (S.DECLINED, P.AUTHORIZED),
    ],
)
def test_news_of_an_open_payment_is_a_reason_to_ask(says: Says, status: PaymentStatus) -> None:
    assert judged(says, status).next is Next.ASK


@pytest.mark.parametrize("status", [P.FAILED, P.CANCELED, P.EXPIRED])
@pytest.mark.parametrize("says", [S.AUTHORIZED, S.CAPTURED])
def test_money_after_the_end_goes_back(says: Says, status: PaymentStatus) -> None:
    assert judged(says, status).next is Next.BEGIN


def test_money_of_an_attempt_that_was_given_up_goes_back() -> None:
    assert judged(S.CAPTURED, P.CAPTURED, captured=10_000, latest=False).next is Next.BEGIN
    assert judged(S.CAPTURED, P.PROCESSING, latest=False).next is Next.BEGIN
    assert outcome(judged(S.DECLINED, P.CAPTURED, latest=False)) == KEPT


def test_a_captured_payment_is_not_undone_by_an_event() -> None:
    assert outcome(judged(S.DECLINED, P.CAPTURED, captured=10_000)) == SET_ASIDE
    assert outcome(judged(S.VOIDED, P.CAPTURED, captured=10_000)) == SET_ASIDE
    assert outcome(judged(S.VOIDED, P.CAPTURED, order=LATER, captured=6_000)) == KEPT


def test_a_part_is_news_only_when_it_is_more_than_we_know() -> None:
    def part(said: int, status: PaymentStatus) -> Verdict:
        return judged(S.CAPTURED, status, order=LATER, said=said, captured=6_000)

    assert outcome(part(6_000, P.PARTIALLY_CAPTURED)) == KEPT
    assert outcome(part(3_000, P.PARTIALLY_CAPTURED)) == KEPT
    assert part(9_000, P.PARTIALLY_CAPTURED).next is Next.ASK
    assert outcome(part(6_000, P.CAPTURED)) == KEPT
    assert outcome(part(9_000, P.CAPTURED)) == SET_ASIDE


@pytest.mark.parametrize("status", list(PaymentStatus))
@pytest.mark.parametrize(
    "event",
    [
        told(S.CAPTURED, 10_001),
        told(S.CAPTURED, 9_999),
        told(S.AUTHORIZED, 9_999),
        told(S.CAPTURED, 10_000, "EUR"),
    ],
)
def test_another_amount_or_currency_is_set_aside_for_a_person(
    event: Told, status: PaymentStatus
) -> None:
    named = Named(replace(begun(SALE), status=status), make_attempt(SALE), is_latest=True)

    assert outcome(on_payment(event, "NORTH", named)) == SET_ASIDE


def test_more_than_was_reserved_is_set_aside() -> None:
    assert outcome(judged(S.CAPTURED, P.AUTHORIZED, order=LATER, said=10_001)) == SET_ASIDE
    assert judged(S.CAPTURED, P.AUTHORIZED, order=LATER, said=10_000).next is Next.ASK


def test_another_providers_event_about_our_attempt_is_set_aside() -> None:
    assert outcome(judged(S.CAPTURED, P.CAPTURED, provider="SOUTH")) == SET_ASIDE


def test_what_we_do_not_know_is_parked() -> None:
    unsent = Named(begun(SALE), None, is_latest=True)
    over = replace(unsent, payment=replace(begun(SALE), status=P.FAILED))

    assert on_payment(told(S.CAPTURED), "NORTH", over).state is InboundState.PARKED
    assert on_payment(told(S.CAPTURED), "NORTH", unsent).next is Next.ASK


def refund(status: RefundStatus) -> Refund:
    return Refund(
        refund_id="re_x",
        payment_id=SALE.payment_id,
        partner_id=SALE.partner_id,
        reference="refund-1",
        amount=Money(2_500, "USD"),
        status=status,
        code=None,
        provider_reference=None,
        reason=None,
        created_at=NOW,
        trace=TRACE,
    )


def test_our_own_way_back_is_no_news_unless_it_fails() -> None:
    named = Named(begun(SALE), make_attempt(SALE), is_latest=False)

    assert outcome(on_way_back(told(S.REFUND_SUCCEEDED), named)) == KEPT
    assert outcome(on_way_back(told(S.REFUND_FAILED), named)) == SET_ASIDE


R = RefundStatus


@pytest.mark.parametrize(
    ("says", "status", "expected"),
    [
        (S.REFUND_PENDING, R.PENDING, KEPT),
        (S.REFUND_SUCCEEDED, R.SUCCEEDED, KEPT),
        (S.REFUND_PENDING, R.SUCCEEDED, KEPT),
        (S.REFUND_FAILED, R.FAILED, KEPT),
        (S.REFUND_FAILED, R.SUCCEEDED, SET_ASIDE),
        (S.REFUND_SUCCEEDED, R.FAILED, SET_ASIDE),
        (S.REFUND_SUCCEEDED, R.PENDING, (Next.ASK, InboundState.APPLIED)),
        (S.REFUND_FAILED, R.PENDING, (Next.ASK, InboundState.APPLIED)),
    ],
)
def test_refunds(says: Says, status: RefundStatus, expected: tuple[Next, InboundState]) -> None:
    assert outcome(on_refund(told(says, 2_500), refund(status))) == expected
    assert outcome(on_refund(told(says, 2_501), refund(status))) == SET_ASIDE
