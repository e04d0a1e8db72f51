"""Each leg of a payout moves its own part of what was set aside; the payout is what they are."""

import asyncio

import asyncpg
import pytest

from payments.domain import ids
from payments.domain.codes import Code
from payments.domain.payout import Leg, PayoutOrder, PayoutStatus
from payments.domain.payout_legs import refund_of, transfer_of
from payments.domain.refund import RefundStatus
from tests.card_factories import make_refund
from tests.contracts.direct import Direct
from tests.contracts.payout_loop import GIVEN, Loop, loop
from tests.contracts.payout_record import P, record
from tests.payout_factories import make_payout

assert loop
assert record, "fixtures"
S, F = RefundStatus.SUCCEEDED, RefundStatus.FAILED
WHOLE = 15_000


@pytest.fixture
async def order(loop: Loop) -> PayoutOrder:
    """100.00 and 20.00 that came, and 30.00 beyond: let go by two people, and on its way."""
    await loop.paid()
    second = await loop.paid()
    rest = make_refund(second, 8_000)
    await loop.refunds.reserve(rest)
    await loop.refunds.settle(rest, S, GIVEN, None)
    order = make_payout(await loop.to_bank(), WHOLE)
    await loop.record.payouts.begin(order)
    for status in (P.QUEUED, P.SENT):
        await loop.record.move(order, status)
    return order


async def legs_of(loop: Loop, order: PayoutOrder) -> tuple[Leg, Leg, Leg]:
    first, second, out = await loop.legs(order)
    return first, second, out


async def sent(loop: Loop, order: PayoutOrder, leg: Leg, *ways: PayoutStatus) -> PayoutOrder:
    """The transfer, twice at each step."""
    part = transfer_of(order, leg)
    for _ in range(2):
        answer = await loop.record.payouts.begin(part)
        assert answer.payout is not None
    for way in ways:
        for _ in range(2):
            await loop.record.move(part, way)
    return part


async def moved(direct: Direct, order: PayoutOrder) -> dict[str, int]:
    """What a payout and its legs did, by the kind of account."""
    rows = await direct.rows(
        """SELECT account.kind, sum(entry.amount_minor)::bigint
        FROM ledger_entry AS entry JOIN ledger_account AS account ON account.id = entry.account_id
        JOIN ledger_transaction AS posting ON posting.id = entry.transaction_id
        WHERE posting.subject = ANY ($1::text[])
        GROUP BY account.kind HAVING sum(entry.amount_minor) <> 0""",
        [
            order.payout_id,
            *(ids.leg_refund(order.payout_id, number) for number in (1, 2)),
            ids.leg_transfer(order.payout_id, 3),
        ],
    )
    return dict(rows)


@pytest.mark.parametrize(
    ("ends", "ways", "status", "code", "books"),
    [
        (
            (S, S),
            (P.SENT, P.PAID),
            P.PAID,
            None,
            {"partner_payable": WHOLE + 25, "provider_receivable": -WHOLE, "fee_income": -25},
        ),
        (
            (F, S),
            (P.SENT, P.PAID),
            P.PARTLY_PAID,
            Code.REFUND_FAILED,
            {"partner_payable": 5_025, "provider_receivable": -5_000, "fee_income": -25},
        ),
        (
            (S, S),
            (P.FAILED,),
            P.PARTLY_PAID,
            Code.ACCOUNT_CLOSED,
            {"partner_payable": 12_025, "provider_receivable": -12_000, "fee_income": -25},
        ),
        (
            (S, S),
            (P.CANCELED,),
            P.PARTLY_PAID,
            None,
            {"partner_payable": 12_025, "provider_receivable": -12_000, "fee_income": -25},
        ),
        ((F, F), (P.CANCELED,), P.FAILED, Code.REFUND_FAILED, {}),
        ((F, F), (P.FAILED,), P.FAILED, Code.REFUND_FAILED, {}),
        ((F, F), (P.SENT, P.FAILED), P.FAILED, Code.REFUND_FAILED, {}),
        (
            (F, F),
            (P.SENT, P.RETURNED),
            P.RETURNED,
            Code.REFUND_FAILED,
            {"partner_payable": 25, "fee_income": -25},
        ),
    ],
)
@pytest.mark.parametrize("suspended", [False, True])
async def test_every_ending_has_its_books(
    ends: tuple[RefundStatus, RefundStatus],
    ways: tuple[PayoutStatus, ...],
    status: PayoutStatus,
    code: Code | None,
    books: dict[str, int],
    suspended: bool,
    order: PayoutOrder,
    loop: Loop,
    direct: Direct,
) -> None:
    *backs, out = await legs_of(loop, order)
    set_aside = await moved(direct, order)
    assert set_aside == {
        "partner_payable": WHOLE + 25,
        "payout_reserved": -WHOLE,
        "fee_income": -25,
    }
    for leg, end in zip(backs, ends, strict=True):
        refund = refund_of(order, leg)
        if suspended:
            await loop.refunds.reserve(refund)
            await asyncio.gather(*(loop.refunds.suspend(refund) for _ in range(3)))
        await loop.refunded(refund, end)
    assert (await loop.concluded(order)).status is P.SENT

    await sent(loop, order, out, *ways)
    concluded = await loop.concluded(order)

    assert (concluded.status, concluded.code) == (status, code)
    assert await moved(direct, order) == books


