"""The promises of ports.payments.Refunds, for PostgreSQL and for the fake."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from payments.domain.card import Decline
from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import PaymentOrder
from payments.domain.refund import Refund, RefundOrder, RefundStatus, Reserved, order_of
from payments.ports.payments import MoveRefused, Payments, Refunds
from tests.card_factories import make_order, make_refund
from tests.contracts.card_record import S, begun, fact_of

TAKEN = Answer(OutcomeKind.ACCEPTED, reference="acq_re_1")
REFUSED = Answer(OutcomeKind.DECLINED)
CLOSED = Decline(Code.REFUND_NOT_POSSIBLE, "account_closed")


@pytest.fixture
async def captured(payments: Payments) -> PaymentOrder:
    """A payment of 100.00 USD."""
    order = await begun(payments)
    await payments.move(fact_of(order, S.CAPTURED))
    return order


async def left(payments: Payments, order: PaymentOrder) -> tuple[int, int]:
    """What is refunded, and what is set aside."""
    payment = await payments.find(order.partner_id, order.payment_id)
    assert payment is not None
    return payment.refunded_minor, payment.refund_reserved_minor


async def test_a_refund_that_comes_too_late_begins_nothing_and_goes_on_with_what_it_began(
    payments: Payments, refunds: Refunds, captured: PaymentOrder
) -> None:
    before, late = make_refund(captured, 1_000), datetime.now(UTC) - timedelta(seconds=1)
    await refunds.reserve(before)

    refused = await refunds.reserve(make_refund(captured, 1_000, deadline=late))

    assert refused is Code.ENGINE_UNAVAILABLE
    assert await refunds.reserve(replace(before, deadline=late)) is Reserved.BEFORE
    assert await left(payments, captured) == (0, 1_000)


async def test_a_refund_is_set_aside_and_pending(
    payments: Payments, refunds: Refunds, captured: PaymentOrder
) -> None:
    order = make_refund(captured, 4_000, reason="too small")

    assert await refunds.reserve(order) is Reserved.NOW

    assert await left(payments, captured) == (0, 4_000)
    found = await refunds.find(order.partner_id, order.refund_id)
    assert found is not None
    assert (found.status, found.amount, found.reason) == (
        RefundStatus.PENDING,
        order.amount,
        "too small",
    )
    assert (found.payment_id, found.reference) == (captured.payment_id, order.reference)
    assert await refunds.named(order.refund_id) == found
    assert await refunds.of_payment("partner_1", captured.payment_id) == [found]
    for stranger in (
        await refunds.find("partner_2", order.refund_id),
        await refunds.named("re_unknown"),
    ):
        assert stranger is None
    assert await refunds.of_payment("partner_2", captured.payment_id) == []


async def test_two_hundred_at_once_take_no_more_than_was_captured(
    payments: Payments, refunds: Refunds, captured: PaymentOrder
) -> None:
    orders = [make_refund(captured, 100) for _ in range(200)]

    answers = await asyncio.gather(*(refunds.reserve(each) for each in orders))

    assert Counter(answers) == {Reserved.NOW: 100, Code.REFUND_TOO_LARGE: 100}
    assert await left(payments, captured) == (0, 10_000)
    assert len(await refunds.of_payment("partner_1", captured.payment_id)) == 100


async def test_one_refund_asked_for_by_many_at_once_is_one(
    payments: Payments, refunds: Refunds, captured: PaymentOrder
) -> None:
    order = make_refund(captured, 100)

    reserved = await asyncio.gather(*(refunds.reserve(order) for _ in range(50)))

    assert Counter(reserved) == {Reserved.NOW: 1, Reserved.BEFORE: 49}
    assert await left(payments, captured) == (0, 100)


async def test_a_reference_names_one_refund_for_ever(
    refunds: Refunds, captured: PaymentOrder
) -> None:
    order = make_refund(captured, 100)
    await refunds.reserve(order)

    for asked in (
        make_refund(captured, 200, reference=order.reference),
        replace(order, trace="partner_1.20260501T000000000Z.00000000"),
    ):
        assert await refunds.reserve(asked) is Code.REFERENCE_USED


async def test_only_what_was_captured_is_refunded(payments: Payments, refunds: Refunds) -> None:
    processing = await begun(payments)
    part = await begun(payments, capture=False)
    await payments.move(fact_of(part, S.AUTHORIZED))
    assert await refunds.reserve(make_refund(part, 1)) is Code.REFUND_NOT_POSSIBLE
    await payments.move(fact_of(part, S.PARTIALLY_CAPTURED))

    assert await refunds.reserve(make_refund(processing, 1)) is Code.REFUND_NOT_POSSIBLE
    assert await refunds.reserve(make_refund(part, 1_001)) is Code.REFUND_TOO_LARGE
    assert await refunds.reserve(make_refund(part, 1_000)) is Reserved.NOW


async def test_a_payment_that_is_not_there_or_not_theirs_is_unknown(
    refunds: Refunds, captured: PaymentOrder
) -> None:
    foreign = replace(make_refund(captured, 1), partner_id="partner_2")

    for order in (make_refund(make_order(), 1), foreign):
        assert await refunds.reserve(order) is Code.PAYMENT_UNKNOWN


async def test_another_currency_is_never_given_back(
    refunds: Refunds, captured: PaymentOrder
) -> None:
    order = replace(make_refund(captured, 1), amount=Money(1, "JPY"))

    assert await refunds.reserve(order) is Code.REFUND_TOO_LARGE


@pytest.mark.parametrize("suspended", [False, True])
async def test_a_refund_that_succeeded_is_refunded_once(
    suspended: bool, payments: Payments, refunds: Refunds, captured: PaymentOrder
) -> None:
    order = await reserved(refunds, captured, suspended)

    settled = await asyncio.gather(
        *(refunds.settle(order, RefundStatus.SUCCEEDED, TAKEN, None) for _ in range(10))
    )

    assert all(each == settled[0] for each in settled)
    assert (settled[0].status, settled[0].code) == (RefundStatus.SUCCEEDED, None)
    assert settled[0].provider_reference == "acq_re_1"
    assert await left(payments, captured) == (4_000, 0)


async def test_words_of_a_provider_that_no_database_takes_do_not_stop_a_refund(
    refunds: Refunds, captured: PaymentOrder
) -> None:
    order = await reserved(refunds, captured, suspended=False)
    odd = replace(TAKEN, reference="half \ud83d and nothing \0")

    settled = await refunds.settle(order, RefundStatus.SUCCEEDED, odd, None)

    assert settled.status is RefundStatus.SUCCEEDED


@pytest.mark.parametrize("suspended", [False, True])
async def test_a_refund_that_failed_can_be_asked_for_again(
    suspended: bool, payments: Payments, refunds: Refunds, captured: PaymentOrder
) -> None:
    order = await reserved(refunds, captured, suspended)

    for _ in range(2):
        failed = await refunds.settle(order, RefundStatus.FAILED, REFUSED, CLOSED)
        assert (failed.status, failed.code) == (RefundStatus.FAILED, Code.REFUND_NOT_POSSIBLE)

    assert await left(payments, captured) == (0, 0)
    assert await refunds.reserve(make_refund(captured, 10_000)) is Reserved.NOW


async def test_a_refund_that_failed_without_a_word_has_a_code(
    refunds: Refunds, captured: PaymentOrder
) -> None:
    order = await reserved(refunds, captured, suspended=False)

    failed = await refunds.settle(order, RefundStatus.FAILED, REFUSED, None)

    assert failed.code is Code.REFUND_FAILED


async def test_a_final_refund_is_never_left(
    payments: Payments, refunds: Refunds, captured: PaymentOrder
) -> None:
    for first, then in (
        (RefundStatus.SUCCEEDED, RefundStatus.FAILED),
        (RefundStatus.FAILED, RefundStatus.SUCCEEDED),
    ):
        order = make_refund(captured, 100)
        await refunds.reserve(order)
        standing = await refunds.settle(order, first, TAKEN, None)

        with pytest.raises(MoveRefused):
            await refunds.settle(order, then, TAKEN, None)

        await refunds.suspend(order)
        assert await refunds.find(order.partner_id, order.refund_id) == standing
    assert await left(payments, captured) == (100, 0)


async def test_only_what_was_reserved_like_this_is_settled(
    refunds: Refunds, captured: PaymentOrder
) -> None:
    order = await reserved(refunds, captured, suspended=False)

    for other in (make_refund(captured, 1), replace(order, amount=Money(4_001, "USD"))):
        with pytest.raises(LookupError):
            await refunds.settle(other, RefundStatus.SUCCEEDED, TAKEN, None)
        with pytest.raises(LookupError):
            await refunds.suspend(other)
    with pytest.raises(AssertionError):
        await refunds.settle(order, RefundStatus.PENDING, TAKEN, None)


async def reserved(refunds: Refunds, captured: PaymentOrder, suspended: bool) -> RefundOrder:
    order = make_refund(captured, 4_000)
    await refunds.reserve(order)
    if suspended:
        for _ in range(2):
            await refunds.suspend(order)
    return order


async def test_those_without_an_end_are_walked_through_page_by_page(
    refunds: Refunds, captured: PaymentOrder
) -> None:
    orders = [make_refund(captured, 100 + n) for n in range(5)]
    for order in orders:
        assert await refunds.reserve(order) is Reserved.NOW
    await refunds.settle(orders[1], RefundStatus.SUCCEEDED, Answer(OutcomeKind.ACCEPTED), None)

    found: list[Refund] = []
    while page := await refunds.unfinished(found[-1].refund_id if found else None, 2):
        found += page

    places = [(each.created_at, each.refund_id) for each in found]
    assert places == sorted(places)
    theirs = {
        each.refund_id: order_of(each) for each in found if each.payment_id == captured.payment_id
    }
    still_open = [orders[0], *orders[2:]]
    assert theirs == {
        each.refund_id: replace(each, deadline=each.created_at) for each in still_open
    }
