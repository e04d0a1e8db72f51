"""Batches in PostgreSQL: rows leave in the order of their file, and each ends once."""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from collections.abc import Sequence
from functools import partial
from typing import Final

from payments.adapters.postgres import batch_rows, bill_rows
from payments.adapters.postgres.batch_begin import create
from payments.adapters.postgres.row_kinds import BEGUN, BEGUN_COLUMNS, LANE
from payments.db.session import Database, Statements
from payments.domain.batch import (
    BATCH_MOVES,
    Batch,
    BatchMove,
    BatchStatus,
    NewBatch,
    Progress,
    Tally,
)
from payments.domain.batch_row import (
    PAUSES,
    TRIED_AGAIN,
    TRIED_FOR,
    BatchKind,
    RefusedRow,
    RowOrder,
    RowResult,
    RowState,
)
from payments.domain.bill import BillPayment
from payments.ports.batches import SLOW_S, TRY_S, Left, MoveImpossible

_FIND: Final = "SELECT * FROM batch WHERE partner_id = $1 AND id = $2"
_GET: Final = "SELECT * FROM batch WHERE id = $1"
_TALLY: Final = "SELECT state, count(*) FROM batch_row WHERE batch_id = $1 GROUP BY state"
_LATEST: Final = """
    SELECT * FROM batch WHERE ($1::text IS NULL OR partner_id = $1)
        AND ($4::text IS NULL OR kind = $4)
        AND ($3::text IS NULL OR (created_at, id) < (
            SELECT created_at, id FROM batch AS last
            WHERE last.id = $3 AND ($1::text IS NULL OR last.partner_id = $1)))
    ORDER BY created_at DESC, id DESC LIMIT $2"""
_UNFINISHED: Final = """
    SELECT * FROM batch WHERE status IN ('running', 'paused', 'canceling') ORDER BY id"""
_RESULTS: Final = f"""
    SELECT asked_row.*, batch.kind, batch.currency, {BEGUN_COLUMNS}
    FROM batch_row AS asked_row JOIN batch ON batch.id = asked_row.batch_id {BEGUN}
    WHERE asked_row.batch_id = $1 AND asked_row.line > $2
        AND ($4::text IS NULL OR asked_row.state = $4)
    ORDER BY asked_row.line LIMIT $3"""
_LOCK: Final = "SELECT * FROM batch WHERE id = $1 FOR UPDATE"
_MOVE: Final = """
    UPDATE batch SET status = $2,
        ended_at = CASE WHEN $2 IN ('finished', 'canceled') THEN now() END
    WHERE id = $1 RETURNING *"""
_TELL: Final = """
    INSERT INTO event (partner_id, object_type, object_id, sequence, type, previous_status, data)
    SELECT $1, 'batch', $2,
        (SELECT coalesce(max(sequence), 0) + 1 FROM event WHERE object_id = $2),
        $3, $4, $5::jsonb"""
_TOLD: Final = {
    BatchStatus.PAUSED: "batch.paused",
    BatchStatus.RUNNING: "batch.resumed",
    BatchStatus.CANCELED: "batch.canceled",
    BatchStatus.FINISHED: "batch.finished",
}
# Looked for from the end of the file, where rows wait the longest: EXISTS would read the table from
# its beginning, past every row that has ended.
_PROGRESS: Final = """
    SELECT status,
        (
            SELECT line FROM batch_row WHERE batch_id = $1 AND state = 'waiting'
            ORDER BY line DESC LIMIT 1
        ) IS NOT NULL AS is_waiting,
        EXISTS (
            SELECT FROM batch_row WHERE batch_id = $1 AND state IN ('held', 'sent')
        ) AS is_elsewhere,
        under_way.*
    FROM batch, (
        SELECT count(*) AS dispatched,
            count(*) FILTER (WHERE dispatched_at <= now() - make_interval(secs => $2)) AS slow
        FROM batch_row WHERE batch_id = $1 AND state = 'dispatched'
    ) AS under_way
    WHERE id = $1"""
