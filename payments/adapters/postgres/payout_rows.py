"""Rows of payouts ↔ our values, and what partners are told of them."""

from collections.abc import Sequence
from typing import Final

from pydantic import TypeAdapter

from payments.adapters.postgres.json_text import json_text
from payments.adapters.postgres.payment_rows import rfc3339
from payments.db.session import Row
from payments.domain import ids
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.payout import (
    HoldReason,
    Leg,
    Payout,
    PayoutFact,
    PayoutOrder,
    PayoutStatus,
)
from payments.domain.payout_legs import arrival

_ORDER: Final = TypeAdapter(PayoutOrder)

# A row of a batch goes where its payout does. How long it was under way tells something only if it
# came to its rail.
_LED: Final = """
    SET state = {state}, code = {code},
        left_at = CASE WHEN {state} IN ('sent', 'paid', 'partly_paid', 'declined')
            THEN coalesce(batch_row.left_at, now()) ELSE batch_row.left_at END,
        ended_at = CASE WHEN {state} NOT IN ('dispatched', 'held', 'sent') THEN now() END"""


def led(state: str, code: str) -> str:
    """The part of a statement that leads a row along, from these parameters."""
    return _LED.format(state=f"{state}::text", code=f"{code}::text")


def ordered(order: PayoutOrder) -> str:
    return _ORDER.dump_json(order).decode()


def order(row: Row) -> PayoutOrder:
    return _ORDER.validate_python(row["ordered"])


def payout(row: Row) -> Payout:
    asked = order(row)
    return Payout(
        payout_id=row["id"],
        partner_id=row["partner_id"],
        reference=row["reference"],
        amount=Money(row["amount_minor"], row["currency"]),
        fee=Money(row["fee_minor"], row["currency"]),
        destination_id=row["destination_id"],
        rail=row["rail"],
        status=PayoutStatus(row["status"]),
        held_for=HoldReason(row["held_for"]) if row["held_for"] else None,
        code=Code(row["code"]) if row["code"] else None,
        raw_code=row["raw_code"],
        rail_reference=row["rail_reference"],
        suspended=row["suspended_at"] is not None,
        arrives_at=row["arrives_at"],
        metadata=asked.metadata or {},
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        trace=asked.trace,
        content=asked.content,
        by_legs=row["transfer_minor"] < row["amount_minor"],
        customer_id=asked.customer_id,
    )


def told(
    fact: PayoutFact,
    row: Row | None,
    held_for: HoldReason | None = None,
    legs: Sequence[Leg] = (),
) -> str:
    """The data of payout.*, with the partner API's names. `row` is how it stood before."""
    asked = fact.order
    arrives_at = fact.arrives_at or (row["arrives_at"] if row is not None else asked.arrives_at)
    data: dict[str, object] = {
        "id": asked.payout_id,
        "reference": asked.reference,
        "status": fact.status,
        "amount": str(asked.amount),
        "fee": str(asked.fee),
        "currency": asked.amount.currency,
        **_to(asked),
        "metadata": asked.metadata or {},
        "createdAt": rfc3339(asked.created_at),
        "updatedAt": rfc3339(fact.at),
    }
    estimate = arrival(arrives_at, legs)
    if estimate is not None and fact.status in (PayoutStatus.ON_HOLD, PayoutStatus.SENT):
        data["arrivalEstimate"] = rfc3339(estimate)
    if held_for is not None:
        data["heldFor"] = held_for
    if fact.code is not None:
        data |= {"failureCode": fact.code, "failureReason": fact.code.meaning.reason}
    if legs:
        data["legs"] = [_told_leg(asked.payout_id, leg) for leg in legs]
    return json_text(data)


def _to(asked: PayoutOrder) -> dict[str, object]:
    if asked.destination_id is None:
        return {"customerId": asked.customer_id}
    return {"destinationToken": asked.destination_id}


def _told_leg(payout_id: str, leg: Leg) -> dict[str, object]:
    data: dict[str, object] = {
        "number": leg.number,
        "type": leg.kind,
        "amount": str(leg.amount),
        "status": leg.status,
    }
    if leg.payment_id is not None:
        data |= {"paymentId": leg.payment_id, "refundId": ids.leg_refund(payout_id, leg.number)}
    if leg.code is not None:
        data |= {"failureCode": leg.code, "failureReason": leg.code.meaning.reason}
    return data
