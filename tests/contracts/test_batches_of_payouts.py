"""A row of payouts goes where its payout does, in the very statements that move the money."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from payments.adapters.postgres.batches import PostgresBatches
from payments.db.session import Database
from payments.domain import ids
from payments.domain.batch import BatchMove, BatchStatus, NewBatch
from payments.domain.batch_row import (
    PAYOUT_ROWS,
    BatchKind,
    BatchRow,
    BegunPayout,
    PayoutRow,
    RefusedRow,
    RowOrder,
    RowState,
)
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.payout import (
    HoldReason,
    PayoutAnswer,
    PayoutOrder,
    PayoutReview,
    PayoutStatus,
)
from payments.domain.payout_terms import PayoutLimits
from payments.ports.batches import RowsTaken
from tests.contracts.payout_record import P, PayoutRecord, record
from tests.payout_factories import TIMETABLE, make_rail
from workflows.payout_row import order_of

assert record, "a fixture"
HELD = PayoutLimits(hold_above=0)
ALL = 1000


class Stage:
    """One partner with funds for its payouts."""

    def __init__(self, database: Database, record: PayoutRecord) -> None:
        self.batches = PostgresBatches(database)
        self.record = record

    async def row(self, line: int, **changes: Any) -> BatchRow:
        reference = changes.pop("reference", f"payout-{uuid4()}")
        destination = await self.record.destination()
        asked = PayoutRow(
            destination_id=destination.destination_id,
            rail="GIRO",
            fee=Money(25, "USD"),
            limits=changes.pop("limits", PayoutLimits()),
            content=uuid4().hex,
        )
        object_id = ids.payout_id(self.record.partner_id, reference)
        return BatchRow(line, reference, object_id, Money(1_000, "USD"), asked)

    async def sent(self, *rows: BatchRow) -> NewBatch:
        reference = f"salaries-{uuid4()}"
        new = NewBatch(
            batch_id=ids.batch_id(self.record.partner_id, reference),
            partner_id=self.record.partner_id,
            kind=BatchKind.PAYOUTS,
            reference=reference,
            digest=reference.encode(),
            trace=f"{self.record.partner_id}.{uuid4()}",
            created_at=datetime.now(UTC),
            rows=rows,
        )
        await self.batches.create(new)
        return new

    async def under_way(self, **changes: Any) -> RowOrder:
        new = await self.sent(await self.row(2, **changes))
        [order] = await self.batches.take(new.batch_id, 0, 1)
        return order

    async def begin(self, order: RowOrder) -> tuple[PayoutOrder, PayoutAnswer]:
        payout = order_of(order, make_rail(timetable=TIMETABLE), datetime.max.replace(tzinfo=UTC))
        return payout, await self.record.payouts.begin(payout)

    async def state(self, order: RowOrder) -> tuple[RowState, Code | None]:
        [result] = await self.batches.results(order.ref.batch_id, order.ref.line - 1, 1)
        return result.state, result.code


@pytest.fixture
async def stage(database: Database, record: PayoutRecord) -> Stage:
    await record.earn(100_000)
    return Stage(database, record)


async def test_what_was_asked_for_is_kept(stage: Stage) -> None:
    rows = [await stage.row(2), await stage.row(3, limits=PayoutLimits(5, 6, 7, 8, 9, 10))]

    new = await stage.sent(*rows)

    found = await stage.batches.results(new.batch_id, 0, ALL)
    assert [each.row for each in found] == rows


@pytest.mark.parametrize(
    ("ways", "code"),
    [
        ((P.QUEUED,), None),
        ((P.SENT,), None),
        ((P.SENT, P.PAID), None),
        ((P.FAILED,), Code.ACCOUNT_CLOSED),
        ((P.SENT, P.FAILED), Code.ACCOUNT_CLOSED),
        ((P.SENT, P.RETURNED), Code.ACCOUNT_CLOSED),
        ((P.SENT, P.PAID, P.RETURNED), Code.ACCOUNT_CLOSED),
        ((P.CANCELED,), None),
    ],
)
async def test_a_row_goes_where_its_payout_does(
    stage: Stage, ways: tuple[PayoutStatus, ...], code: Code | None
) -> None:
    order = await stage.under_way()
    payout, _ = await stage.begin(order)

    for status in ways:
        await stage.record.move(payout, status)

    assert await stage.state(order) == (PAYOUT_ROWS[ways[-1]], code)


async def test_a_held_row_is_elsewhere_until_people_have_decided(stage: Stage) -> None:
    order = await stage.under_way(limits=HELD)

    payout, _ = await stage.begin(order)

    assert await stage.state(order) == (RowState.HELD, None)
    progress = await stage.batches.progress(order.ref.batch_id)
    assert (progress.dispatched, progress.is_elsewhere, progress.is_done) == (0, True, False)
    [result] = await stage.batches.results(order.ref.batch_id, 0, ALL)
    assert isinstance(result.begun, BegunPayout)
    assert (result.begun.held_for, result.begun.fee) == (HoldReason.AMOUNT, Money(25, "USD"))
    for operator in ("ann", "bob"):
        await stage.record.payouts.review(payout, PayoutReview(True, operator))
    assert await stage.state(order) == (RowState.DISPATCHED, None)


async def test_a_rejected_row_is_canceled_and_says_why(stage: Stage) -> None:
    order = await stage.under_way(limits=HELD)
    payout, _ = await stage.begin(order)

    await stage.record.payouts.review(payout, PayoutReview(False, "ann"))

    assert await stage.state(order) == (RowState.CANCELED, Code.HOLD_REJECTED)
    assert (await stage.batches.progress(order.ref.batch_id)).is_done


async def test_a_row_without_funds_is_refused_and_can_be_sent_again(
    database: Database, record: PayoutRecord
) -> None:
    poor = Stage(database, record)
    order = await poor.under_way()

    _, answer = await poor.begin(order)

    assert answer.refused is Code.FUNDS_INSUFFICIENT
    assert await poor.state(order) == (RowState.REFUSED, Code.FUNDS_INSUFFICIENT)
    await poor.sent(order.row)


async def test_a_name_that_a_single_payout_took_meanwhile_is_refused(stage: Stage) -> None:
    order = await stage.under_way()
    single, _ = await stage.begin(replace(order, trace="single"))

    _, answer = await stage.begin(order)

    assert answer.refused is Code.REFERENCE_USED
    assert await stage.state(order) == (RowState.REFUSED, Code.REFERENCE_USED)
    found = await stage.record.payouts.named(single.payout_id)
    assert found is not None
    assert found.trace == "single"


async def test_a_row_that_has_ended_begins_nothing_any_more(stage: Stage) -> None:
    order, before = await stage.under_way(), await stage.record.funds()
    await stage.batches.refuse(RefusedRow(order.ref, Code.ENGINE_UNAVAILABLE))

    _, answer = await stage.begin(order)

    assert answer.refused is Code.REFERENCE_USED
    assert await stage.state(order) == (RowState.REFUSED, Code.ENGINE_UNAVAILABLE)
    assert await stage.record.funds() == before


async def test_begun_twice_it_is_one(stage: Stage) -> None:
    order, before = await stage.under_way(), await stage.record.funds()

    answers = await asyncio.gather(*(stage.begin(order) for _ in range(3)))

    assert len({answer.payout.payout_id for _, answer in answers if answer.payout}) == 1
    assert await stage.record.funds() == before - 1_025
    held = await stage.under_way(limits=HELD)
    first, again = await stage.begin(held), await stage.begin(held)
    assert (first[1].payout, again[1].refused) == (again[1].payout, None)


async def test_a_row_that_was_begun_is_not_refused_and_is_handed_over_as_begun(
    stage: Stage,
) -> None:
    order = await stage.under_way()
    assert await stage.batches.dispatched(order.ref.batch_id, 0) == [order]

    _, first = await stage.begin(order)
    _, again = await stage.begin(order)

    assert (first.was_begun, again.was_begun) == (False, True)
    assert await stage.batches.refuse(RefusedRow(order.ref, Code.REFERENCE_USED)) is None
    assert await stage.state(order) == (RowState.DISPATCHED, None)
    [overdue] = await stage.batches.dispatched(order.ref.batch_id, 0)
    assert overdue == replace(order, is_begun=True)


async def test_names_that_payouts_or_other_rows_have_are_told(stage: Stage) -> None:
    order = await stage.under_way()
    payout, _ = await stage.begin(await stage.under_way())
    rows = [
        await stage.row(2),
        await stage.row(3, reference=payout.reference),
        await stage.row(4, reference=order.row.reference),
    ]

    with pytest.raises(RowsTaken) as refused:
        await stage.sent(*rows)

    assert refused.value.lines == (3, 4)


async def test_who_leaves_for_its_rail_is_seen_and_who_is_held_or_refused_is_not(
    stage: Stage,
) -> None:
    rows = [await stage.row(2), await stage.row(3, limits=HELD), await stage.row(4)]
    new = await stage.sent(*rows)
    orders = await stage.batches.take(new.batch_id, 0, 3)
    seen = [order.ref.line for order in orders]
    sent, _ = await stage.begin(orders[0])
    await stage.begin(orders[1])
    await stage.batches.refuse(RefusedRow(orders[2].ref, Code.REFERENCE_USED))
    assert await stage.batches.reap(new.batch_id, seen) == []

    await stage.record.move(sent, P.SENT)

    [left] = await stage.batches.reap(new.batch_id, seen)
    assert (left.line, left.after_s >= 0) == (2, True)


async def test_a_batch_ends_when_the_rails_have_said_their_last_word(stage: Stage) -> None:
    order = await stage.under_way()
    payout, _ = await stage.begin(order)
    await stage.record.move(payout, P.SENT)
    finished = BatchMove(order.ref.batch_id, BatchStatus.FINISHED)
    assert not (await stage.batches.progress(order.ref.batch_id)).is_done

    await stage.record.move(payout, P.PAID)
    assert (await stage.batches.move(finished)).ended_at is not None

    # And what comes back after that is told all the same.
    await stage.record.move(payout, P.RETURNED)
    assert await stage.state(order) == (RowState.RETURNED, Code.ACCOUNT_CLOSED)
