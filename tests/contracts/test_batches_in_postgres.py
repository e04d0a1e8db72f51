"""What the database guards of batches by itself, and what it tells of them."""

import pytest

from payments.adapters.postgres.batches import PostgresBatches
from payments.db.session import Database
from payments.domain.batch import BATCH_MOVES, BatchMove, BatchStatus
from payments.domain.batch_row import ROW_MOVES, RefusedRow, RowState
from payments.domain.codes import Code
from payments.domain.row import RowRef
from tests.contracts.batch_record import make_batch, make_row
from tests.contracts.direct import Direct


async def test_the_database_knows_the_same_moves(direct: Direct) -> None:
    for before in BatchStatus:
        for after in BatchStatus:
            [(may,)] = await direct.rows("SELECT batch_may_move($1, $2)", before.value, after.value)
            assert may is (after in BATCH_MOVES[before]), (before, after)


async def test_the_database_knows_the_same_moves_of_a_row(direct: Direct) -> None:
    for before in RowState:
        for after in RowState:
            statement = "SELECT batch_row_may_move($1, $2)"
            [(may,)] = await direct.rows(statement, before.value, after.value)
            assert may is (after in ROW_MOVES[before]), (before, after)


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
