"""The promises of ports.batches.Batches, for PostgreSQL and for the fake."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest

from payments.adapters.postgres.batches import PostgresBatches
from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.transactions import PostgresTransactions
from payments.db.session import Database
from payments.domain import ids
from payments.domain.batch import (
    BATCH_MOVES,
    BatchKind,
    BatchMove,
    BatchRow,
    BatchStatus,
    BillRow,
    NewBatch,
    RefusedRow,
    RowOrder,
    RowState,
    Tally,
)
from payments.domain.bill import Agreement, Begun, BillPayment, Refused
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.outcome import Outcome, OutcomeKind
from payments.domain.row import RowRef
from payments.ports.batches import Batches, MoveImpossible, ReferenceUsed, RowsTaken
from payments.ports.transactions import Transactions
from tests.contracts.direct import Direct
from tests.contracts.factories import NOW, accepted, make_bill, make_payment
from tests.fakes.batches import FakeBatches
from tests.fakes.transactions import FakeTransactions

BLOCKED = Outcome(OutcomeKind.DECLINED, code=Code.ACCOUNT_BLOCKED)
ALL = 1000


@dataclass
class Stage:
    batches: Batches
    transactions: Transactions

    async def begin(self, order: RowOrder) -> BillPayment:
        """What the row's workflow begins in the record."""
        payment = make_payment(
            transaction_id=order.row.object_id,
            partner_id=order.partner_id,
            partner_transaction_id=order.row.reference,
            bill=order.row.asked.bill,
            amount=order.row.amount,
            trace=order.trace,
        )
        assert await self.transactions.begin(payment, order.ref) is Begun.NOW
        return payment

    async def states(self, batch_id: str) -> list[RowState]:
        return [each.state for each in await self.batches.results(batch_id, 0, ALL)]


@pytest.fixture(params=["postgres", "fake"])
def stage(request: pytest.FixtureRequest, database: Database) -> Stage:
    if request.param == "fake":
        transactions = FakeTransactions()
        return Stage(FakeBatches(transactions), transactions)
    return Stage(
        PostgresBatches(database), PostgresTransactions(database, PostgresLedger(database))
    )


def make_row(line: int, **changes: Any) -> BatchRow:
    reference = changes.get("reference", f"order-{uuid4()}")
    given = {
        "line": line,
        "reference": reference,
        "object_id": ids.transaction_id("partner_1", reference, NOW),
        "amount": Money(125_000, "BDT"),
        "asked": BillRow(make_bill(), Agreement(0, 100)),
        **changes,
    }
    return BatchRow(**given)


def make_batch(*rows: BatchRow, **changes: Any) -> NewBatch:
    reference = f"april-{uuid4()}"
    given = {
        "batch_id": ids.batch_id("partner_1", reference),
        "partner_id": "partner_1",
        "kind": BatchKind.BILL_PAYMENTS,
        "reference": reference,
        "digest": reference.encode(),
        "trace": f"partner_1.{uuid4()}",
        "created_at": NOW,
        "rows": rows or (make_row(2), make_row(3), make_row(4)),
        **changes,
    }
    return NewBatch(**given)


async def test_a_new_batch_runs_and_all_its_rows_wait(stage: Stage) -> None:
    new = make_batch()

    batch = await stage.batches.create(new)

    assert batch.status is BatchStatus.RUNNING
    assert (batch.rows, batch.amount) == (3, Money(375_000, "BDT"))
    assert await stage.batches.find("partner_1", new.batch_id) == batch
    assert await stage.batches.find("partner_2", new.batch_id) is None
    assert await stage.batches.get(new.batch_id) == batch
    assert await stage.batches.get("ba_never") is None
    assert await stage.batches.tally(new.batch_id) == Tally(waiting=3)
    results = await stage.batches.results(new.batch_id, 0, ALL)
    assert tuple(each.row for each in results) == new.rows


async def test_the_same_file_under_the_same_reference_is_the_same_batch(stage: Stage) -> None:
    new = make_batch()

    first = await stage.batches.create(new)
    again = await stage.batches.create(replace(new, trace="another"))

    assert again == first
    with pytest.raises(ReferenceUsed):
        await stage.batches.create(replace(new, digest=b"another file"))


async def test_rows_whose_references_are_taken_are_named_and_nothing_is_kept(stage: Stage) -> None:
    paid = make_payment()
    await stage.transactions.begin(paid)
    other = make_batch()
    await stage.batches.create(other)
    new = make_batch(
        make_row(2),
        make_row(3, reference=paid.partner_transaction_id),
        make_row(4, reference=other.rows[0].reference),
    )

    with pytest.raises(RowsTaken) as refused:
        await stage.batches.create(new)

    assert refused.value.lines == (3, 4)
    assert await stage.batches.find("partner_1", new.batch_id) is None


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
    assert (one.state, one.code, one.paid_at) == (RowState.PAID, None, NOW)
    assert (one.fee, one.biller_reference) == (payment.fee, "DESCO-1")
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