async def test_a_leg_whose_payment_is_disputed_meanwhile_gives_its_money_back(
    order: PayoutOrder, loop: Loop, direct: Direct
) -> None:
    first, second, out = await legs_of(loop, order)
    refund = refund_of(order, first)
    await loop.disputed(loop.made[refund.payment_id])
    before = await loop.record.funds()

    codes = [await loop.refunds.reserve(refund) for _ in range(2)]

    assert codes == [Code.PAYMENT_DISPUTED] * 2
    assert await loop.record.funds() == before + 10_000
    await loop.refunded(refund_of(order, second), S)
    await sent(loop, order, out, P.SENT, P.PAID)
    concluded = await loop.concluded(order)
    assert (concluded.status, concluded.code) == (P.PARTLY_PAID, Code.PAYMENT_DISPUTED)
    assert (await moved(direct, order))["partner_payable"] == 5_025
    assert (await loop.legs(order))[0].status is P.FAILED


async def test_a_transfer_that_comes_back_takes_its_payout_along(
    order: PayoutOrder, loop: Loop, direct: Direct
) -> None:
    first, second, out = await legs_of(loop, order)
    await loop.refunded(refund_of(order, first), S)
    await loop.refunded(refund_of(order, second), F)
    part = await sent(loop, order, out, P.SENT, P.PAID)
    assert (await loop.concluded(order)).status is P.PARTLY_PAID

    await loop.record.move(part, P.RETURNED)
    concluded = await loop.concluded(part)

    assert (concluded.payout_id, concluded.status) == (order.payout_id, P.PARTLY_PAID)
    told = await direct.rows(
        "SELECT type, sequence FROM event WHERE object_id = $1 ORDER BY sequence", order.payout_id
    )
    assert told == [
        ("payout.on_hold", 1),
        ("payout.sent", 2),
        ("payout.partly_paid", 3),
        ("payout.partly_paid", 4),
    ]
    assert await direct.rows("SELECT FROM event WHERE object_id = $1", part.payout_id) == []


async def test_a_transfer_that_fails_gives_back_its_own_sources_alone(loop: Loop) -> None:
    first, second = await loop.paid(), await loop.paid()
    await loop.refund_fails(first)
    order = make_payout(await loop.to_bank(), 15_000)
    await loop.record.payouts.begin(order)
    for status in (P.QUEUED, P.SENT):
        await loop.record.move(order, status)
    back, out = await loop.legs(order)

    await sent(loop, order, out, P.FAILED)

    assert [await loop.left(each) for each in (first, second)] == [10_000, 5_000]
    await loop.refunded(refund_of(order, back), S)
    assert await loop.left(second) == 5_000


async def test_what_failed_can_go_back_again_and_what_went_cannot(
    order: PayoutOrder, loop: Loop
) -> None:
    first, second, out = await legs_of(loop, order)
    refunds = [refund_of(order, leg) for leg in (first, second)]
    for refund, end in zip(refunds, (F, S), strict=True):
        await loop.refunded(refund, end)
    await sent(loop, order, out, P.FAILED)
    await loop.concluded(order)

    left = [await loop.left(loop.made[refund.payment_id]) for refund in refunds]

    assert left == [10_000, 0]


async def test_partners_know_of_a_transfer_by_its_payout_alone(
    order: PayoutOrder, loop: Loop
) -> None:
    *_, out = await legs_of(loop, order)
    part = await sent(loop, order, out)

    assert await loop.record.payouts.find(order.partner_id, part.payout_id) is None
    assert await loop.record.payouts.named(part.payout_id) is not None


async def test_a_payout_without_legs_has_nothing_to_conclude(loop: Loop) -> None:
    order = await loop.record.begun()

    assert (await loop.concluded(order)).status is P.QUEUED


async def test_a_plan_that_was_canceled_stays_so(loop: Loop) -> None:
    await loop.paid()
    order = make_payout(await loop.to_bank(), WHOLE)
    await loop.record.payouts.begin(order)
    await loop.record.move(order, P.CANCELED)

    assert (await loop.concluded(order)).status is P.CANCELED


async def test_no_refund_is_a_leg_that_nobody_planned(order: PayoutOrder, loop: Loop) -> None:
    other = await loop.paid()
    refund = make_refund(other, 1_000, payout_id=order.payout_id)

    with pytest.raises(LookupError):
        await loop.refunds.reserve(refund)

    assert await loop.left(other) == 10_000


@pytest.mark.parametrize("role", ["app", "owner"])
@pytest.mark.parametrize(
    "change", ["transfer_minor = 0", "part_of = id", "paid_minor = 1", "told = told + 1"]
)
async def test_direct_sql_tells_no_other_story(
    role: str, change: str, order: PayoutOrder, direct: Direct
) -> None:
    with pytest.raises((asyncpg.RestrictViolationError, asyncpg.InsufficientPrivilegeError)):
        await direct.run(f"UPDATE payout SET {change} WHERE id = '{order.payout_id}'", role=role)
