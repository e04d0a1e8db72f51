"""Rows of the `dispute` table to values of the domain and back, and what an event says."""

from typing import Any

from payments.adapters.postgres.json_text import json_text, theirs
from payments.adapters.postgres.payment_rows import rfc3339
from payments.db.session import Row
from payments.domain.dispute import (
    CLOSED,
    OPEN,
    TAKING,
    Dispute,
    DisputeReason,
    DisputeStatus,
    Response,
    ResponseState,
    Sighting,
    taken_minor,
)
from payments.domain.money import Money


def dispute(row: Row) -> Dispute:
    return Dispute(
        dispute_id=row["id"],
        payment_id=row["payment_id"],
        partner_id=row["partner_id"],
        provider=row["provider"],
        reference=row["provider_reference"],
        amount=Money(row["amount_minor"], row["currency"]),
        status=DisputeStatus(row["status"]),
        reason=DisputeReason(row["reason"]),
        raw_reason=row["raw_reason"],
        fee_minor=row["fee_minor"],
        taken_minor=row["taken_minor"],
        returned_minor=row["returned_minor"],
        due_at=row["due_at"],
        reminded=row["reminded"],
        response=Response(row["response"]) if row["response"] else None,
        response_version=row["response_version"],
        response_state=ResponseState(row["response_state"]) if row["response_state"] else None,
        opened_at=row["opened_at"],
        updated_at=row["updated_at"],
        closed_at=row["closed_at"],
    )


def opened(sighting: Sighting, about: Row, status: DisputeStatus) -> Dispute:
    """As it begins. A fee that came with a later stage is not known apart from it."""
    found, order = sighting.found, sighting.order
    return Dispute(
        dispute_id=order.dispute_id,
        payment_id=about["id"],
        partner_id=about["partner_id"],
        provider=order.provider,
        reference=order.reference,
        amount=found.amount,
        status=status,
        reason=found.reason,
        raw_reason=theirs(found.raw_reason),
        fee_minor=found.fee.minor,
        taken_minor=taken_minor(status, found.amount, found.fee),
        returned_minor=0,
        due_at=found.due_at,
        reminded=0,
        response=None,
        response_version=None,
        response_state=None,
        opened_at=found.opened_at,
        updated_at=sighting.at,
        closed_at=None,
    )


def opening(made: Dispute) -> str:
    """$7 of OPEN."""
    taking = made.status in TAKING
    return json_text(
        {
            "id": made.dispute_id,
            "payment_id": made.payment_id,
            "partner_id": made.partner_id,
            "provider": made.provider,
            "reference": made.reference,
            "amount": made.amount.minor,
            "currency": made.amount.currency,
            "reason": made.reason,
            "raw_reason": made.raw_reason,
            "status": made.status,
            "fee": made.fee_minor,
            "taken": made.taken_minor,
            "disputed": made.amount.minor if taking else 0,
            "open": int(made.status in OPEN),
            "due_at": made.due_at,
            "opened_at": made.opened_at,
            "at": made.updated_at,
        }
    )


def move(before: Dispute, after: Dispute, told: int) -> str:
    """$7 of MOVE. `told` is what the row's counter was when it was read."""
    taking = (after.status in TAKING) - (before.status in TAKING)
    return json_text(
        {
            "id": after.dispute_id,
            "told": told,
            "status": after.status,
            "fee": after.fee_minor,
            "taken": after.taken_minor,
            "disputed": taking * after.amount.minor,
            "open": (after.status in OPEN) - (before.status in OPEN),
            "due_at": after.due_at,
            "is_closed": after.status in CLOSED,
            "at": after.updated_at,
        }
    )


def told(standing: Dispute, *, last: bool | None = None) -> str:
    """An event's data but for what was returned already, with the partner API's names and forms.

    `last` belongs to a reminder: whether it is the last one.
    """
    currency = standing.amount.currency
    data: dict[str, Any] = {
        "id": standing.dispute_id,
        "paymentId": standing.payment_id,
        "status": standing.status,
        "amount": str(standing.amount),
        "currency": currency,
        "fee": str(Money(standing.fee_minor, currency)),
        "reason": standing.reason,
        "providerReason": standing.raw_reason,
        "createdAt": rfc3339(standing.opened_at),
        "updatedAt": rfc3339(standing.updated_at),
    }
    if standing.due_at is not None:
        data["dueAt"] = rfc3339(standing.due_at)
    if last is not None:
        data["isLast"] = last
    return json_text(data)
