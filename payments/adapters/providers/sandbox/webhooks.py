"""The acquirer's webhooks: verify the very bytes, then read."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from payments.adapters.providers.sandbox import disputes
from payments.adapters.providers.sandbox.reading import (
    Unreadable,
    instant,
    money,
    named,
    receipts,
    text,
)
from payments.domain import ids
from payments.domain.charge import Operation
from payments.domain.dispute import DisputeOrder
from payments.outside.signatures import signed_event
from payments.ports.provider import (
    DisputeTold,
    Meaning,
    Says,
    Told,
    UnreadableWebhook,
)

_UNREADABLE: Final = (Unreadable, ValueError, TypeError, KeyError, AttributeError, RecursionError)


def told(
    raw: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime, acquirer: str
) -> Told:
    event_id = signed_event(raw, headers, secrets, now)
    try:
        return _read(json.loads(raw), event_id, acquirer)
    except _UNREADABLE as error:
        raise UnreadableWebhook(str(error)) from error


def _read(body: Any, event_id: str, acquirer: str) -> Told:
    if text(body, "id") != event_id:
        raise Unreadable("another id inside")
    kind, at = text(body, "type"), instant(text(body, "timestamp"))
    if kind not in ("payment.updated", "refund.updated", "dispute.updated"):
        return Told(event_id, kind, Meaning.UNKNOWN, at=at)
    data = body["data"]
    if data["acquirer"] != acquirer:
        raise Unreadable("another acquirer's")
    if kind == "dispute.updated":
        return _dispute(data["dispute"], event_id, acquirer, at)
    payment = data["payment"]
    currency = text(payment, "currency")
    if kind == "refund.updated":
        refund = named(payment["refunds"], text(data, "refund"))
        if refund is None:
            raise Unreadable("a refund that is not there")
        return Told(
            event_id,
            kind,
            Meaning.REFUND,
            reference=text(refund, "reference"),
            operation=Operation.REFUND,
            amount=money(refund, "amount", currency),
            says=Says(f"refund_{text(refund, 'state').lower()}"),
            at=at,
        )
    says = Says(text(payment, "state").lower())
    taken = money(payment, "capturedAmount", currency)
    if says is Says.AUTHORIZED and taken.minor:
        # Over there it stays authorised while anything is left to take; the sum is what was taken.
        says = Says.CAPTURED
    return Told(
        event_id,
        kind,
        Meaning.PAYMENT,
        reference=text(payment, "reference"),
        operation=Operation.AUTHORIZE,
        amount=taken if taken.minor else money(payment, "authorizedAmount", currency),
        says=says,
        at=at,
        receipts=tuple(each.id for each in receipts(payment, currency)),
    )


def _dispute(told: Any, event_id: str, acquirer: str, at: datetime) -> Told:
    found = disputes.found(told)
    dispute_id = ids.dispute_id(acquirer, found.reference)
    order = DisputeOrder(dispute_id, acquirer, found.reference)
    return Told(
        event_id,
        "dispute.updated",
        Meaning.DISPUTE,
        reference=dispute_id,
        amount=found.amount,
        at=at,
        dispute=DisputeTold(order, found.status, found.fee, found.due_at),
    )
