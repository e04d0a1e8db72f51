"""Batches of payouts through the engine: every end of a row, and what fills no window."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from activities.dispatching import FIRST
from payments.domain.batch import Batch, BatchStatus, Tally
from payments.domain.batch_row import BatchKind, BatchRow, RowState
from payments.domain.codes import Code
from payments.domain.partner import Standing
from payments.domain.payout import PayoutStatus
from payments.domain.rail import TransferAnswer
from tests.payout_factories import make_rail
from tests.rail_fakes import DECLINED, LOST, PAID, RETURNED, FakeRails
from tests.workflows.batch_stage import LATER, BatchHandle, BatchStage, make_payout_row
from tests.workflows.payout_desk import HELD, PayoutDesk, make_order
from workflows.batch import Batch as BatchWorkflow
from workflows.payout_row import PayoutRows, order_of
from workflows.row_start import RowStory


@dataclass
class PayoutStage(BatchStage):
    desk: PayoutDesk

    async def sent(self, rows: Sequence[BatchRow]) -> Batch:
        return await self.create(rows, kind=BatchKind.PAYOUTS, created_at=datetime.now(UTC))

    async def begun(self, *rows: BatchRow) -> tuple[Batch, BatchHandle]:
        batch = await self.sent(rows)
        return batch, await self.begin(batch)

    async def only(self, batch: Batch) -> tuple[RowState, Code | None]:
        [result] = await self.results(batch)
        return result.state, result.code


@pytest.fixture
async def stage(environment: WorkflowEnvironment) -> AsyncIterator[PayoutStage]:
    desk = PayoutDesk(environment)
    async with desk.worker():
        yield PayoutStage(desk)


def many(count: int, first: int = 2) -> list[BatchRow]:
    return [make_payout_row(line) for line in range(first, first + count)]


def held(count: int) -> list[BatchRow]:
    return [make_payout_row(line, limits=HELD) for line in range(2, count + 2)]


async def test_every_row_of_a_batch_is_paid_out_once(stage: PayoutStage) -> None:
    rows = many(20)
    stage.desk.rail.answers.extend([PAID] * 20)

    batch, handle = await stage.begun(*rows)

    assert await handle.result() is BatchStatus.FINISHED
    assert await stage.desk.batches.tally(batch.batch_id) == Tally(paid=20)
    assert sorted(stage.desk.rail.sent) == sorted(row.object_id for row in rows)
    assert stage.desk.record.balances() == {
        "partner_payable": 20 * 1_025,
        "provider_receivable": -20 * 1_000,
        "fee_income": -20 * 25,
    }


@pytest.mark.parametrize(
    ("answer", "state", "code"),
    [
        (DECLINED, RowState.DECLINED, Code.ACCOUNT_CLOSED),
        (RETURNED, RowState.RETURNED, Code.BENEFICIARY_REFUSED),
    ],
)
async def test_the_rails_no_is_the_rows_end(
    answer: TransferAnswer, state: RowState, code: Code, stage: PayoutStage
) -> None:
    stage.desk.rail.answers.append(answer)

    batch, handle = await stage.begun(make_payout_row(2))

    assert await handle.result() is BatchStatus.FINISHED
    assert await stage.only(batch) == (state, code)


async def test_a_lost_answer_is_asked_after_and_never_sent_again(stage: PayoutStage) -> None:
    stage.desk.rail.answers.append(LOST)
    stage.desk.rail.now = PAID
    row = make_payout_row(2)

    batch, handle = await stage.begun(row)

    assert await handle.result() is BatchStatus.FINISHED
    assert await stage.only(batch) == (RowState.PAID, None)
    assert stage.desk.rail.sent == [row.object_id]


async def test_a_row_that_the_record_refuses_is_refused(stage: PayoutStage) -> None:
    stage.desk.record.refuses = Code.FUNDS_INSUFFICIENT

    batch, handle = await stage.begun(make_payout_row(2))

    assert await handle.result() is BatchStatus.FINISHED
    assert await stage.only(batch) == (RowState.REFUSED, Code.FUNDS_INSUFFICIENT)


async def test_held_rows_keep_no_other_waiting_and_the_batch_waits_for_people(
    stage: PayoutStage,
) -> None:
    waiting = FIRST + 2
    rows = held(waiting)
    stage.desk.rail.answers.extend([PAID] * 5)
    batch, handle = await stage.begun(*rows, *many(4, first=10))

    await stage.until_tallied(batch, held=waiting, paid=4)

    let_go, *others = (stage.desk.payout_of(row.object_id) for row in rows)
    for operator in ("ann", "bob"):
        await stage.desk.review(let_go, operator)
    for other in others[1:]:
        await stage.desk.review(other, "ann", approved=False)
    await stage.desk.take_back(others[0])
    assert await handle.result() is BatchStatus.FINISHED
    assert await stage.desk.batches.tally(batch.batch_id) == Tally(paid=5, canceled=waiting - 1)
    _, taken_back, *rejected = await stage.results(batch)
    assert taken_back.code is None
    assert {each.code for each in rejected[: waiting - 2]} == {Code.HOLD_REJECTED}


async def test_rows_that_their_rail_has_keep_no_other_waiting(stage: PayoutStage) -> None:
    rows = many(FIRST + 6)
    batch, handle = await stage.begun(*rows)

    await stage.until_tallied(batch, sent=len(rows))

    stage.desk.rail.now = PAID
    for row in rows:
        await stage.desk.tell(stage.desk.payout_of(row.object_id))
    assert await handle.result() is BatchStatus.FINISHED
    assert await stage.desk.batches.tally(batch.batch_id) == Tally(paid=len(rows))


async def test_a_canceled_batch_waits_for_what_is_held(stage: PayoutStage) -> None:
    rows = held(2)
    batch, handle = await stage.begun(*rows)
    await stage.until_tallied(batch, held=2)

    answer = await handle.execute_update(BatchWorkflow.cancel)

    assert answer.status is BatchStatus.CANCELING
    for row in rows:
        await stage.desk.take_back(stage.desk.payout_of(row.object_id))
    assert await handle.result() is BatchStatus.CANCELED


async def test_what_becomes_of_held_rows_is_seen_while_the_batch_is_paused(
    stage: PayoutStage,
) -> None:
    [row] = held(1)
    batch, handle = await stage.begun(row)
    await stage.until_tallied(batch, held=1)

    await handle.execute_update(BatchWorkflow.pause)
    await stage.desk.take_back(stage.desk.payout_of(row.object_id))

    assert await stage.only(batch) == (RowState.CANCELED, None)
    await handle.execute_update(BatchWorkflow.resume)
    assert await handle.result() is BatchStatus.FINISHED


async def test_what_comes_back_after_the_batch_has_ended_is_told(stage: PayoutStage) -> None:
    stage.desk.rail.answers.append(PAID)
    batch, handle = await stage.begun(make_payout_row(2))
    await handle.result()
    [order] = stage.desk.record.orders.values()

    stage.desk.rail.now = RETURNED
    await stage.desk.came_back(order)
    await stage.desk.return_of(order).result()

    assert await stage.only(batch) == (RowState.RETURNED, Code.BENEFICIARY_REFUSED)


async def test_a_name_that_a_single_payout_has_is_refused(stage: PayoutStage) -> None:
    row = make_payout_row(2)
    single = make_order(reference=row.reference, payout_id=row.object_id)
    batch = await stage.sent([row])
    await stage.desk.pay_out(single)

    handle = await stage.begin(batch)

    assert await handle.result() is BatchStatus.FINISHED
    assert await stage.only(batch) == (RowState.REFUSED, Code.REFERENCE_USED)
    assert stage.desk.rail.sent == [row.object_id]


async def test_a_row_started_again_is_found(stage: PayoutStage) -> None:
    row = make_payout_row(2)
    batch = await stage.sent([row])
    order = await stage.take(batch)

    for _ in range(2):
        assert await stage.start(order) is None
    await stage.until_tallied(batch, sent=1)
    stage.desk.rail.now = PAID
    handle = stage.desk.payout_of(row.object_id)
    await stage.desk.tell(handle)
    assert await handle.result() is PayoutStatus.PAID
    assert await stage.start(order) is None

    assert stage.desk.rail.sent == [row.object_id]


async def test_what_the_engine_lost_is_asked_after_and_never_sent_again(
    stage: PayoutStage,
) -> None:
    """The record knows of a payout whose workflow is gone: the row's next one finds its end."""
    row, rail = make_payout_row(2), stage.desk.rail
    rail.answers.append(LOST)
    rail.silent = True
    batch = await stage.sent([row])
    await stage.start(await stage.take(batch))
    await stage.desk.until_tried(stage.desk.payout_of(row.object_id), "rails.ask")
    await stage.desk.payout_of(row.object_id).terminate("the engine has lost it")
    rail.silent, rail.now = False, PAID

    [overdue] = await stage.desk.batches.dispatched(batch.batch_id, 0)
    await stage.start(overdue)

    assert await stage.desk.payout_of(row.object_id).result() is PayoutStatus.PAID
    assert await stage.only(batch) == (RowState.PAID, None)
    assert rail.sent == [row.object_id]


