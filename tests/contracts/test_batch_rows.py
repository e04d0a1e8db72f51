"""The promises of ports.batches.Batches about rows, for PostgreSQL and for the fake."""

from dataclasses import replace
from uuid import uuid4

from payments.domain.batch import BatchStatus
from payments.domain.batch_row import BegunBill, RefusedRow, RowState
from payments.domain.bill import Begun, Refused
from payments.domain.codes import Code
from payments.domain.outcome import Outcome, OutcomeKind
from tests.contracts.batch_record import ALL, Stage, make_batch, make_row, stage
from tests.contracts.factories import NOW, accepted, make_payment

assert stage, "a fixture"

BLOCKED = Outcome(OutcomeKind.DECLINED, code=Code.ACCOUNT_BLOCKED)


async def test_a_reference_whose_row_came_to_nothing_can_be_used_again(stage: Stage) -> None:
    new = make_batch(make_row(2))
    await stage.batches.create(new)
    [order] = await stage.batches.take(new.batch_id, 0, 1)
    await stage.batches.refuse(RefusedRow(order.ref, Code.BILL_LOCKED))

    again = make_batch(make_row(2, reference=order.row.reference))

    assert (await stage.batches.create(again)).status is BatchStatus.RUNNING


async def test_rows_are_taken_in_the_order_of_the_file_and_once(stage: Stage) -> None:
    new = make_batch()
    await stage.batches.create(new)

    first = await stage.batches.take(new.batch_id, 0, 2)
    rest = await stage.batches.take(new.batch_id, first[-1].ref.line, 2)

    assert [each.row for each in (*first, *rest)] == list(new.rows)
    assert {each.trace for each in first} == {new.trace}
    assert await stage.batches.take(new.batch_id, 0, 2) == []
    assert await stage.batches.dispatched(new.batch_id, 0) == [*first, *rest]
    assert await stage.batches.dispatched(new.batch_id, 3600) == []


async def test_a_row_ends_as_its_payment_does(stage: Stage) -> None:
    new = make_batch()
    await stage.batches.create(new)
    paid, declined, under_way = await stage.batches.take(new.batch_id, 0, 3)
    payment = await stage.begin(paid)
    await stage.transactions.settle(payment, accepted(reference="DESCO-1"))
    await stage.transactions.settle(await stage.begin(declined), BLOCKED)
    await stage.begin(under_way)

    ended = await stage.batches.reap(new.batch_id)

    assert sorted(each.line for each in ended) == [2, 3]
    assert all(0 <= each.after_s < ALL for each in ended)
    one, two, three = await stage.batches.results(new.batch_id, 0, ALL)
    assert (one.state, one.code) == (RowState.PAID, None)
    assert one.begun == BegunBill(payment.fee, NOW, "DESCO-1")
    assert (two.state, two.code) == (RowState.DECLINED, Code.ACCOUNT_BLOCKED)
    assert three.state is RowState.DISPATCHED
    assert await stage.batches.reap(new.batch_id) == []
    assert await stage.batches.results(new.batch_id, 0, ALL, RowState.PAID) == [one]


async def test_another_payment_of_the_same_name_ends_no_row(stage: Stage) -> None:
    new = make_batch(make_row(2))
    await stage.batches.create(new)
    [order] = await stage.batches.take(new.batch_id, 0, 1)
    elsewhere = await stage.begin(replace(order, trace="partner_1.at-the-counter"))
    await stage.transactions.settle(elsewhere, accepted())

    assert await stage.batches.reap(new.batch_id) == []

    assert await stage.batches.refuse(RefusedRow(order.ref, Code.TRANSACTION_ID_USED)) is None
    assert await stage.states(new.batch_id) == [RowState.REFUSED]


async def test_a_row_that_was_begun_is_not_refused_but_told(stage: Stage) -> None:
    new = make_batch(make_row(2))
    await stage.batches.create(new)
    [order] = await stage.batches.take(new.batch_id, 0, 1)
    payment = await stage.begin(order)
    refused = RefusedRow(order.ref, Code.BILL_ALREADY_PAID)

    assert await stage.batches.refuse(refused) == payment
    assert await stage.states(new.batch_id) == [RowState.DISPATCHED]

    await stage.transactions.settle(payment, accepted())
    assert await stage.batches.refuse(refused) is None
    assert await stage.states(new.batch_id) == [RowState.DISPATCHED]
    await stage.batches.reap(new.batch_id)
    assert await stage.states(new.batch_id) == [RowState.PAID]
    assert await stage.batches.refuse(refused) is None
    assert await stage.states(new.batch_id) == [RowState.PAID]


async def test_a_row_that_has_ended_begins_nothing_any_more(stage: Stage) -> None:
    new = make_batch(make_row(2))
    await stage.batches.create(new)
    [order] = await stage.batches.take(new.batch_id, 0, 1)
    await stage.batches.refuse(RefusedRow(order.ref, Code.BILL_NOT_FOUND))
    payment = make_payment(transaction_id=order.row.object_id, trace=order.trace)

    refused = await stage.transactions.begin(payment, order.ref)

    assert refused == Refused(Code.TRANSACTION_ID_USED)
    assert await stage.transactions.find(payment.partner_id, payment.transaction_id) is None


async def test_a_row_begun_twice_under_one_lock_is_begun_once(stage: Stage) -> None:
    new = make_batch(make_row(2))
    await stage.batches.create(new)
    [order] = await stage.batches.take(new.batch_id, 0, 1)

    payment = await stage.begin(order)

    assert await stage.transactions.begin(payment, order.ref) is Begun.BEFORE
    other_run = replace(payment, lock_id=str(uuid4()))
    assert await stage.transactions.begin(other_run, order.ref) == Refused(Code.TRANSACTION_ID_USED)