async def test_a_paused_batch_gives_no_rows_until_it_is_resumed(stage: Stage) -> None:
    new = make_batch()
    await stage.batches.create(new)

    await stage.batches.move(BatchMove(new.batch_id, BatchStatus.PAUSED))
    assert await stage.batches.take(new.batch_id, 0, 2) == []

    await stage.batches.move(BatchMove(new.batch_id, BatchStatus.RUNNING))
    assert len(await stage.batches.take(new.batch_id, 0, 2)) == 2


async def test_a_canceled_batch_ends_when_its_last_row_has(stage: Stage) -> None:
    new = make_batch()
    await stage.batches.create(new)
    [order] = await stage.batches.take(new.batch_id, 0, 1)
    assert await stage.batches.cancel_waiting(new.batch_id, 10) == 0

    await stage.batches.move(BatchMove(new.batch_id, BatchStatus.CANCELING))
    assert await stage.batches.cancel_waiting(new.batch_id, 1) == 1
    assert await stage.batches.cancel_waiting(new.batch_id, 10) == 1
    canceled = BatchMove(new.batch_id, BatchStatus.CANCELED)
    with pytest.raises(MoveImpossible):
        await stage.batches.move(canceled)
    await stage.transactions.settle(await stage.begin(order), accepted())
    await stage.batches.reap(new.batch_id)

    moved = await stage.batches.move(canceled)

    assert moved.ended_at is not None
    assert await stage.batches.move(canceled) == moved
    assert await stage.batches.tally(new.batch_id) == Tally(paid=1, canceled=2)
    assert new.batch_id not in {each.batch_id for each in await stage.batches.unfinished()}


async def test_a_batch_is_not_finished_while_a_row_waits(stage: Stage) -> None:
    new = make_batch()
    await stage.batches.create(new)

    with pytest.raises(MoveImpossible):
        await stage.batches.move(BatchMove(new.batch_id, BatchStatus.FINISHED))

    assert new.batch_id in {each.batch_id for each in await stage.batches.unfinished()}
    progress = await stage.batches.progress(new.batch_id)
    assert (progress.status, progress.is_waiting) == (BatchStatus.RUNNING, True)


async def test_batches_are_listed_newest_first(stage: Stage) -> None:
    partner = f"partner_{uuid4().hex}"
    made = [
        await stage.batches.create(
            make_batch(
                make_row(2),
                partner_id=partner,
                created_at=NOW.replace(minute=minute),
            )
        )
        for minute in (1, 3, 2)
    ]

    oldest, newest, middle = made
    assert await stage.batches.latest(partner, 2) == [newest, middle]
    assert await stage.batches.latest(partner, 2, middle.batch_id) == [oldest]


async def test_ten_thousand_rows_are_kept(stage: Stage) -> None:
    new = make_batch(*(make_row(line) for line in range(2, 10_002)))

    assert (await stage.batches.create(new)).rows == 10_000

    assert await stage.batches.tally(new.batch_id) == Tally(waiting=10_000)


# In PostgreSQL alone


async def test_the_database_knows_the_same_moves(direct: Direct) -> None:
    for before in BatchStatus:
        for after in BatchStatus:
            [(may,)] = await direct.rows("SELECT batch_may_move($1, $2)", before.value, after.value)
            assert may is (after in BATCH_MOVES[before]), (before, after)


async def test_a_rows_end_is_never_left(database: Database, direct: Direct) -> None:
    batches = PostgresBatches(database)
    new = make_batch(make_row(2))
    await batches.create(new)
    await batches.take(new.batch_id, 0, 1)
    await batches.refuse(RefusedRow(RowRef(new.batch_id, 2), Code.BILL_NOT_FOUND))

    for change in ("state = 'dispatched', ended_at = NULL, code = NULL", "amount_minor = 1"):
        with pytest.raises(Exception, match=r"for ever|denied"):
            await direct.rows(
                f"UPDATE batch_row SET {change} WHERE batch_id = $1 RETURNING line",
                new.batch_id,
            )


async def test_what_a_batch_became_is_told_once(database: Database, direct: Direct) -> None:
    batches = PostgresBatches(database)
    new = make_batch(make_row(2))
    await batches.create(new)
    for status in (BatchStatus.PAUSED, BatchStatus.PAUSED, BatchStatus.RUNNING):
        await batches.move(BatchMove(new.batch_id, status))
    [order] = await batches.take(new.batch_id, 0, 1)
    await batches.refuse(RefusedRow(order.ref, Code.BILL_NOT_FOUND))
    await batches.move(BatchMove(new.batch_id, BatchStatus.FINISHED))

    told = await direct.rows(
        """SELECT type, sequence, previous_status, data->>'status', data->'counts'->>'refused'
        FROM event WHERE object_id = $1 ORDER BY sequence""",
        new.batch_id,
    )

    assert told == [
        ("batch.paused", 1, "running", "paused", "0"),
        ("batch.resumed", 2, "paused", "running", "0"),
        ("batch.finished", 3, "running", "finished", "1"),
    ]
