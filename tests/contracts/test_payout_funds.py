"""However many payouts begin at once, they never spend what a partner does not have."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from payments.adapters.postgres import funds
from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.payouts import PostgresPayouts
from payments.db.session import Database
from payments.domain.codes import Code
from payments.domain.payout import PayoutStatus
from payments.domain.payout_terms import PayoutLimits
from tests.contracts.direct import Direct
from tests.contracts.payout_record import P, PayoutRecord, record
from tests.payout_factories import ACCOUNT, make_destination, make_payout

assert record, "a fixture"


async def test_money_that_came_in_can_be_paid_out_with_its_fee(record: PayoutRecord) -> None:
    await record.earn(10_025)

    await record.begun(10_000)

    assert await record.funds() == 0
    again = make_payout(await record.destination(), 1)
    assert (await record.payouts.begin(again)).refused is Code.FUNDS_INSUFFICIENT
    assert await record.payouts.find(record.partner_id, again.payout_id) is None


async def test_two_hundred_at_once_spend_no_more_than_there_is(
    record: PayoutRecord, two_processes: tuple[Database, Database]
) -> None:
    await record.earn(100 * 125)
    destination = await record.destination()
    desks = [PostgresPayouts(pool, PostgresLedger(pool)) for pool in two_processes]
    orders = [make_payout(destination, 100) for _ in range(200)]

    answers = await asyncio.gather(
        *(desks[number % 2].begin(order) for number, order in enumerate(orders))
    )

    assert Counter(answer.refused for answer in answers) == {
        None: 100,
        Code.FUNDS_INSUFFICIENT: 100,
    }
    assert await record.funds() == 0


async def test_what_comes_in_meanwhile_is_neither_lost_nor_counted_twice(
    record: PayoutRecord, two_processes: tuple[Database, Database]
) -> None:
    destination = await record.destination()
    desks = [PostgresPayouts(pool, PostgresLedger(pool)) for pool in two_processes]
    orders = [make_payout(destination, 75) for _ in range(60)]

    earning = asyncio.gather(*(record.earn(100) for _ in range(60)))
    folding = asyncio.gather(*(funds.fold(two_processes[0]) for _ in range(5)))
    answers = await asyncio.gather(*(desks[n % 2].begin(order) for n, order in enumerate(orders)))
    await asyncio.gather(earning, folding)

    begun = sum(answer.payout is not None for answer in answers)
    assert await record.funds() == 60 * 100 - begun * 100 >= 0
    left = [await record.payouts.begin(replace(order)) for order in orders]
    assert all(answer.payout is not None for answer in left)
    assert await record.funds() == 0


async def test_a_payment_of_the_partner_waits_for_no_payout(
    record: PayoutRecord, database: Database, direct: Direct
) -> None:
    await record.earn(100)
    async with direct.connection("app") as holding, holding.transaction():
        await holding.execute(
            "INSERT INTO partner_funds VALUES ($1, 'USD') ON CONFLICT DO NOTHING",
            record.partner_id,
        )
        await holding.execute(
            "SELECT FROM partner_funds WHERE partner_id = $1 FOR UPDATE", record.partner_id
        )

        await record.earn(100)

    assert await record.funds() == 200


async def test_funds_are_the_ledgers_own_sum_whatever_happened(
    record: PayoutRecord, database: Database, direct: Direct
) -> None:
    await record.earn(1_000_000)
    for status in PayoutStatus:
        await record.lead_to(status)
    await funds.fold(database)

    payable = f"partner_payable:{record.partner_id}:USD"
    assert await record.funds() == -(await record.books())[payable]
    assert (
        await direct.value(
            "SELECT count(*) FROM partner_funds_delta WHERE partner_id = $1", record.partner_id
        )
        == 0
    )


async def test_one_payout_asked_for_by_many_at_once_is_one(record: PayoutRecord) -> None:
    await record.earn(50_000)
    order = make_payout(await record.destination(), 10_000)

    answers = await asyncio.gather(*(record.payouts.begin(order) for _ in range(30)))

    assert all(answer.payout == answers[0].payout is not None for answer in answers)
    assert sum(not answer.was_begun for answer in answers) == 1
    assert await record.funds() == 50_000 - 10_025
    for other in (
        replace(order, content="another"),
        replace(order, trace="partner_1.20260501T000000000Z.00000000"),
        make_payout(await record.destination(), 1, reference=order.reference),
    ):
        assert (await record.payouts.begin(other)).refused is Code.REFERENCE_USED


async def test_only_what_the_rail_has_verified_is_paid(record: PayoutRecord) -> None:
    await record.earn(50_000)
    unverified = make_destination(partner_id=record.partner_id)
    other = await PayoutRecord(record.payouts._database).destination()

    for destination, refused in (
        (unverified, Code.DESTINATION_UNKNOWN),
        (replace(other, partner_id=record.partner_id), Code.DESTINATION_UNKNOWN),
    ):
        answer = await record.payouts.begin(make_payout(destination))
        assert answer.refused is refused
    await record.destinations.add(unverified, ACCOUNT)
    answer = await record.payouts.begin(make_payout(unverified))
    assert answer.refused is Code.DESTINATION_UNVERIFIED


@pytest.mark.parametrize(
    ("limits", "refused"),
    [
        (PayoutLimits(block_above=9_999), Code.PAYOUT_LIMIT),
        (PayoutLimits(daily_count=1), Code.PAYOUT_VELOCITY),
        (PayoutLimits(daily_sum=19_999), Code.PAYOUT_VELOCITY),
        (PayoutLimits(destination_count=1), Code.PAYOUT_VELOCITY),
        (PayoutLimits(destination_sum=19_999), Code.PAYOUT_VELOCITY),
    ],
)
async def test_limits_hold_for_what_is_asked_at_once(
    limits: PayoutLimits, refused: Code, record: PayoutRecord
) -> None:
    await record.earn(1_000_000)
    destination = await record.destination()
    orders = [make_payout(destination, limits=limits) for _ in range(8)]

    answers = await asyncio.gather(*(record.payouts.begin(order) for order in orders))

    begun = 0 if refused is Code.PAYOUT_LIMIT else 1
    assert Counter(answer.refused for answer in answers) == Counter(
        {refused: 8 - begun} | ({None: begun} if begun else {})
    )


async def test_what_came_to_nothing_has_used_up_no_limit(record: PayoutRecord) -> None:
    await record.earn(1_000_000)
    destination = await record.destination()
    first = make_payout(destination, limits=PayoutLimits(destination_count=1))
    assert (await record.payouts.begin(first)).payout is not None
    await record.move(first, P.FAILED)

    second = make_payout(destination, limits=PayoutLimits(destination_count=1))

    assert (await record.payouts.begin(second)).payout is not None


async def test_a_large_one_waits_for_people(record: PayoutRecord) -> None:
    await record.earn(50_000)

    order = await record.begun(10_000, limits=PayoutLimits(hold_above=9_999))

    found = await record.payouts.find(record.partner_id, order.payout_id)
    assert found is not None
    assert (found.status, found.held_for) == (P.ON_HOLD, "amount")
    assert await record.funds() == 50_000 - 10_025
    assert found in await record.payouts.held()
