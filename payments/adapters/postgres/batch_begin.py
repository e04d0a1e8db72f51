"""A batch and all its rows, written at once or not at all."""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from typing import Final

from payments.adapters.postgres import batch_rows
from payments.adapters.postgres.row_kinds import KINDS
from payments.db.session import Statements
from payments.domain.batch import Batch, NewBatch
from payments.ports.batches import ReferenceUsed, RowsTaken

# Rows that go to the database at once: more would not be done within its time-out on a busy day.
_CHUNK: Final = 5_000

_CREATE: Final = f"""
    INSERT INTO batch ({batch_rows.BATCH}, status)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'running')
    ON CONFLICT DO NOTHING
    RETURNING *"""
_OF_REFERENCE: Final = "SELECT * FROM batch WHERE partner_id = $1 AND reference = $2"
_ADD_ROWS: Final = """
    INSERT INTO batch_row (batch_id, line, object_id, reference, amount_minor, asked, state)
    SELECT $1, line, object_id, reference, amount_minor, asked::jsonb, 'waiting'
    FROM unnest($2::int[], $3::text[], $4::text[], $5::bigint[], $6::text[])
        AS given (line, object_id, reference, amount_minor, asked)
    ON CONFLICT (object_id) WHERE state IN ('waiting', 'dispatched') DO NOTHING
    RETURNING line"""


async def create(batch: NewBatch, statements: Statements) -> Batch:
    created = await statements.fetch(_CREATE, *batch_rows.batch_values(batch))
    if not created:
        [row] = await statements.fetch(_OF_REFERENCE, batch.partner_id, batch.reference)
        if row["digest"] != batch.digest or row["kind"] != batch.kind:
            raise ReferenceUsed(batch.reference)
        return batch_rows.batch(row)
    taken: list[int] = []
    for start in range(0, len(batch.rows), _CHUNK):
        rows = batch.rows[start : start + _CHUNK]
        lines, names = [row.line for row in rows], [row.reference for row in rows]
        before = await statements.fetch(KINDS[batch.kind].used, batch.partner_id, lines, names)
        taken += [each["line"] for each in before]
        added = await statements.fetch(
            _ADD_ROWS,
            *(batch.batch_id, lines, [row.object_id for row in rows], names),
            [row.amount.minor for row in rows],
            [batch_rows.asked_text(batch.kind, row) for row in rows],
        )
        taken += set(lines) - {each["line"] for each in added}
    if taken:
        raise RowsTaken(sorted(set(taken)))
    return batch_rows.batch(created[0])
