"""Rows of `batch` and `batch_row` to values of the domain and back, and what an event says."""

from typing import Any, Final

import orjson

from payments.adapters.postgres.payment_rows import rfc3339
from payments.db.session import Row
from payments.domain.batch import (
    Batch,
    BatchKind,
    BatchRow,
    BatchStatus,
    BillRow,
    NewBatch,
    RowOrder,
    RowResult,
    RowState,
    Tally,
)
from payments.domain.bill import Agreement, BillRef
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.row import RowRef

BATCH: Final = (
    "id, partner_id, kind, reference, digest, currency, amount_minor, rows, trace, created_at"
)
# Of a row and its batch, as order() reads them.
ORDERED: Final = (
    "asked_row.batch_id, asked_row.line, asked_row.object_id, asked_row.reference,"
    " asked_row.amount_minor, asked_row.asked, batch.partner_id, batch.kind, batch.currency,"
    " batch.trace"
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


def asked_text(asked: BillRow) -> str:
    """The row's own part, as jsonb."""
    bill, agreement = asked.bill, asked.agreement
    told = {
        "biller_id": bill.biller_id,
        "bill_number": bill.bill_number,
        "billing_period": bill.billing_period,
        "fee_flat_minor": agreement.fee_flat_minor,
        "fee_basis_points": agreement.fee_basis_points,
    }
    return orjson.dumps(told).decode()


def _asked(told: dict[str, Any]) -> BillRow:
    return BillRow(
        BillRef(told["biller_id"], told["bill_number"], told["billing_period"]),
        Agreement(told["fee_flat_minor"], told["fee_basis_points"]),
    )


def _row(row: Row) -> BatchRow:
    return BatchRow(
        line=row["line"],
        reference=row["reference"],
        object_id=row["object_id"],
        amount=Money(row["amount_minor"], row["currency"]),
        asked=_asked(row["asked"]),
    )


def order(row: Row) -> RowOrder:
    return RowOrder(
        ref=RowRef(row["batch_id"], row["line"]),
        kind=BatchKind(row["kind"]),
        partner_id=row["partner_id"],
        trace=row["trace"],
        row=_row(row),
    )


def result(row: Row) -> RowResult:
    fee = row["fee_minor"]
    return RowResult(
        row=_row(row),
        state=RowState(row["state"]),
        code=Code(row["code"]) if row["code"] else None,
        ended_at=row["ended_at"],
        fee=None if fee is None else Money(fee, row["currency"]),
        paid_at=row["paid_at"],
        biller_reference=row["biller_reference"],
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
        "paid": counts.paid,
        "declined": counts.declined,
        "refused": counts.refused,
        "canceled": counts.canceled,
    }
