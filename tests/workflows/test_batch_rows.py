"""One row of a batch: every end it can have, and that it is done once."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities import dispatching
from payments.domain.batch_row import BatchRow, RowState
from payments.domain.bill import TransactionState
from payments.domain.codes import Code
from payments.domain.money import Money
from tests.fakes.billers import AMOUNT, Paying
from tests.workflows.batch_stage import BatchStage, make_row
from tests.workflows.engine import Desk, make_order, make_request


@pytest.fixture
def stage(desk: Desk) -> BatchStage:
    return BatchStage(desk)


async def ended(stage: BatchStage, row: BatchRow) -> tuple[RowState, Code | None]:
    """Of a batch of this row alone."""
    batch = await stage.create([row])
    await (await stage.begin(batch)).result()
    [result] = await stage.results(batch)
    return result.state, result.code


async def test_a_row_is_paid_without_anybody_asking_for_it(stage: BatchStage) -> None:
    row = make_row(2)

    assert await ended(stage, row) == (RowState.PAID, None)

    assert stage.desk.biller.effects == [row.object_id]
    transaction = stage.desk.transactions.rows[row.object_id]
    assert transaction.state is TransactionState.PAID
    assert (transaction.partner_transaction_id, transaction.amount) == (row.reference, AMOUNT)
    assert transaction.fee == Money(225, "BDT")


async def test_a_decline_is_the_rows_end_and_gives_the_bill_back(stage: BatchStage) -> None:
    stage.desk.biller.script.append(Paying.DECLINE)
    row = make_row(2)

    assert await ended(stage, row) == (RowState.DECLINED, Code.ACCOUNT_BLOCKED)

    await stage.lock_of(row).result()
    assert stage.desk.biller.holds == {}


async def test_a_bill_that_the_biller_does_not_know_is_refused(stage: BatchStage) -> None:
    row = make_row(2)
    stage.desk.biller.missing.add(row.bill.ref)

    assert await ended(stage, row) == (RowState.REFUSED, Code.BILL_NOT_FOUND)
    assert stage.desk.transactions.rows == {}


async def test_a_bill_that_is_paid_already_is_refused(stage: BatchStage) -> None:
    row = make_row(2)
    stage.desk.biller.pay_elsewhere(row.bill.ref)

    assert await ended(stage, row) == (RowState.REFUSED, Code.BILL_ALREADY_PAID)


async def test_another_amount_than_expected_is_refused_and_given_back(stage: BatchStage) -> None:
    row = make_row(2, amount=Money(AMOUNT.minor - 1, "BDT"))

    assert await ended(stage, row) == (RowState.REFUSED, Code.AMOUNT_DIFFERS)

    await stage.lock_of(row).result()
    assert (stage.desk.biller.effects, stage.desk.biller.holds) == ([], {})


async def test_a_bill_that_another_payer_has_locked_is_refused(stage: BatchStage) -> None:
    row = make_row(2)
    handle, _ = await stage.desk.lock(make_request(bill=row.bill.ref, partner_id="partner_2"))

    assert await ended(stage, row) == (RowState.REFUSED, Code.BILL_LOCKED)

    answer = await stage.desk.pay(handle)
    assert answer.transaction is not None


async def test_a_payer_meets_the_row_as_a_lock(stage: BatchStage) -> None:
    stage.desk.biller.gate = asyncio.Event()
    row = make_row(2)
    batch = await stage.create([row])
    await stage.begin(batch)
    await stage.until_sent(row)

    with pytest.raises(WorkflowAlreadyStartedError):
        await stage.desk.lock(make_request(bill=row.bill.ref, partner_id="partner_2"))

    stage.desk.biller.gate.set()
    await stage.until_tallied(batch, paid=1)


async def test_a_biller_that_is_silent_ends_the_row_and_is_left_nothing(stage: BatchStage) -> None:
    stage.desk.biller.unreachable = True
    row = make_row(2)

    assert await ended(stage, row) == (RowState.REFUSED, Code.BILLER_UNAVAILABLE)


async def test_a_lost_answer_is_asked_after_and_paid_once(stage: BatchStage) -> None:
    stage.desk.biller.script.append(Paying.LOSE_ANSWER)
    row = make_row(2)

    assert await ended(stage, row) == (RowState.PAID, None)

    assert stage.desk.biller.effects == [row.object_id]
    assert f"suspend {row.object_id}" in stage.desk.transactions.calls


async def test_a_biller_that_decides_late_is_waited_for(stage: BatchStage) -> None:
    stage.desk.biller.script.append(Paying.PENDING)
    row = make_row(2)
    batch = await stage.create([row])
    await stage.begin(batch)
    await stage.until_tried(row, "billers.confirm", attempts=2)

    stage.desk.biller.decide(row.object_id)
    await stage.desk.skip(stage.lock_of(row), timedelta(minutes=1))

    await stage.until_tallied(batch, paid=1)


async def test_a_reference_that_was_used_in_the_meantime_is_refused(stage: BatchStage) -> None:
    row = make_row(2)
    batch = await stage.create([row])
    handle, _ = await stage.desk.lock()
    await stage.desk.pay(handle, make_order(row.reference, transaction_id=row.object_id))

    await (await stage.begin(batch)).result()

    [result] = await stage.results(batch)
    assert (result.state, result.code) == (RowState.REFUSED, Code.TRANSACTION_ID_USED)
    assert stage.desk.biller.effects == [row.object_id]


async def test_a_row_started_again_after_its_end_pays_nothing(stage: BatchStage) -> None:
    """As a hand does that has read of the row before it ended."""
    stage.desk.biller.script.append(Paying.DECLINE)
    row = make_row(2)
    batch = await stage.create([row])
    order = await stage.take(batch)
    lock = stage.lock_of(row)
    for _ in range(2):
        assert await stage.start(order) is None
        await lock.result()

    assert [call for call in stage.desk.biller.calls if call.startswith("pay")] == [
        f"pay {row.object_id}"
    ]
    assert stage.desk.biller.holds == {}
    await (await stage.begin(batch)).result()
    assert await stage.states(batch) == [RowState.DECLINED]


async def test_a_refused_row_started_again_stays_refused(stage: BatchStage) -> None:
    row = make_row(2)
    stage.desk.biller.missing.add(row.bill.ref)
    batch = await stage.create([row])
    order = await stage.take(batch)
    lock = stage.lock_of(row)
    await stage.start(order)
    await lock.result()
    stage.desk.biller.missing.clear()

    await stage.start(order)
    await lock.result()

    assert await stage.states(batch) == [RowState.REFUSED]
    assert stage.desk.biller.effects == []


async def test_what_the_engine_lost_in_mid_payment_is_asked_after(
    stage: BatchStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record knows of a payment whose workflow is gone: the row's next one finds its end."""
    monkeypatch.setattr(dispatching, "OVERDUE_S", 1.0)
    row = make_row(2)
    batch = await stage.create([row])
    stage.desk.biller.script.append(Paying.PENDING)
    await stage.begin(batch)
    await stage.until_tried(row, "billers.confirm")
    await stage.lock_of(row).terminate("the engine has lost it")
    stage.desk.biller.decide(row.object_id)

    await stage.until_tallied(batch, paid=1)

    assert [call for call in stage.desk.biller.calls if call.startswith("pay")] == [
        f"pay {row.object_id}"
    ]
    assert stage.desk.biller.effects == [row.object_id]


async def test_a_row_that_nobody_looked_at_for_a_day_is_not_begun(stage: BatchStage) -> None:
    batch = await stage.create([make_row(2)])
    order = await stage.take(batch)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    await stage.start(order, yesterday)
    await stage.lock_of(order.row).result()

    [result] = await stage.results(batch)
    assert (result.state, result.code) == (RowState.REFUSED, Code.ENGINE_UNAVAILABLE)
