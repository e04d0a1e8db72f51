"""The promises of ports.payouts.Payouts on PostgreSQL: every move with its money and its event."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from payments.adapters.postgres import payouts
from payments.domain.codes import Code
from payments.domain.payout import (
    GIVEN_BACK,
    PAYOUT_MOVES,
    PayoutOrder,
    PayoutReview,
    PayoutStatus,
)
from payments.ports.payments import MoveRefused
from payments.ports.payouts import PayoutFilter
from tests.contracts.direct import Direct
from tests.contracts.payout_record import P, PayoutRecord, record
from tests.payout_factories import ACCOUNT, make_payout

assert record, "a fixture"
EARNED = 50_000
roles = pytest.mark.parametrize("role", ["app", "owner"])


async def of_rail(direct: Direct, payout_id: str) -> dict[str, int]:
    """What the ledger says of one payout, by the kind of account."""
    rows = await direct.rows(
        """SELECT account.kind, sum(entry.amount_minor)::bigint
        FROM ledger_entry AS entry JOIN ledger_account AS account ON account.id = entry.account_id
        JOIN ledger_transaction AS posting ON posting.id = entry.transaction_id
        WHERE posting.subject = $1 GROUP BY account.kind HAVING sum(entry.amount_minor) <> 0""",
        payout_id,
    )
    return dict(rows)


async def test_a_payout_that_comes_too_late_begins_nothing_and_goes_on_with_what_it_began(
    record: PayoutRecord,
) -> None:
    await record.earn(EARNED)
    before, late = await record.begun(), datetime.now(UTC) - timedelta(seconds=1)
    left = await record.funds()

    refused = await record.payouts.begin(make_payout(await record.destination(), deadline=late))
    again = await record.payouts.begin(replace(before, deadline=late))

    assert refused.refused is Code.ENGINE_UNAVAILABLE
    assert again.payout is not None
    assert again.payout.payout_id == before.payout_id
    assert await record.funds() == left


@pytest.mark.parametrize("suspended", [False, True])
@pytest.mark.parametrize(
    ("path", "books"),
    [
        ([], {"partner_payable": 10_025}),
        ([P.SENT], {"partner_payable": 10_025, "provider_receivable": -10_000, "fee_income": -25}),
        (
            [P.SENT, P.PAID],
            {"partner_payable": 10_025, "provider_receivable": -10_000, "fee_income": -25},
        ),
        ([P.FAILED], {}),
        ([P.SENT, P.FAILED], {}),
        ([P.SENT, P.RETURNED], {"partner_payable": 25, "fee_income": -25}),
        ([P.SENT, P.PAID, P.RETURNED], {"partner_payable": 25, "fee_income": -25}),
    ],
)
async def test_every_ending_has_its_legs(
    path: list[PayoutStatus],
    books: dict[str, int],
    suspended: bool,
    record: PayoutRecord,
    direct: Direct,
) -> None:
    await record.earn(EARNED)
    order = await record.begun()
    if suspended:
        await asyncio.gather(*(record.payouts.suspend(order) for _ in range(5)))
    for status in path:
        moved = await asyncio.gather(*(record.move(order, status) for _ in range(5)))
        assert {each.status for each in moved} == {status}

    waiting = {"suspense" if suspended else "payout_reserved": -10_025} if not path else {}
    assert await of_rail(direct, order.payout_id) == books | waiting
    spent = books.get("partner_payable", 0)
    assert await record.funds() == EARNED - spent


async def test_partners_are_told_of_every_move_but_the_first(
    record: PayoutRecord, direct: Direct
) -> None:
    await record.earn(EARNED)
    order = await record.lead_to(P.RETURNED)

    rows = await direct.rows(
        """SELECT type, sequence, previous_status, data ->> 'status' FROM event
        WHERE object_id = $1 ORDER BY sequence""",
        order.payout_id,
    )

    assert rows == [
        ("payout.sent", 1, "queued", "sent"),
        ("payout.paid", 2, "sent", "paid"),
        ("payout.returned", 3, "paid", "returned"),
    ]


async def test_words_of_a_rail_that_no_database_takes_do_not_stop_a_payout(
    record: PayoutRecord,
) -> None:
    odd = "half \ud83d and nothing \0"
    await record.earn(EARNED)
    order = await record.begun()

    await record.move(order, P.SENT, rail_reference=odd)
    failed = await record.move(order, P.FAILED, raw_code=odd)

    assert failed.status is P.FAILED


# What a payout with this end may have been before, whichever way it went.
CAME_BY = {
    P.FAILED: {P.ON_HOLD, P.QUEUED, P.SENT},
    P.CANCELED: {P.ON_HOLD, P.QUEUED},
    P.RETURNED: {P.ON_HOLD, P.QUEUED, P.SENT, P.PAID, P.PARTLY_PAID},
}


async def test_a_final_payout_is_never_left(record: PayoutRecord) -> None:
    await record.earn(1_000_000)
    for status in GIVEN_BACK:
        order = await record.lead_to(status)
        before = await record.payouts.named(order.payout_id)
        for to in set(PayoutStatus) - {status} - CAME_BY[status]:
            with pytest.raises(MoveRefused):
                await record.move(order, to)
        for to in CAME_BY[status]:
            assert await record.move(order, to) == before
        await record.payouts.suspend(order)
        assert await record.payouts.named(order.payout_id) == before


async def test_a_move_that_a_dead_worker_made_and_left_behind_is_no_quarrel(
    record: PayoutRecord,
) -> None:
    await record.earn(1_000_000)
    order = await record.lead_to(P.PAID)
    paid = await record.payouts.named(order.payout_id)

    assert await record.move(order, P.SENT) == paid
    assert await record.move(order, P.PAID) == paid


async def test_an_account_is_opened_only_for_what_may_leave(record: PayoutRecord) -> None:
    await record.earn(1_000_000)
    order = await record.lead_to(P.QUEUED)
    assert await record.destinations.opened_for(order) == ACCOUNT

    for status in (P.SENT, *GIVEN_BACK):
        with pytest.raises(MoveRefused):
            await record.destinations.opened_for(await record.lead_to(status))


async def test_only_what_was_begun_like_this_moves(record: PayoutRecord) -> None:
    await record.earn(EARNED)
    order = await record.begun()

    for other in (make_payout(await record.destination()), replace(order, content="another")):
        for write in (record.move(other, P.SENT), record.payouts.suspend(other)):
            with pytest.raises(LookupError):
                await write


@pytest.mark.parametrize(
    ("words", "status"),
    [
        ([("ann", True)], P.ON_HOLD),
        ([("ann", True), ("ann", True)], P.ON_HOLD),
        ([("ann", True), ("bob", True)], P.QUEUED),
        ([("ann", True), ("Ann", True), ("bob", False)], P.CANCELED),
        ([("ann", True), ("bob", False)], P.CANCELED),
        ([("bob", False), ("ann", True), ("cleo", True)], P.CANCELED),
        ([("ann", True), ("ann", False)], P.CANCELED),
    ],
)
async def test_two_different_people_let_it_go_and_one_can_stop_it(
    words: list[tuple[str, bool]], status: PayoutStatus, record: PayoutRecord
) -> None:
    await record.earn(EARNED)
    order = await record.lead_to(P.ON_HOLD)

    for by, approved in words:
        await record.payouts.review(order, PayoutReview(approved, by))

    found = await record.payouts.named(order.payout_id)
    assert found is not None
    assert found.status is status
    assert found.code is (Code.HOLD_REJECTED if status is P.CANCELED else None)
    assert await record.funds() == (EARNED if status is P.CANCELED else EARNED - 10_025)


async def test_two_people_at_once_let_it_go_once(record: PayoutRecord, direct: Direct) -> None:
    await record.earn(EARNED)
    order = await record.lead_to(P.ON_HOLD)

    await asyncio.gather(
        *(record.payouts.review(order, PayoutReview(True, f"op-{n % 4}")) for n in range(20))
    )

    found = await record.payouts.named(order.payout_id)
    assert found is not None
    assert found.status is P.QUEUED


async def test_a_page_goes_on_where_the_last_one_ended(record: PayoutRecord) -> None:
    await record.earn(1_000_000)
    made = [(await record.begun()).payout_id for _ in range(5)]
    oldest = await record.payouts.order(made[0])
    assert oldest is not None
    await record.move(oldest, P.CANCELED)

    first = await record.payouts.list(record.partner_id, PayoutFilter(limit=3))
    rest = await record.payouts.list(record.partner_id, PayoutFilter(after=first[-1].payout_id))
    canceled = await record.payouts.list(record.partner_id, PayoutFilter(status=P.CANCELED))

    assert [each.payout_id for each in (*first, *rest)] == list(reversed(made))
    assert [each.payout_id for each in canceled] == made[:1]
    assert await record.payouts.list("partner_2", PayoutFilter()) == []


async def test_those_without_an_end_are_walked_through_page_by_page(record: PayoutRecord) -> None:
    await record.earn(100_000)
    at = datetime.now(UTC)
    # Two of one moment, too.
    orders = [
        await record.lead_to(status, created_at=at + timedelta(seconds=n // 2))
        for n, status in enumerate((P.QUEUED, P.ON_HOLD, P.SENT, P.PAID, P.CANCELED, P.SENT))
    ]

    found: list[PayoutOrder] = []
    while page := await record.payouts.unfinished(found[-1].payout_id if found else None, 2):
        found += page

    places = [(each.created_at, each.payout_id) for each in found]
    assert places == sorted(places)
    theirs = [each for each in found if each.partner_id == record.partner_id]
    still_open = (orders[0], orders[1], orders[2], orders[5])
    assert {each.payout_id: each for each in theirs} == {
        each.payout_id: each for each in still_open
    }


async def test_what_is_open_is_found_by_its_own_index(direct: Direct) -> None:
    plan = await direct.plan(payouts.UNFINISHED, "('po_1', 50)")

    assert "payout_open" in plan
    assert "Seq Scan" not in plan


# The database itself


async def test_the_trigger_knows_the_same_moves_as_the_domain(direct: Direct) -> None:
    allowed = await direct.rows(
        """SELECT before, after FROM unnest($1::text[]) AS before, unnest($1::text[]) AS after
        WHERE payout_may_move(before, after)""",
        list(PayoutStatus),
    )

    assert set(allowed) == {
        (before, after) for before, moves in PAYOUT_MOVES.items() for after in moves
    }


@roles
@pytest.mark.parametrize("status", list(PayoutStatus))
async def test_direct_sql_makes_no_other_move(
    role: str, status: PayoutStatus, record: PayoutRecord, direct: Direct
) -> None:
    await record.earn(EARNED)
    order = await record.lead_to(status)
    for to in sorted(set(PayoutStatus) - PAYOUT_MOVES[status] - {status}):
        with pytest.raises(asyncpg.RestrictViolationError, match="not to become"):
            await direct.run(
                f"""UPDATE payout SET status = '{to}', code = 'P3101', held_for = 'amount'
                WHERE id = '{order.payout_id}'""",
                role=role,
            )


@roles
@pytest.mark.parametrize(
    "change",
    ["amount_minor = 1", "fee_minor = 1", "destination_id = 'dst_2'", "rail = 'PUSH'", "told = 0"],
)
async def test_direct_sql_changes_nothing_that_was_agreed_on(
    role: str, change: str, record: PayoutRecord, direct: Direct
) -> None:
    await record.earn(EARNED)
    order = await record.lead_to(P.SENT)

    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
        await direct.run(f"UPDATE payout SET {change} WHERE id = '{order.payout_id}'", role=role)


@roles
@pytest.mark.parametrize("table", ["payout", "payout_source", "payout_review", "partner_funds"])
async def test_nothing_is_ever_deleted(role: str, table: str, direct: Direct) -> None:
    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
        await direct.run(f"DELETE FROM {table}", role=role)
