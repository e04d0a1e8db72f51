"""The promises of ports.disputes.Disputes, for PostgreSQL and for the fake."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.dispute import (
    Dispute,
    DisputeOrder,
    DisputeStatus,
    Seen,
    Sighting,
    Unopened,
)
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import PaymentOrder
from payments.domain.refund import RefundStatus, Reserved
from payments.ports.disputes import DisputeFilter, Disputes
from payments.ports.payments import Payments, Refunds
from tests.card_factories import NOW, make_order, make_refund
from tests.contracts.card_record import S, begun, fact_of
from tests.dispute_factories import FEE, make_dispute_order, make_sighting

D = DisputeStatus
TAKEN = Answer(OutcomeKind.ACCEPTED, reference="acq_re_1")


@pytest.fixture
async def captured(payments: Payments) -> PaymentOrder:
    """A payment of 100.00 USD."""
    order = await begun(payments)
    await payments.move(fact_of(order, S.CAPTURED))
    return order


async def seen(disputes: Disputes, sighting: Sighting) -> Dispute:
    found = await disputes.see(sighting)
    assert found.dispute is not None, found
    assert not found.contradicts
    return found.dispute


def later(sighting: Sighting, **changes: Any) -> Sighting:
    """What the provider tells next."""
    return replace(sighting, found=replace(sighting.found, **changes))


async def of_payment(payments: Payments, order: PaymentOrder) -> tuple[int, int, int]:
    """What is disputed, in how many open disputes, and what can be refunded."""
    payment = await payments.find(order.partner_id, order.payment_id)
    assert payment is not None
    return payment.disputed_minor, payment.open_disputes, payment.refundable_minor


async def refunded(refunds: Refunds, order: PaymentOrder, minor: int) -> None:
    refund = make_refund(order, minor)
    assert await refunds.reserve(refund) is Reserved.NOW
    await refunds.settle(refund, RefundStatus.SUCCEEDED, TAKEN, None)


async def test_a_chargeback_takes_the_money_of_its_payment_and_the_fee(
    payments: Payments, disputes: Disputes, captured: PaymentOrder
) -> None:
    sighting = make_sighting(captured)

    dispute = await seen(disputes, sighting)

    assert (dispute.status, dispute.amount) == (D.NEEDS_RESPONSE, captured.amount)
    assert (dispute.fee_minor, dispute.taken_minor, dispute.returned_minor) == (FEE, 11_500, 0)
    assert (dispute.payment_id, dispute.partner_id) == (captured.payment_id, "partner_1")
    assert dispute.order == sighting.order
    assert await of_payment(payments, captured) == (10_000, 1, 0)
    assert await disputes.find("partner_1", dispute.dispute_id) == dispute
    assert await disputes.named(dispute.dispute_id) == dispute
    assert await disputes.find("partner_2", dispute.dispute_id) is None
    assert await disputes.named("dp_unknown") is None


async def test_a_warning_takes_nothing_and_refuses_no_refund(
    payments: Payments, refunds: Refunds, disputes: Disputes, captured: PaymentOrder
) -> None:
    warning = make_sighting(captured, status=D.WARNING_NEEDS_RESPONSE, fee=Money(0, "USD"))

    assert (await seen(disputes, warning)).taken_minor == 0

    assert await of_payment(payments, captured) == (0, 0, 10_000)
    await refunded(refunds, captured, 10_000)
    closed = await seen(disputes, later(warning, status=D.WARNING_CLOSED))
    assert (closed.status, closed.closed_at) == (D.WARNING_CLOSED, NOW)


async def test_a_warning_that_was_not_heeded_becomes_a_chargeback(
    payments: Payments, disputes: Disputes, captured: PaymentOrder
) -> None:
    warning = make_sighting(captured, status=D.WARNING_NEEDS_RESPONSE, fee=Money(0, "USD"))
    await seen(disputes, warning)

    dispute = await seen(disputes, later(warning, status=D.UNDER_REVIEW, fee=Money(FEE, "USD")))

    assert (dispute.status, dispute.taken_minor) == (D.UNDER_REVIEW, 11_500)
    assert await of_payment(payments, captured) == (10_000, 1, 0)


@pytest.mark.parametrize(
    ("end", "kept", "disputed", "refundable"),
    [(D.WON, 0, 0, 10_000), (D.WON, FEE, 0, 10_000), (D.LOST, FEE, 10_000, 0)],
)
async def test_what_is_won_comes_back_and_what_is_lost_stays_gone(
    end: DisputeStatus,
    kept: int,
    disputed: int,
    refundable: int,
    payments: Payments,
    disputes: Disputes,
    captured: PaymentOrder,
) -> None:
    sighting = make_sighting(captured)
    await seen(disputes, sighting)

    dispute = await seen(disputes, later(sighting, status=end, fee=Money(kept, "USD")))

    assert dispute.taken_minor == disputed + kept
    assert dispute.closed_at == NOW
    assert await of_payment(payments, captured) == (disputed, 0, refundable)


async def test_a_dispute_that_was_over_when_it_was_first_heard_of_went_all_its_way(
    payments: Payments, disputes: Disputes, captured: PaymentOrder
) -> None:
    lost = await seen(disputes, make_sighting(captured, status=D.LOST))

    assert (lost.status, lost.taken_minor) == (D.LOST, 11_500)
    assert await of_payment(payments, captured) == (10_000, 0, 0)


async def test_an_open_dispute_refuses_refunds_and_a_lost_one_what_it_took(
    refunds: Refunds, disputes: Disputes, captured: PaymentOrder
) -> None:
    part = make_sighting(captured, amount=Money(4_000, "USD"))
    await seen(disputes, part)
    assert await refunds.reserve(make_refund(captured, 1)) is Code.PAYMENT_DISPUTED

    await seen(disputes, later(part, status=D.LOST))

    assert await refunds.reserve(make_refund(captured, 6_001)) is Code.REFUND_TOO_LARGE
    assert await refunds.reserve(make_refund(captured, 6_000)) is Reserved.NOW


async def test_money_that_is_gone_twice_is_seen(
    payments: Payments, refunds: Refunds, disputes: Disputes, captured: PaymentOrder
) -> None:
    await refunded(refunds, captured, 7_000)
    assert await refunds.reserve(make_refund(captured, 2_000)) is Reserved.NOW

    dispute = await seen(disputes, make_sighting(captured))

    # 10.00 were left; a refund that is on its way counts, too.
    assert dispute.returned_minor == 9_000
    assert await of_payment(payments, captured) == (10_000, 1, 0)


async def test_two_disputes_of_one_payment_count_together(
    payments: Payments, disputes: Disputes, captured: PaymentOrder
) -> None:
    first = await seen(disputes, make_sighting(captured, amount=Money(8_000, "USD")))
    second = await seen(disputes, make_sighting(captured, amount=Money(5_000, "USD")))

    assert (first.returned_minor, second.returned_minor) == (0, 3_000)
    assert await of_payment(payments, captured) == (13_000, 2, 0)


async def test_one_sighting_by_many_at_once_is_one_dispute(
    payments: Payments, disputes: Disputes, captured: PaymentOrder
) -> None:
    lost = make_sighting(captured, status=D.LOST)

    found = await asyncio.gather(*(disputes.see(lost) for _ in range(20)))

    assert {each.dispute.status for each in found if each.dispute} == {D.LOST}
    assert await of_payment(payments, captured) == (10_000, 0, 0)


@pytest.mark.parametrize("round_", range(5))
async def test_refunds_and_a_dispute_at_once_are_never_money_twice_unseen(
    round_: int,
    payments: Payments,
    refunds: Refunds,
    disputes: Disputes,
    captured: PaymentOrder,
) -> None:
    """Whoever comes first: what is gone beyond what was captured is what the dispute says."""
    asked = [refunds.reserve(make_refund(captured, 1_000)) for _ in range(8 + round_)]
    sighting = make_sighting(captured, amount=Money(6_000, "USD"))

    *answers, found = await asyncio.gather(*asked[:4], *asked[4:], disputes.see(sighting))

    told = Counter(answers)
    assert set(told) <= {Reserved.NOW, Code.PAYMENT_DISPUTED, Code.REFUND_TOO_LARGE}
    payment = await payments.find("partner_1", captured.payment_id)
    assert payment is not None
    assert payment.refund_reserved_minor == told[Reserved.NOW] * 1_000
    dispute = found.dispute if isinstance(found, Seen) else None
    assert dispute is not None
    assert dispute.returned_minor == max(payment.refund_reserved_minor + 6_000 - 10_000, 0)
    assert await refunds.reserve(make_refund(captured, 1)) is Code.PAYMENT_DISPUTED


async def test_what_contradicts_the_record_changes_nothing(
    payments: Payments, disputes: Disputes, captured: PaymentOrder
) -> None:
    sighting = make_sighting(captured, status=D.WON, fee=Money(0, "USD"))
    won = await seen(disputes, sighting)

    for odd in (
        later(sighting, status=D.LOST),
        later(sighting, status=D.NEEDS_RESPONSE),
        later(sighting, amount=Money(9_999, "USD")),
    ):
        assert await disputes.see(odd) == Seen(won, contradicts=True)

    assert await of_payment(payments, captured) == (0, 0, 10_000)


async def test_a_fee_and_a_time_that_change_are_written_even_when_it_is_over(
    disputes: Disputes, captured: PaymentOrder
) -> None:
    sighting = make_sighting(captured)
    await seen(disputes, sighting)
    week = NOW + timedelta(days=14)

    longer = await seen(disputes, later(sighting, due_at=week, fee=Money(2_000, "USD")))
    lost = later(sighting, status=D.LOST)
    closed = await seen(disputes, lost)
    waived = await seen(disputes, later(lost, fee=Money(0, "USD")))

    assert (longer.due_at, longer.taken_minor) == (week, 12_000)
    assert (closed.taken_minor, waived.taken_minor) == (11_500, 10_000)
    assert waived.closed_at == closed.closed_at


async def test_only_a_payment_of_ours_at_this_provider_and_no_more_than_it_took(
    payments: Payments, disputes: Disputes, captured: PaymentOrder
) -> None:
    open_, over = await begun(payments), await begun(payments)
    await payments.move(fact_of(over, S.FAILED))
    for payment, changes, why in (
        (make_order(), {}, Unopened.NO_PAYMENT),
        (captured, {"payment": None}, Unopened.NO_PAYMENT),
        (captured, {"payment": "pay_x"}, Unopened.NO_PAYMENT),
        (captured, {"payment": f"{captured.payment_id}-2"}, Unopened.NO_PAYMENT),
        (captured, {"payment": f"{captured.payment_id}-{2**40}"}, Unopened.NO_PAYMENT),
        (captured, {"amount": Money(10_001, "USD")}, Unopened.OTHER_MONEY),
        (captured, {"amount": Money(10_000, "EUR")}, Unopened.OTHER_MONEY),
        (over, {}, Unopened.OTHER_MONEY),
        (open_, {"amount": Money(10_000, "EUR")}, Unopened.OTHER_MONEY),
        (open_, {}, Unopened.NO_MONEY_YET),
    ):
        assert await disputes.see(make_sighting(payment, **changes)) == Seen(unopened=why)
    elsewhere = make_sighting(captured, make_dispute_order("SOUTH"))
    assert await disputes.see(elsewhere) == Seen(unopened=Unopened.NO_PAYMENT)
    assert await of_payment(payments, captured) == (0, 0, 10_000)


async def test_a_reminder_is_told_once_and_again_when_the_time_has_changed(
    disputes: Disputes, captured: PaymentOrder
) -> None:
    sighting = make_sighting(captured)
    dispute_id = (await seen(disputes, sighting)).dispute_id

    for number in (1, 1, 2):
        assert (await disputes.remind(dispute_id, number, last=False)).reminded == number
    assert (await disputes.remind(dispute_id, 1, last=False)).reminded == 2

    longer = later(sighting, due_at=NOW + timedelta(days=14))
    assert (await seen(disputes, longer)).reminded == 0
    review = await seen(disputes, later(longer, status=D.UNDER_REVIEW))
    assert (await disputes.remind(dispute_id, 1, last=True)) == review


async def test_disputes_are_listed_newest_first_a_page_at_a_time(
    payments: Payments, disputes: Disputes
) -> None:
    orders = [await begun(payments, partner_id="partner_9") for _ in range(3)]
    made: list[DisputeOrder] = []
    for order in orders:
        await payments.move(fact_of(order, S.CAPTURED))
        made.append((await seen(disputes, make_sighting(order))).order)
    await seen(disputes, make_sighting(orders[0], made[0], status=D.LOST))
    newest = [order.dispute_id for order in reversed(made)]

    async def listed(partner: str | None = "partner_9", **wanted: Any) -> list[str]:
        found = await disputes.list(partner, DisputeFilter(**wanted))
        return [each.dispute_id for each in found]

    assert await listed() == newest
    assert await listed(limit=2) == newest[:2]
    assert await listed(after=newest[1]) == newest[2:]
    assert await listed(status=D.LOST) == newest[2:]
    assert await listed(payment_id=orders[1].payment_id) == newest[1:2]
    assert await listed(None, payment_id=orders[1].payment_id) == newest[1:2]
    assert await listed("partner_8") == []


async def test_those_without_an_end_are_walked_through_page_by_page(
    payments: Payments, disputes: Disputes
) -> None:
    made: list[str] = []
    for status in (D.LOST, D.NEEDS_RESPONSE, D.UNDER_REVIEW, D.WARNING_NEEDS_RESPONSE):
        order = await begun(payments)
        await payments.move(fact_of(order, S.CAPTURED))
        made.append((await seen(disputes, make_sighting(order, status=status))).dispute_id)

    found: list[str] = []
    while page := await disputes.unfinished(found[-1] if found else None, 2):
        found += [each.dispute_id for each in page]

    assert found == sorted(found)
    assert [each for each in found if each in made] == sorted(made[1:])