# Those whose time has come again, and then new ones in the order of the file: but none in the lane
# of one that waits again, or is on such a try.
_TAKE: Final = f"""
    WITH again AS (
        SELECT line FROM batch_row
        WHERE batch_id = $1 AND state = 'waiting' AND again_at <= now()
        ORDER BY again_at LIMIT $3 FOR UPDATE SKIP LOCKED
    ), silent AS (
        SELECT {LANE} AS lane FROM batch_row
        WHERE batch_id = $1 AND again_at IS NOT NULL AND (state = 'waiting'
            OR (state = 'dispatched' AND dispatched_at > now() - make_interval(secs => $4)))
    ), fresh AS (
        SELECT line FROM batch_row
        WHERE batch_id = $1 AND state = 'waiting' AND again_at IS NULL AND line > $2
            AND {LANE} <> ALL (ARRAY(SELECT lane FROM silent))
        ORDER BY line LIMIT $3 - (SELECT count(*) FROM again) FOR UPDATE SKIP LOCKED
    )
    UPDATE batch_row AS asked_row SET state = 'dispatched', dispatched_at = now()
    FROM batch
    WHERE batch.id = $1 AND batch.status = 'running' AND asked_row.batch_id = $1
        AND asked_row.state = 'waiting'
        AND asked_row.line = ANY (ARRAY(SELECT line FROM again UNION ALL SELECT line FROM fresh))
    RETURNING {batch_rows.ORDERED}"""
_DISPATCHED: Final = f"""
    SELECT {batch_rows.ORDERED}, payout.id IS NOT NULL AS is_begun
    FROM batch_row AS asked_row
    JOIN batch ON batch.id = asked_row.batch_id {BEGUN}
    WHERE asked_row.batch_id = $1 AND asked_row.state = 'dispatched'
        AND asked_row.dispatched_at <= now() - make_interval(secs => $2)
    ORDER BY asked_row.line"""
# A payout's own statements lead its row along.
_REAP: Final = """
    WITH reaped AS (
        UPDATE batch_row AS asked_row SET state = lower(begun.state), code = begun.code,
            ended_at = now(), left_at = now()
        FROM batch, transaction AS begun
        WHERE batch.id = $1 AND asked_row.batch_id = $1 AND asked_row.state = 'dispatched'
            AND begun.id = asked_row.object_id AND begun.trace = batch.trace
            AND begun.state IN ('PAID', 'DECLINED')
        RETURNING asked_row.line, asked_row.left_at - asked_row.dispatched_at AS after
    )
    SELECT line, extract(epoch FROM after)::float8 AS after_s FROM (
        SELECT * FROM reaped
        UNION ALL
        SELECT line, left_at - dispatched_at FROM batch_row
        WHERE batch_id = $1 AND line = ANY ($2::int[]) AND left_at IS NOT NULL
            AND state <> 'dispatched'
    ) AS left_behind"""
_REFUSE: Final = f"""
    WITH begun AS (
        SELECT bill.*, payout.id AS payout_id FROM batch_row AS asked_row
        JOIN batch ON batch.id = asked_row.batch_id {BEGUN}
        WHERE asked_row.batch_id = $1 AND asked_row.line = $2
            AND (bill.id IS NOT NULL OR payout.id IS NOT NULL)
    ), due AS (
        SELECT asked_row.batch_id, asked_row.line,
            $4::float8[] IS NOT NULL
                AND batch.created_at > now() - make_interval(secs => $5) AS is_again,
            make_interval(secs => $4[least(asked_row.tries + 1, cardinality($4))]) AS pause
        FROM batch_row AS asked_row JOIN batch ON batch.id = asked_row.batch_id
        WHERE asked_row.batch_id = $1 AND asked_row.line = $2 AND asked_row.state = 'dispatched'
            AND NOT EXISTS (SELECT FROM begun)
        FOR UPDATE OF asked_row
    ), refused AS (
        UPDATE batch_row SET tries = tries + 1,
            state = CASE WHEN due.is_again THEN 'waiting' ELSE 'refused' END,
            code = CASE WHEN due.is_again THEN NULL ELSE $3 END,
            ended_at = CASE WHEN due.is_again THEN NULL ELSE now() END,
            again_at = CASE WHEN due.is_again THEN now() + due.pause END
        FROM due WHERE (batch_row.batch_id, batch_row.line) = (due.batch_id, due.line)
    )
    SELECT {bill_rows.COLUMNS} FROM begun WHERE state = 'PROCESSING'"""
_PAUSES_S: Final = [pause.total_seconds() for pause in PAUSES]
_CANCEL_WAITING: Final = """
    UPDATE batch_row AS asked_row SET state = 'canceled', ended_at = now()
    FROM batch
    WHERE batch.id = $1 AND batch.status = 'canceling' AND asked_row.batch_id = $1
        AND asked_row.line = ANY (ARRAY(
            SELECT line FROM batch_row WHERE batch_id = $1 AND state = 'waiting'
            LIMIT $2 FOR UPDATE SKIP LOCKED
        ))
    RETURNING asked_row.line"""


