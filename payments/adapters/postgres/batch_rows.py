"""Rows of `batch` and `batch_row` to values of the domain and back, and what an event says."""

from typing import Any, Final

import orjson

from payments.adapters.postgres.payment_rows import rfc3339
from payments.adapters.postgres.row_kinds import KINDS
from payments.db.session import Row
from payments.domain.batch import Batch, BatchStatus, NewBatch, Tally
from payments.domain.batch_row import BatchKind, BatchRow, RowOrder, RowResult, RowState
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.row import RowRef

BATCH: Final = (
    "id, partner_id, kind, reference, digest, currency, amount_minor, rows, trace, created_at"
)
# Of a row and its batch, as order() reads them.
ORDERED: Final = (
    "asked_row.batch_id, asked_row.line, asked_row.object_id, asked_row.reference,"
    " asked_row.amount_minor, asked_row.asked, asked_row.dispatched_at, asked_row.tries,"
    " batch.partner_id, batch.kind, batch.currency, batch.trace"
)


def batch_values(batch: NewBatch) -> tuple[object, ...]:
    """In the order of BATCH."""
    return (
        *(batch.batch_id, batch.partner_id, batch.kind, batch.reference, batch.digest),
        *(batch.amount.currency, batch.amount.minor, len(batch.rows)),
        *(batch.trace, batch.created_at),
    )


def batch(row: Row) -> Batch:
    return Batch(
        batch_id=row["id"],
        partner_id=row["partner_id"],
        kind=BatchKind(row["kind"]),
        reference=row["reference"],
        amount=Money(row["amount_minor"], row["currency"]),
        rows=row["rows"],
        status=BatchStatus(row["status"]),
        trace=row["trace"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
    )


def asked_text(kind: BatchKind, row: BatchRow) -> str:
    """The row's own part, as jsonb."""
    return orjson.dumps(KINDS[kind].as_json(row.asked)).decode()


def _row(row: Row) -> BatchRow:
    return BatchRow(
        line=row["line"],
        reference=row["reference"],
        object_id=row["object_id"],
        amount=Money(row["amount_minor"], row["currency"]),
        asked=KINDS[BatchKind(row["kind"])].of_json(row["asked"], row["currency"]),
    )


def order(row: Row, *, is_begun: bool = False) -> RowOrder:
    return RowOrder(
        ref=RowRef(row["batch_id"], row["line"]),
        kind=BatchKind(row["kind"]),
        partner_id=row["partner_id"],
        trace=row["trace"],
        row=_row(row),
        taken_at=row["dispatched_at"],
        tries=row["tries"],
        is_begun=is_begun,
    )


def result(row: Row) -> RowResult:
    return RowResult(
        row=_row(row),
        state=RowState(row["state"]),
        code=Code(row["code"]) if row["code"] else None,
        ended_at=row["ended_at"],
        begun=KINDS[BatchKind(row["kind"])].begun(row),
    )


def tally(rows: list[Row]) -> Tally:
    return Tally(**{row["state"]: row["count"] for row in rows})


def told_of_batch(moved: Batch, counts: Tally) -> str:
    """The data of a batch's events, with the names and forms of the partner API."""
    data: dict[str, Any] = {
        "id": moved.batch_id,
        "reference": moved.reference,
        "kind": moved.kind,
        "status": moved.status,
        "amount": str(moved.amount),
        "currency": moved.amount.currency,
        "rows": moved.rows,
        "counts": told_of_tally(counts),
        "createdAt": rfc3339(moved.created_at),
    }
    if moved.ended_at is not None:
        data["endedAt"] = rfc3339(moved.ended_at)
    return orjson.dumps(data).decode()


def told_of_tally(counts: Tally) -> dict[str, int]:
    return {
        "waiting": counts.waiting,
        "underWay": counts.dispatched,
        "held": counts.held,
        "sent": counts.sent,
        "paid": counts.paid,
        "partlyPaid": counts.partly_paid,
        "declined": counts.declined,
        "returned": counts.returned,
        "refused": counts.refused,
        "canceled": counts.canceled,
    }
