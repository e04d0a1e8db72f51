"""Webhook events: what they say, and how they are signed (Standard Webhooks)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sandbox.acquirer.amounts import minor
from sandbox.acquirer.amounts import written as amount_written
from sandbox.acquirer.dispute_entries import DisputeAnswered, Disputed, DisputeDecided
from sandbox.acquirer.entries import Entry, RefundDecided, Refunded
from sandbox.acquirer.payments import Payment
from sandbox.moments import now, written


class EventType(StrEnum):
    PAYMENT = "payment.updated"
    REFUND = "refund.updated"
    DISPUTE = "dispute.updated"


class Forgery(StrEnum):
    """In how many ways an event can be wrong."""

    SIGNATURE = "signature"  # signed with a key that is not ours
    BODY = "body"  # changed after it was signed
    STALE = "stale"  # properly signed, an hour ago
    UNSIGNED = "unsigned"  # without any signature
    AMOUNT = "amount"  # properly signed; tells one minor unit more
    STATE = "state"  # properly signed; tells a state that the payment is not in
    PAYMENT = "payment"  # properly signed; about a payment that nobody knows
    TYPE = "type"  # properly signed; of a type that nobody knows


@dataclass(slots=True)
class Event:
    id: str
    at: datetime
    type: EventType
    acquirer: str
    reference: str
    copies: int
    body: bytes
    delivered: bool = False
    # What each try came to: a status, or what went wrong.
    tries: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "at": written(self.at),
            "type": self.type,
            "acquirer": self.acquirer,
            "payment": self.reference,
            "state": _subject(json.loads(self.body)["data"])["state"],
            "delivered": self.delivered,
            "tries": self.tries,
        }


_OPPOSITES = {"CAPTURED": "DECLINED", "WON": "LOST", "LOST": "WON", "OPEN": "WON"}


def event_of(payment: Payment, entry: Entry, told: Mapping[str, Any], copies: int) -> Event:
    """The same change has the same event id after a restart."""
    event_id = f"evt_{payment.id.removeprefix('acq_')}_{payment.sequence}"
    data: dict[str, Any] = {"acquirer": payment.acquirer, "payment": told}
    kind = EventType.PAYMENT
    if isinstance(entry, Refunded | RefundDecided):
        kind = EventType.REFUND
        data["refund"] = payment.refunds[entry.refund_id].reference
    if isinstance(entry, Disputed | DisputeDecided | DisputeAnswered):
        kind = EventType.DISPUTE
        dispute = payment.disputes[entry.dispute_id]
        data["dispute"] = dispute.as_json(payment.order.reference, payment.order.currency)
    content = {"type": kind, "id": event_id, "timestamp": written(entry.at), "data": data}
    return Event(
        event_id,
        entry.at,
        kind,
        payment.acquirer,
        payment.order.reference,
        copies,
        _packed(content),
    )


def signed(event_id: str, body: bytes, secret: bytes, moment: datetime) -> dict[str, str]:
    timestamp = str(int(moment.timestamp()))
    content = b".".join((event_id.encode(), timestamp.encode(), body))
    signature = base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode()
    return {
        "Content-Type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }


def secret_bytes(secret: str) -> bytes:
    """Raises ValueError unless it is `whsec_` and base64."""
    return base64.b64decode(secret.removeprefix("whsec_"), validate=True)


def forged(event: Event, how: Forgery, secret: bytes) -> tuple[dict[str, str], bytes]:
    """Headers and body of something that must not be believed as it is."""
    moment, body = now(), event.body
    headers = signed(event.id, body, secret, moment)
    match how:
        case Forgery.SIGNATURE:
            return signed(event.id, body, b"a key that nobody has agreed on", moment), body
        case Forgery.BODY:
            return headers, _lying(body, how)
        case Forgery.STALE:
            return signed(event.id, body, secret, moment - timedelta(hours=1)), body
        case Forgery.UNSIGNED:
            return {"Content-Type": "application/json"}, body
        case _:
            # An id of its own, or it would be taken for a duplicate and not be looked at.
            event_id = f"{event.id}_{how}"
            body = _lying(body, how, event_id)
            return signed(event_id, body, secret, moment), body


def _lying(body: bytes, how: Forgery, event_id: str | None = None) -> bytes:
    content = json.loads(body)
    payment = _subject(content["data"])
    content["id"] = event_id or content["id"]
    match how:
        case Forgery.TYPE:
            content["type"] = "payment.exploded"
        case Forgery.PAYMENT:
            name = "id" if "dispute" in content["data"] else "reference"
            payment[name] = f"nobody-{payment[name]}"
        case Forgery.STATE:
            payment["state"] = _OPPOSITES.get(payment["state"], "CAPTURED")
        case _:
            for name in {"amount", "authorizedAmount", "capturedAmount"} & payment.keys():
                more = (minor(payment[name], payment["currency"]) or 0) + 1
                payment[name] = amount_written(more, payment["currency"])
    return _packed(content)


def _subject(data: Any) -> Any:
    """What an event is about: a dispute, or else the payment."""
    return data.get("dispute") or data["payment"]


def _packed(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, separators=(",", ":")).encode()
