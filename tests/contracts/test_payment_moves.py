"""The moves of ports.payments.Payments: the declared ones, once, for PostgreSQL and the fake."""

import asyncio
from datetime import timedelta

import pytest

from payments.domain.payment import PAYMENT_MOVES, PaymentStatus
from payments.ports.payments import MoveRefused, Payments
from tests.card_factories import NOW
from tests.contracts.card_record import S, begun, fact_of, lead_to, usd


async def test_parts_are_captured_up_to_the_whole(payments: Payments) -> None:
    order = await begun(payments, capture=False)
    await payments.move(fact_of(order, S.AUTHORIZED, expires_at=NOW + timedelta(days=7)))

    for number in (1, 2, 3):
        part = fact_of(order, S.PARTIALLY_CAPTURED, key=f"part-{number}", captured=usd(3_000))
        moved = await payments.move(part)
        assert (moved.status, moved.captured_minor) == (S.PARTIALLY_CAPTURED, 3_000 * number)
        assert moved.expires_at == NOW + timedelta(days=7)
    with pytest.raises(MoveRefused):
        await payments.move(fact_of(order, S.CAPTURED, key="too much", captured=usd(1_001)))
    moved = await payments.move(fact_of(order, S.CAPTURED, key="the rest", captured=usd(1_000)))

    assert (moved.status, moved.captured_minor) == (S.CAPTURED, 10_000)


async def test_the_rest_is_given_back_without_another_capture(payments: Payments) -> None:
    order = await begun(payments, capture=False)
    await payments.move(fact_of(order, S.AUTHORIZED))
    await payments.move(fact_of(order, S.PARTIALLY_CAPTURED, key="part"))

    moved = await payments.move(fact_of(order, S.CAPTURED, captured=None))

    assert (moved.status, moved.captured_minor) == (S.CAPTURED, 1_000)


@pytest.mark.parametrize("status", [S.CAPTURED, S.FAILED, S.REQUIRES_ACTION, S.AUTHORIZED])
async def test_the_same_fact_again_changes_nothing_and_says_the_same(
    status: PaymentStatus, payments: Payments
) -> None:
    order = await begun(payments)

    answers = await asyncio.gather(*(payments.move(fact_of(order, status)) for _ in range(10)))

    assert all(answer == answers[0] for answer in answers)


async def test_a_late_repetition_of_a_capture_changes_nothing(payments: Payments) -> None:
    order = await begun(payments, capture=False)
    await payments.move(fact_of(order, S.AUTHORIZED))
    first = fact_of(order, S.PARTIALLY_CAPTURED, key="first")
    await payments.move(first)
    standing = await payments.move(fact_of(order, S.PARTIALLY_CAPTURED, key="second"))

    assert await payments.move(first) == standing


async def test_a_late_repetition_does_not_go_back_to_where_it_once_led(payments: Payments) -> None:
    order = await begun(payments)
    asked = fact_of(order, S.REQUIRES_ACTION)
    await payments.move(asked)
    standing = await payments.move(fact_of(order, S.PROCESSING))

    assert await payments.move(asked) == standing


@pytest.mark.parametrize("status", list(PaymentStatus))
async def test_only_declared_moves_are_made(status: PaymentStatus, payments: Payments) -> None:
    for to in PaymentStatus:
        order = await lead_to(status, payments)
        captured = None if status is S.PARTIALLY_CAPTURED else order.amount
        changes = {"captured": captured} if to is S.CAPTURED else {}
        fact = fact_of(order, to, key="the move", **changes)
        if to in PAYMENT_MOVES[status]:
            assert (await payments.move(fact)).status is to
        else:
            before = await payments.find(order.partner_id, order.payment_id)
            with pytest.raises(MoveRefused):
                await payments.move(fact)
            assert await payments.find(order.partner_id, order.payment_id) == before


async def test_of_opposite_moves_at_once_one_stands(payments: Payments) -> None:
    for _ in range(10):
        order = await begun(payments)
        facts = [fact_of(order, S.CAPTURED), fact_of(order, S.FAILED)] * 3

        await asyncio.gather(*(payments.move(each) for each in facts), return_exceptions=True)

        standing = await payments.find(order.partner_id, order.payment_id)
        assert standing is not None
        assert standing.captured_minor == (10_000 if standing.status is S.CAPTURED else 0)
