"""Closed loop: what a customer paid goes back to where it came from, up to what came."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.payouts import PostgresPayouts
from payments.db.session import Database
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.payout import HoldReason, Leg, LegKind, PayoutAnswer, PayoutStatus
from payments.domain.payout_legs import MOST_SOURCES, Source, Way, refund_of
from payments.domain.payout_terms import PayoutLimits
from payments.domain.refund import RefundStatus, Reserved
from tests.card_factories import NOW, make_refund
from tests.contracts.direct import Direct
from tests.contracts.payout_loop import Loop, loop
from tests.contracts.payout_record import P, record
from tests.patience import until
from tests.payout_factories import back_to, make_payout

assert loop
assert record, "fixtures"
_FOUND_LAST: Final = "UPDATE payout_source SET number = 3 WHERE payment_id = $1"
_LOCKED: Final = "SELECT FROM payment WHERE id = $1 FOR NO KEY UPDATE"
_WAITS: Final = "SELECT count(*) FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid))"


async def test_the_oldest_money_goes_back_first_up_to_what_came(loop: Loop) -> None:
    first, second, last = await loop.paid(), await loop.paid(by_other=True), await loop.paid()
    await loop.refunds.reserve(make_refund(first, 4_000))
    order = make_payout(await loop.to_bank(), 18_000)

    answer = await loop.record.payouts.begin(order)

    assert answer.payout is not None
    assert (answer.payout.status, answer.payout.held_for) == (P.QUEUED, None)
    assert await loop.record.payouts.sources(order.payout_id) == [
        Source(first.payment_id, 6_000, Way.REFUND, 1),
        Source(second.payment_id, 10_000, Way.REFUND, 2),
        Source(last.payment_id, 2_000, Way.REFUND, 3),
    ]
    assert [(leg.payment_id, leg.amount.minor) for leg in answer.legs] == [
        (first.payment_id, 6_000),
        (second.payment_id, 10_000),
        (last.payment_id, 2_000),
    ]
    assert [await loop.left(each) for each in (first, second, last)] == [0, 0, 8_000]
    refused = await loop.refunds.reserve(make_refund(last, 8_001))
    assert refused is Code.REFUND_TOO_LARGE


async def test_asked_again_it_has_the_same_legs(loop: Loop) -> None:
    await loop.paid()
    order = make_payout(await loop.to_card(), 10_001)

    answers = [await loop.record.payouts.begin(order) for _ in range(2)]

    assert answers[1] == replace(answers[0], was_begun=True)
    assert answers[0].payout is not None
    legs = await loop.record.payouts.legs([answers[0].payout])
    assert legs == {order.payout_id: answers[0].legs}


async def test_only_what_this_customer_paid_in_this_currency_goes_back(loop: Loop) -> None:
    await loop.paid(amount=Money(10_000, "EUR"))
    await loop.paid(customer_id=None)
    await loop.disputed(await loop.paid())
    mine = await loop.paid()
    order = make_payout(await loop.to_bank(), 10_001)

    held = (await loop.record.payouts.begin(order)).payout

    assert held is not None
    assert (held.status, held.held_for) == (P.ON_HOLD, HoldReason.CLOSED_LOOP)
    assert await loop.record.payouts.sources(order.payout_id) == [
        Source(mine.payment_id, 10_000, Way.REFUND, 1)
    ]


async def test_more_than_came_waits_for_people_with_its_plan(loop: Loop) -> None:
    payment = await loop.paid()

    order = make_payout(await loop.to_card(), 10_001)
    answer = await loop.record.payouts.begin(order)

    assert answer.payout is not None
    assert (answer.payout.status, answer.payout.held_for) == (P.ON_HOLD, HoldReason.CLOSED_LOOP)
    back = Leg(1, LegKind.REFUND, Money(10_000, "USD"), P.ON_HOLD, payment_id=payment.payment_id)
    out = Leg(2, LegKind.TRANSFER, Money(1, "USD"), P.ON_HOLD, arrives_at=order.arrives_at)
    assert answer.legs == (back, out)


async def test_what_came_goes_back_without_a_destination_and_nothing_beyond_it(
    loop: Loop,
) -> None:
    payment, funds = await loop.paid(), await loop.record.funds()
    beyond = back_to(loop.customer, make_payout(await loop.to_card(), 10_001))

    refused = await loop.record.payouts.begin(beyond)

    assert refused == PayoutAnswer(refused=Code.DESTINATION_NEEDED)
    assert (await loop.left(payment), await loop.record.funds()) == (10_000, funds)
    order = back_to(loop.customer, make_payout(await loop.to_card(), 10_000))
    [leg] = (await loop.record.payouts.begin(order)).legs
    await loop.record.move(order, P.SENT)
    await loop.refunded(refund_of(order, leg), RefundStatus.SUCCEEDED)
    paid = await loop.concluded(order)
    assert (paid.status, paid.customer_id) == (P.PAID, loop.customer)
    assert (paid.destination_id, paid.rail, paid.arrives_at) == (None, None, None)


async def test_without_a_destination_nothing_goes_where_no_refund_does(loop: Loop) -> None:
    await loop.refund_fails(await loop.paid())
    order = back_to(loop.customer, make_payout(await loop.to_card(), 10_000))

    answer = await loop.record.payouts.begin(order)

    assert answer == PayoutAnswer(refused=Code.DESTINATION_NEEDED)


async def test_what_no_refund_takes_goes_to_its_card_or_waits_for_people(loop: Loop) -> None:
    payment = await loop.paid()
    await loop.refund_fails(payment)
    to_card = make_payout(await loop.to_card(), 4_000)
    to_bank = make_payout(await loop.to_bank(), 4_000)

    back = await loop.record.payouts.begin(to_card)
    elsewhere = await loop.record.payouts.begin(to_bank)

    assert back.payout is not None
    assert elsewhere.payout is not None
    assert (back.payout.status, back.legs) == (P.QUEUED, ())
    assert (elsewhere.payout.held_for, elsewhere.legs) == (HoldReason.CLOSED_LOOP, ())
    ways = [
        [source.way for source in await loop.record.payouts.sources(each.payout_id)]
        for each in (to_card, to_bank)
    ]
    assert ways == [[Way.SAME_CARD], [Way.ELSEWHERE]]
    assert await loop.left(payment) == 2_000


async def test_a_refund_that_succeeds_again_opens_its_payment_again(loop: Loop) -> None:
    payment = await loop.paid()
    await loop.refund_fails(payment)
    await loop.refund_ends(payment, RefundStatus.SUCCEEDED)

    answer = await loop.record.payouts.begin(make_payout(await loop.to_bank(), 4_000))

    assert [leg.kind for leg in answer.legs] == [LegKind.REFUND]


@pytest.mark.parametrize("status", [P.FAILED, P.CANCELED, P.RETURNED])
async def test_what_comes_to_nothing_can_go_back_again(loop: Loop, status: PayoutStatus) -> None:
    payment = await loop.paid()
    await loop.refund_fails(payment)
    order = make_payout(await loop.to_card(), 9_000)
    await loop.record.payouts.begin(order)
    if status is P.RETURNED:
        await loop.record.move(order, P.SENT)

    for _ in range(2):
        await loop.record.move(order, status)

    assert await loop.left(payment) == 10_000


async def test_a_canceled_plan_has_taken_nothing(loop: Loop) -> None:
    payment = await loop.paid()
    order = make_payout(await loop.to_bank(), 10_001)
    begun = (await loop.record.payouts.begin(order)).payout
    before = await loop.record.funds()

    for _ in range(2):
        await loop.record.move(order, P.CANCELED)

    assert begun is not None
    legs = (await loop.record.payouts.legs([begun]))[order.payout_id]
    assert {leg.status for leg in legs} == {P.CANCELED}
    assert await loop.left(payment) == 10_000
    assert await loop.record.funds() == before + order.total.minor


async def test_a_cancel_takes_the_oldest_payment_first_as_every_plan_does(
    loop: Loop, direct: Direct
) -> None:
    newest = await loop.paid(created_at=NOW + timedelta(days=1))
    oldest = await loop.paid()
    order = make_payout(await loop.to_bank(), 20_000)
    await loop.record.payouts.begin(order)
    await direct.rows(_FOUND_LAST, oldest.payment_id)

    async with direct.connection() as planning, planning.transaction():
        await planning.execute(_LOCKED, oldest.payment_id)
        canceling = asyncio.create_task(loop.record.move(order, P.CANCELED))
        await until(lambda: direct.value(_WAITS, planning.get_server_pid()), 10, "nobody waits")
        # Refused if the cancel had it: then each would wait for the other.
        await planning.execute(f"{_LOCKED} NOWAIT", newest.payment_id)
    await canceling

    assert [await loop.left(each) for each in (newest, oldest)] == [10_000, 10_000]


async def test_a_destinations_limit_is_of_what_goes_over_its_rail(loop: Loop) -> None:
    await loop.paid()
    limits = PayoutLimits(destination_sum=2)
    destination = await loop.to_bank()

    codes = [
        (await loop.record.payouts.begin(make_payout(destination, minor, limits=limits))).refused
        for minor in (4_000, 6_001, 1, 1)
    ]

    assert codes == [None, None, None, Code.PAYOUT_VELOCITY]


async def test_nobody_gives_back_more_payments_than_one_payout_can(loop: Loop) -> None:
    await loop.record.earn(1_000_000)
    paid = [await loop.paid() for _ in range(MOST_SOURCES + 1)]
    destination = await loop.to_bank()

    too_many = await loop.record.payouts.begin(make_payout(destination, MOST_SOURCES * 10_000 + 1))
    answer = await loop.record.payouts.begin(make_payout(destination, MOST_SOURCES * 10_000))

    assert too_many.refused is Code.PAYOUT_LIMIT
    assert len(answer.legs) == MOST_SOURCES
    assert await loop.left(paid[-1]) == 10_000


async def test_payouts_and_refunds_at_once_give_back_no_more_than_came(
    loop: Loop, two_processes: tuple[Database, Database]
) -> None:
    payments = [await loop.paid() for _ in range(2)]
    destination = await loop.to_card()
    desks = [PostgresPayouts(pool, PostgresLedger(pool)) for pool in two_processes]
    refunds = [make_refund(payment, 1_000) for payment in payments for _ in range(10)]
    orders = [make_payout(destination, 3_000) for _ in range(20)]

    reserved, answers = await asyncio.gather(
        asyncio.gather(*(loop.refunds.reserve(each) for each in refunds)),
        asyncio.gather(*(desks[n % 2].begin(each) for n, each in enumerate(orders))),
    )

    back = sum(
        leg.amount.minor for answer in answers for leg in answer.legs if leg.kind is LegKind.REFUND
    )
    assert set(reserved) <= {Reserved.NOW, Code.REFUND_TOO_LARGE}
    assert reserved.count(Reserved.NOW) * 1_000 + back == 20_000
    assert [await loop.left(each) for each in payments] == [0, 0]
    for answer in answers:
        assert answer.payout is not None
        whole = sum(leg.amount.minor for leg in answer.legs) or 3_000
        assert whole == 3_000
        is_back = all(leg.kind is LegKind.REFUND for leg in answer.legs) and answer.legs
        assert (answer.payout.status is P.QUEUED) == bool(is_back)


async def test_a_destination_goes_with_its_customer(loop: Loop) -> None:
    destination = await loop.to_card()

    assert await loop.methods.forget_customer(loop.record.partner_id, loop.customer)

    assert await loop.record.destinations.opened(destination.destination_id) is None
    answer = await loop.record.payouts.begin(make_payout(destination, 1))
    assert answer.refused is Code.DESTINATION_UNKNOWN
