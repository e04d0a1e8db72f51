"""Rows that came to nothing for now wait again, and hold up no others."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from payments.domain.batch import BatchMove, BatchStatus, NewBatch, Tally
from payments.domain.batch_row import TRIED_AGAIN, TRIED_FOR, BillRow, RefusedRow, RowState
from payments.domain.bill import Agreement
from payments.domain.codes import Code
from tests.contracts.batch_record import Stage, make_batch, make_row, stage
from tests.contracts.factories import accepted, make_bill

assert stage, "a fixture"
SILENT = Code.BILLER_UNAVAILABLE


def of_billers(*billers: str, **changes: object) -> NewBatch:
    """A row for each, sent now."""
    asked = [BillRow(make_bill(biller_id=each), Agreement(0, 100)) for each in billers]
    rows = (make_row(line, asked=each) for line, each in enumerate(asked, 2))
    return make_batch(*rows, **{"created_at": datetime.now(UTC), **changes})


@pytest.mark.parametrize("code", sorted(TRIED_AGAIN))
async def test_a_row_that_came_to_nothing_for_now_is_tried_again(stage: Stage, code: Code) -> None:
    new = of_billers("DESCO")
    await stage.batches.create(new)
    [order] = await stage.batches.take(new.batch_id, 0, 1)

    await stage.batches.refuse(RefusedRow(order.ref, code))

    assert await stage.states(new.batch_id) == [RowState.WAITING]
    assert await stage.batches.take(new.batch_id, 0, 1) == []
    await stage.wait_over(order.ref)
    # Its line is behind by now.
    [again] = await stage.batches.take(new.batch_id, 2, 1)
    assert again == replace(order, tries=1, taken_at=again.taken_at)


async def test_a_silent_biller_keeps_no_other_waiting_and_is_tried_by_no_new_row(
    stage: Stage,
) -> None:
    new = of_billers("DESCO", "DESCO", "TITAS", "DESCO", "TITAS")
    await stage.batches.create(new)
    [first] = await stage.batches.take(new.batch_id, 0, 1)
    await stage.batches.refuse(RefusedRow(first.ref, SILENT))

    rest = await stage.batches.take(new.batch_id, 0, 5)
    assert [each.ref.line for each in rest] == [4, 6]

    await stage.wait_over(first.ref)
    [again] = await stage.batches.take(new.batch_id, 0, 5)
    assert again.ref == first.ref
    assert await stage.batches.take(new.batch_id, 0, 5) == [], "it is not known to be back"

    await stage.transactions.settle(await stage.begin(again), accepted())
    await stage.batches.reap(new.batch_id)
    assert [each.ref.line for each in await stage.batches.take(new.batch_id, 0, 5)] == [3, 5]


async def test_a_day_after_the_batch_was_sent_a_row_is_refused(stage: Stage) -> None:
    sent_at = datetime.now(UTC) - TRIED_FOR - timedelta(seconds=1)
    new = of_billers("DESCO", created_at=sent_at)
    await stage.batches.create(new)
    [order] = await stage.batches.take(new.batch_id, 0, 1)

    await stage.batches.refuse(RefusedRow(order.ref, SILENT))

    [result] = await stage.batches.results(new.batch_id, 0, 1)
    assert (result.state, result.code) == (RowState.REFUSED, SILENT)


async def test_a_row_that_waits_again_is_canceled_with_its_batch(stage: Stage) -> None:
    new = of_billers("DESCO")
    await stage.batches.create(new)
    [order] = await stage.batches.take(new.batch_id, 0, 1)
    await stage.batches.refuse(RefusedRow(order.ref, SILENT))

    await stage.batches.move(BatchMove(new.batch_id, BatchStatus.CANCELING))
    assert await stage.batches.cancel_waiting(new.batch_id, 10) == 1

    assert await stage.batches.tally(new.batch_id) == Tally(canceled=1)
    assert (await stage.batches.progress(new.batch_id)).is_done


async def test_a_paused_batch_tries_no_row_again(stage: Stage) -> None:
    new = of_billers("DESCO")
    await stage.batches.create(new)
    [order] = await stage.batches.take(new.batch_id, 0, 1)
    await stage.batches.refuse(RefusedRow(order.ref, SILENT))
    await stage.wait_over(order.ref)

    await stage.batches.move(BatchMove(new.batch_id, BatchStatus.PAUSED))

    assert await stage.batches.take(new.batch_id, 0, 1) == []


async def test_the_same_word_twice_is_one_try(stage: Stage) -> None:
    new = of_billers("DESCO")
    await stage.batches.create(new)
    [order] = await stage.batches.take(new.batch_id, 0, 1)
    for _ in range(2):
        await stage.batches.refuse(RefusedRow(order.ref, SILENT))

    await stage.wait_over(order.ref)

    [again] = await stage.batches.take(new.batch_id, 0, 1)
    assert again.tries == 1
