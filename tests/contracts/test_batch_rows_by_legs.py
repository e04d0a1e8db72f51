"""A row whose payout goes by legs goes where its legs together lead the payout."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from payments.db.session import Database
from payments.domain.batch_row import BegunPayout, RowOrder, RowState
from payments.domain.codes import Code
from payments.domain.payout import Leg, PayoutOrder, PayoutReview, PayoutStatus
from payments.domain.payout_legs import refund_of, transfer_of
from payments.domain.refund import RefundStatus
from tests.card_factories import make_refund
from tests.contracts.payout_loop import GIVEN, Loop, loop
from tests.contracts.payout_record import P, record
from tests.contracts.test_batches_of_payouts import Stage

assert loop
assert record, "fixtures"
S, F = RefundStatus.SUCCEEDED, RefundStatus.FAILED
BACK = 600


class Row:
    """10.00 to a customer of whose payment 6.00 are left."""

    def __init__(self, loop: Loop, stage: Stage, order: RowOrder, payout: PayoutOrder) -> None:
        self.loop, self.stage, self.order, self.payout = loop, stage, order, payout

    async def let_go(self) -> None:
        for operator in ("ann", "bob"):
            await self.loop.record.payouts.review(self.payout, PayoutReview(True, operator))
        await self.loop.record.move(self.payout, P.SENT)

    async def legs(self) -> tuple[Leg, Leg]:
        back, out = await self.loop.legs(self.payout)
        return back, out

    async def transfer(
        self, *ways: PayoutStatus, arrives_at: datetime | None = None
    ) -> PayoutOrder:
        part = transfer_of(self.payout, (await self.legs())[1])
        await self.loop.record.payouts.begin(part)
        for way in ways:
            await self.loop.record.move(part, way, arrives_at=arrives_at)
        return part

    async def state(self) -> tuple[RowState, Code | None]:
        return await self.stage.state(self.order)

    async def arrives_at(self) -> datetime | None:
        [result] = await self.stage.batches.results(self.order.ref.batch_id, 0, 1)
        assert isinstance(result.begun, BegunPayout)
        return result.begun.arrives_at


async def sent(loop: Loop, stage: Stage) -> Row:
    destination = await loop.to_bank()
    asked = await stage.row(2)
    to_customer = replace(asked.payout, destination_id=destination.destination_id)
    new = await stage.sent(replace(asked, asked=to_customer))
    [order] = await stage.batches.take(new.batch_id, 0, 1)
    payout, answer = await stage.begin(order)
    assert answer.payout is not None, answer
    return Row(loop, stage, order, payout)


@pytest.fixture
def stage(database: Database, loop: Loop) -> Stage:
    return Stage(database, loop.record)


@pytest.fixture
async def row(loop: Loop, stage: Stage) -> Row:
    payment = await loop.paid()
    rest = make_refund(payment, payment.amount.minor - BACK)
    await loop.refunds.reserve(rest)
    await loop.refunds.settle(rest, S, GIVEN, None)
    return await sent(loop, stage)


@pytest.mark.parametrize(
    ("end", "ways", "state", "code"),
    [
        (S, (P.SENT, P.PAID), RowState.PAID, None),
        (F, (P.SENT, P.PAID), RowState.PARTLY_PAID, Code.REFUND_FAILED),
        (S, (P.FAILED,), RowState.PARTLY_PAID, Code.ACCOUNT_CLOSED),
        (S, (P.SENT, P.RETURNED), RowState.PARTLY_PAID, Code.ACCOUNT_CLOSED),
        (F, (P.FAILED,), RowState.DECLINED, Code.REFUND_FAILED),
        (F, (P.SENT, P.RETURNED), RowState.RETURNED, Code.REFUND_FAILED),
    ],
)
async def test_it_ends_as_its_legs_together(
    end: RefundStatus,
    ways: tuple[PayoutStatus, ...],
    state: RowState,
    code: Code | None,
    row: Row,
) -> None:
    await row.let_go()
    await row.loop.refunded(refund_of(row.payout, (await row.legs())[0]), end)
    await row.transfer(*ways)
    assert await row.state() == (RowState.SENT, None)

    await row.loop.concluded(row.payout)

    assert await row.state() == (state, code)
    assert (await row.stage.batches.progress(row.order.ref.batch_id)).is_done


async def test_it_is_held_until_two_people_have_seen_its_plan(row: Row) -> None:
    assert await row.state() == (RowState.HELD, None)

    await row.loop.record.payouts.review(row.payout, PayoutReview(False, "ann"))

    assert await row.state() == (RowState.CANCELED, Code.HOLD_REJECTED)


async def test_a_transfer_that_comes_back_later_leaves_it_partly_paid(row: Row) -> None:
    await row.let_go()
    await row.loop.refunded(refund_of(row.payout, (await row.legs())[0]), S)
    part = await row.transfer(P.SENT, P.PAID)
    await row.loop.concluded(row.payout)
    assert await row.state() == (RowState.PAID, None)

    await row.loop.record.move(part, P.RETURNED)
    await row.loop.concluded(part)

    assert await row.state() == (RowState.PARTLY_PAID, Code.ACCOUNT_CLOSED)


async def test_it_is_there_when_its_transfer_is(row: Row) -> None:
    assert await row.arrives_at() == row.payout.arrives_at
    assert row.payout.arrives_at is not None
    later = row.payout.arrives_at + timedelta(days=3)

    await row.let_go()
    await row.transfer(P.SENT, arrives_at=later)

    assert await row.arrives_at() == later


async def test_of_refunds_alone_nobody_says_when_they_are_there(loop: Loop, stage: Stage) -> None:
    await loop.paid()

    row = await sent(loop, stage)

    assert await row.state() == (RowState.DISPATCHED, None)
    assert await row.arrives_at() is None
