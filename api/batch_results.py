"""The file of results: a line for each row of a batch, in the order of its file."""

import csv
import io
from collections.abc import AsyncIterator, Mapping
from typing import Final, Literal

import orjson

from api.row_files import FORMULA, RowFormat
from api.schemas import rfc3339
from payments.domain.batch import RowResult, RowState
from payments.ports.batches import Batches

Format = Literal["csv", "jsonl"]
MEDIA_TYPES: Final[Mapping[Format, RowFormat]] = {"csv": RowFormat.CSV, "jsonl": RowFormat.JSONL}
COLUMNS: Final = (
    *("line", "billerId", "billNumber", "billingPeriod", "partnerTransactionId", "amount"),
    *("currency", "state", "code", "reason", "transactionId", "fee", "paidAt", "billerReference"),
)
_READ_AT_ONCE: Final = 5_000
_BEGUN: Final = (RowState.DISPATCHED, RowState.PAID, RowState.DECLINED)
_STATES: Final = {RowState.DISPATCHED: "under_way"}


async def results_file(batches: Batches, batch_id: str, format_: Format) -> bytes:
    """As things stand now; a row that is not final says so."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS)
    if format_ == "csv":
        writer.writeheader()
    async for row in _rows(batches, batch_id):
        if format_ == "csv":
            writer.writerow({name: _harmless(value) for name, value in row.items()})
        else:
            out.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE).decode())
    return out.getvalue().encode()


async def _rows(batches: Batches, batch_id: str) -> AsyncIterator[dict[str, object]]:
    after = 0
    while found := await batches.results(batch_id, after, _READ_AT_ONCE):
        for each in found:
            yield _told(each)
        after = found[-1].row.line


def _told(result: RowResult) -> dict[str, object]:
    """By the names of COLUMNS; what is not known is left out."""
    row, bill = result.row, result.row.asked.bill
    told: dict[str, object] = {
        "line": row.line,
        "billerId": bill.biller_id,
        "billNumber": bill.bill_number,
        "billingPeriod": bill.billing_period,
        "partnerTransactionId": row.reference,
        "amount": str(row.amount),
        "currency": row.amount.currency,
        "state": _STATES.get(result.state, result.state),
    }
    if result.code is not None:
        told |= {"code": result.code, "reason": result.code.meaning.reason}
    if result.state in _BEGUN and result.fee is not None:
        told |= {"transactionId": row.object_id, "fee": str(result.fee)}
    if result.paid_at is not None:
        told["paidAt"] = rfc3339(result.paid_at)
    if result.biller_reference is not None:
        told["billerReference"] = result.biller_reference
    return told


def _harmless(value: object) -> object:
    """A biller's own words could be a formula, which a spreadsheet would run."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