class PostgresBatches:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, batch: NewBatch) -> Batch:
        return await self._database.in_transaction(partial(create, batch))

    async def find(self, partner_id: str, batch_id: str) -> Batch | None:
        rows = await self._database.fetch(_FIND, partner_id, batch_id)
        return batch_rows.batch(rows[0]) if rows else None

    async def get(self, batch_id: str) -> Batch | None:
        rows = await self._database.fetch(_GET, batch_id)
        return batch_rows.batch(rows[0]) if rows else None

    async def tally(self, batch_id: str) -> Tally:
        return batch_rows.tally(list(await self._database.fetch(_TALLY, batch_id)))

    async def latest(
        self,
        partner_id: str | None,
        limit: int,
        before: str | None = None,
        kind: BatchKind | None = None,
    ) -> Sequence[tuple[Batch, Tally]]:
        rows = await self._database.fetch(_LATEST, partner_id, limit, before, kind)
        # One by one: to count the rows of a hundred large ones takes longer than a statement may.
        return [(batch_rows.batch(row), await self.tally(row["id"])) for row in rows]

    async def unfinished(self) -> Sequence[Batch]:
        return [batch_rows.batch(row) for row in await self._database.fetch(_UNFINISHED)]

    async def results(
        self, batch_id: str, after: int, limit: int, state: RowState | None = None
    ) -> Sequence[RowResult]:
        rows = await self._database.fetch(_RESULTS, batch_id, after, limit, state)
        return [batch_rows.result(row) for row in rows]

    async def move(self, move: BatchMove) -> Batch:
        return await self._database.in_transaction(partial(_move, move))

    async def progress(self, batch_id: str) -> Progress:
        [row] = await self._database.fetch(_PROGRESS, batch_id, SLOW_S)
        return Progress(
            BatchStatus(row["status"]),
            row["is_waiting"],
            row["dispatched"],
            slow=row["slow"],
            is_elsewhere=row["is_elsewhere"],
        )

    async def take(self, batch_id: str, after: int, most: int) -> Sequence[RowOrder]:
        rows = await self._database.fetch(_TAKE, batch_id, after, most, TRY_S)
        return sorted(map(batch_rows.order, rows), key=lambda taken: taken.ref.line)

    async def dispatched(self, batch_id: str, longer_than_s: float) -> Sequence[RowOrder]:
        rows = await self._database.fetch(_DISPATCHED, batch_id, longer_than_s)
        return [batch_rows.order(row, is_begun=row["is_begun"]) for row in rows]

    async def reap(self, batch_id: str, seen: Sequence[int] = ()) -> Sequence[Left]:
        rows = await self._database.fetch(_REAP, batch_id, list(seen))
        return [Left(row["line"], row["after_s"]) for row in rows]

    async def refuse(self, refused: RefusedRow) -> BillPayment | None:
        ref, code = refused.ref, refused.code
        pauses_s = _PAUSES_S if code in TRIED_AGAIN else None
        tried_for_s = TRIED_FOR.total_seconds()
        rows = await self._database.fetch(
            _REFUSE, ref.batch_id, ref.line, code, pauses_s, tried_for_s
        )
        return bill_rows.payment(rows[0]) if rows else None

    async def cancel_waiting(self, batch_id: str, most: int) -> int:
        return len(await self._database.fetch(_CANCEL_WAITING, batch_id, most))


async def _move(move: BatchMove, statements: Statements) -> Batch:
    [row] = await statements.fetch(_LOCK, move.batch_id)
    before = batch_rows.batch(row)
    if before.status is move.to:
        return before
    if move.to not in BATCH_MOVES[before.status]:
        raise MoveImpossible(f"{move.batch_id} is {before.status}")
    counts = batch_rows.tally(list(await statements.fetch(_TALLY, move.batch_id)))
    if not BATCH_MOVES[move.to] and counts.ended < before.rows:
        raise MoveImpossible(f"{move.batch_id} has rows without an end")
    [row] = await statements.fetch(_MOVE, move.batch_id, move.to)
    moved = batch_rows.batch(row)
    if move.to in _TOLD:
        told = batch_rows.told_of_batch(moved, counts)
        names = (moved.partner_id, moved.batch_id, _TOLD[move.to], before.status)
        await statements.fetch(_TELL, *names, told)
    return moved