async def test_what_was_begun_and_surely_never_sent_is_sent_once(stage: PayoutStage) -> None:
    row, rail = make_payout_row(2), stage.desk.rail
    rail.answers.append(PAID)
    batch = await stage.sent([row])
    order = await stage.take(batch)
    await stage.desk.record.begin(order_of(order, make_rail(), LATER))

    await stage.start(order)

    assert await stage.desk.payout_of(row.object_id).result() is PayoutStatus.PAID
    assert (rail.asked, rail.sent) == (1, [row.object_id])


async def test_of_a_rail_that_takes_nothing_any_more_only_what_was_begun_goes_on(
    stage: PayoutStage,
) -> None:
    order = await stage.take(await stage.sent([make_payout_row(2)]))
    rows = PayoutRows(FakeRails(stage.desk.rail, make_rail(standing=Standing.SUSPENDED)))

    assert rows.story_of(order, LATER) is Code.NO_RAIL
    assert isinstance(rows.story_of(replace(order, is_begun=True), LATER), RowStory)


async def test_a_row_that_nobody_looked_at_for_a_day_is_not_begun(stage: PayoutStage) -> None:
    row = make_payout_row(2)
    batch = await stage.sent([row])

    await stage.start(await stage.take(batch), datetime.now(UTC) - timedelta(days=1))

    with pytest.raises(WorkflowFailureError):
        await stage.desk.payout_of(row.object_id).result()
    assert await stage.only(batch) == (RowState.REFUSED, Code.ENGINE_UNAVAILABLE)


async def test_rows_of_a_rail_that_takes_nothing_wait_and_others_go_on(stage: PayoutStage) -> None:
    stage.desk.rail.answers.extend([PAID] * 4)
    closed = [make_payout_row(line, rail="PUSH") for line in range(2, 6)]
    batch, handle = await stage.begun(*closed, *many(4, first=6))

    await stage.until_tallied(batch, paid=4, waiting=4)
    await stage.until_at_rest(handle)
    await handle.execute_update(BatchWorkflow.cancel)
    assert await handle.result() is BatchStatus.CANCELED
    assert await stage.desk.batches.tally(batch.batch_id) == Tally(paid=4, canceled=4)
