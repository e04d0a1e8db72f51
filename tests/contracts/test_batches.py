"""The promises of ports.batches.Batches about a batch, for PostgreSQL and for the fake."""

from dataclasses import replace
from uuid import uuid4

import pytest

from payments.domain.batch import BatchMove, BatchStatus, Tally
from payments.domain.money import Money
from payments.ports.batches import MoveImpossible, ReferenceUsed, RowsTaken
from tests.contracts.batch_record import ALL, Stage, make_batch, make_row, stage
from tests.contracts.factories import NOW, accepted, make_payment

assert stage, "a fixture"


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

    await stage.batches.take(made[0].batch_id, 0, 1)
    oldest, newest, middle = made
    waits = Tally(waiting=1)
    assert await stage.batches.latest(partner, 2) == [(newest, waits), (middle, waits)]
    rest = [(oldest, Tally(dispatched=1))]
    assert await stage.batches.latest(partner, 2, middle.batch_id) == rest


async def test_after_anothers_batch_there_is_nothing_as_after_one_that_never_was(
    stage: Stage,
) -> None:
    partner = f"partner_{uuid4().hex}"
    await stage.batches.create(make_batch(partner_id=partner, created_at=NOW))
    other = await stage.batches.create(make_batch(created_at=NOW.replace(minute=59)))

    assert len(await stage.batches.latest(partner, ALL)) == 1
    for before in (other.batch_id, "ba_never"):
        assert await stage.batches.latest(partner, ALL, before) == []


async def test_ten_thousand_rows_are_kept(stage: Stage) -> None:
    new = make_batch(*(make_row(line) for line in range(2, 10_002)))

    assert (await stage.batches.create(new)).rows == 10_000

    assert await stage.batches.tally(new.batch_id) == Tally(waiting=10_000)
