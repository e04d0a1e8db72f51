"""The file of results: a line for each row of a batch, in the order of its file."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

import orjson

from api.row_files import FORMULA, RowFormat
from api.schemas import rfc3339
from payments.domain.batch_row import BegunBill, BegunPayout, RowResult, RowState
from payments.domain.payout import ON_ITS_WAY
from payments.ports.batches import Batches

Format = Literal["csv", "jsonl"]
MEDIA_TYPES: Final[Mapping[Format, RowFormat]] = {"csv": RowFormat.CSV, "jsonl": RowFormat.JSONL}
_READ_AT_ONCE: Final = 5_000
_STATES: Final = {RowState.DISPATCHED: "under_way"}
_END: Final = ("amount", "currency", "state", "code", "reason")


@dataclass(frozen=True, slots=True)
class Results:
    """What is told of each row of one kind: `asked` and `begun` by the names of `columns`.

    What is not known is left out.
    """

    columns: tuple[str, ...]
    asked: Callable[[RowResult], dict[str, object]]
    begun: Callable[[RowResult], dict[str, object]]

    def told(self, result: RowResult) -> dict[str, object]:
        amount = result.row.amount
        told: dict[str, object] = {
            "line": result.row.line,
            **self.asked(result),
            "amount": str(amount),
            "currency": amount.currency,
            "state": _STATES.get(result.state, result.state),
        }
        if result.code is not None:
            told |= {"code": result.code, "reason": result.code.meaning.reason}
        return told | self.begun(result)


async def results_file(batches: Batches, batch_id: str, results: Results, format_: Format) -> bytes:
    """As things stand now; a row that is not final says so."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, results.columns)
    if format_ == "csv":
        writer.writeheader()
    async for result in _rows(batches, batch_id):
        row = results.told(result)
        if format_ == "csv":
            writer.writerow({name: _harmless(value) for name, value in row.items()})
        else:
            out.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE).decode())
    return out.getvalue().encode()


async def _rows(batches: Batches, batch_id: str) -> AsyncIterator[RowResult]:
    after = 0
    while found := await batches.results(batch_id, after, _READ_AT_ONCE):
        for each in found:
            yield each
        after = found[-1].row.line


def _bill(result: RowResult) -> dict[str, object]:
    bill = result.row.bill.ref
    return {
        "billerId": bill.biller_id,
        "billNumber": bill.bill_number,
        "billingPeriod": bill.billing_period,
        "partnerTransactionId": result.row.reference,
    }


def _begun_bill(result: RowResult) -> dict[str, object]:
    begun = result.begun
    if not isinstance(begun, BegunBill):
        return {}
    told: dict[str, object] = {"transactionId": result.row.object_id, "fee": str(begun.fee)}
    if begun.paid_at is not None:
        told["paidAt"] = rfc3339(begun.paid_at)
    if begun.biller_reference is not None:
        told["billerReference"] = begun.biller_reference
    return told


def _payout(result: RowResult) -> dict[str, object]:
    row = result.row
    return {"reference": row.reference, "destinationToken": row.payout.destination_id}


def _begun_payout(result: RowResult) -> dict[str, object]:
    begun = result.begun
    if not isinstance(begun, BegunPayout):
        return {}
    told: dict[str, object] = {"payoutId": result.row.object_id, "fee": str(begun.fee)}
    if begun.arrives_at is not None and begun.status in ON_ITS_WAY:
        told["arrivalEstimate"] = rfc3339(begun.arrives_at)
    if result.state is RowState.HELD and begun.held_for is not None:
        told["heldFor"] = begun.held_for
    return told


BILL_RESULTS: Final = Results(
    columns=(
        *("line", "billerId", "billNumber", "billingPeriod", "partnerTransactionId", *_END),
        *("transactionId", "fee", "paidAt", "billerReference"),
    ),
    asked=_bill,
    begun=_begun_bill,
)
PAYOUT_RESULTS: Final = Results(
    columns=(
        *("line", "reference", "destinationToken", *_END),
        *("payoutId", "fee", "arrivalEstimate", "heldFor"),
    ),
    asked=_payout,
    begun=_begun_payout,
)


def _harmless(value: object) -> object:
    """A biller's own words could be a formula, which a spreadsheet would run."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
