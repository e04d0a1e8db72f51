"""What the record has to know of each kind of row: one entry of KINDS for each."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from payments.db.session import Row
from payments.domain.batch_row import BatchKind, BegunBill, BegunPayout, BillRow, PayoutRow
from payments.domain.bill import Agreement, BillRef
from payments.domain.money import Money
from payments.domain.payout import HoldReason, PayoutStatus
from payments.domain.payout_terms import PayoutLimits


@dataclass(frozen=True, slots=True)
class RowKind:
    """`used` finds the lines ($2) of a partner ($1) whose references ($3) name something already.

    `as_json` is what the kind alone knows of a row, and `of_json` its inverse; the currency is the
    batch's. `begun` reads what of BEGUN is its own.
    """

    used: str
    as_json: Callable[[Any], dict[str, Any]]
    of_json: Callable[[dict[str, Any], str], BillRow | PayoutRow]
    begun: Callable[[Row], BegunBill | BegunPayout | None]


# What a row of any kind has begun: no id of one kind is one of another. What the partner began
# under the same name elsewhere bears another trace.
BEGUN: Final = """
    LEFT JOIN transaction AS bill
        ON bill.id = asked_row.object_id AND bill.trace = batch.trace
    LEFT JOIN payout
        ON payout.id = asked_row.object_id AND payout.ordered ->> 'trace' = batch.trace"""
# Who has to be there for a row: while he is silent, no other row tries him.
LANE: Final = "coalesce(asked ->> 'biller_id', asked ->> 'rail')"
# By legs it is there when its transfer is; of refunds alone nobody knows.
BEGUN_COLUMNS: Final = """bill.fee_minor AS bill_fee_minor, bill.paid_at, bill.biller_reference,
    payout.fee_minor AS payout_fee_minor, payout.status AS payout_status, payout.held_for,
    CASE
        WHEN payout.transfer_minor = payout.amount_minor THEN payout.arrives_at
        WHEN payout.transfer_minor > 0 THEN coalesce(
            (SELECT part.arrives_at FROM payout AS part WHERE part.part_of = payout.id),
            payout.arrives_at
        )
    END AS arrives_at"""


def _bill_as_json(asked: BillRow) -> dict[str, Any]:
    bill, agreement = asked.ref, asked.agreement
    return {
        "biller_id": bill.biller_id,
        "bill_number": bill.bill_number,
        "billing_period": bill.billing_period,
        "fee_flat_minor": agreement.fee_flat_minor,
        "fee_basis_points": agreement.fee_basis_points,
    }


def _bill_of_json(told: dict[str, Any], currency: str) -> BillRow:  # noqa: ARG001 as every kind
    return BillRow(
        BillRef(told["biller_id"], told["bill_number"], told["billing_period"]),
        Agreement(told["fee_flat_minor"], told["fee_basis_points"]),
    )


def _begun_bill(row: Row) -> BegunBill | None:
    if row["bill_fee_minor"] is None:
        return None
    fee = Money(row["bill_fee_minor"], row["currency"])
    return BegunBill(fee, row["paid_at"], row["biller_reference"])


def _payout_as_json(asked: PayoutRow) -> dict[str, Any]:
    limits = {name: value for name, value in asdict(asked.limits).items() if value is not None}
    return {
        "destination_id": asked.destination_id,
        "rail": asked.rail,
        "fee_minor": asked.fee.minor,
        "limits": limits,
        "content": asked.content,
    }


def _payout_of_json(told: dict[str, Any], currency: str) -> PayoutRow:
    return PayoutRow(
        destination_id=told["destination_id"],
        rail=told["rail"],
        fee=Money(told["fee_minor"], currency),
        limits=PayoutLimits(**told["limits"]),
        content=told["content"],
    )


def _begun_payout(row: Row) -> BegunPayout | None:
    if row["payout_status"] is None:
        return None
    return BegunPayout(
        fee=Money(row["payout_fee_minor"], row["currency"]),
        status=PayoutStatus(row["payout_status"]),
        held_for=HoldReason(row["held_for"]) if row["held_for"] else None,
        arrives_at=row["arrives_at"],
    )


KINDS: Final[Mapping[BatchKind, RowKind]] = {
    BatchKind.BILL_PAYMENTS: RowKind(
        used="""
            SELECT given.line FROM unnest($2::int[], $3::text[]) AS given (line, reference)
            JOIN transaction ON transaction.partner_id = $1
                AND transaction.partner_transaction_id = given.reference""",
        as_json=_bill_as_json,
        of_json=_bill_of_json,
        begun=_begun_bill,
    ),
    BatchKind.PAYOUTS: RowKind(
        used="""
            SELECT given.line FROM unnest($2::int[], $3::text[]) AS given (line, reference)
            JOIN payout ON payout.partner_id = $1 AND payout.reference = given.reference""",
        as_json=_payout_as_json,
        of_json=_payout_of_json,
        begun=_begun_payout,
    ),
}
