"""What is sent for an event: a body, and headers that prove it ours, by Standard Webhooks 1.0.

Every try is signed anew, with its own time, by each secret that is valid then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from standardwebhooks import Webhook

from payments.domain import ids
from payments.domain.webhook import Delivery, Payload

LARGEST_BODY_BYTES: Final = 20_000


@dataclass(frozen=True, slots=True)
class Message:
    headers: Mapping[str, str]
    body: bytes


def message(delivery: Delivery, now: datetime) -> Message:
    """The body is the same at every try, but for what the endpoint asks for in between."""
    name = ids.event_name(delivery.event.event_id)
    body = _body(delivery, name)
    # The library takes any time for UTC.
    now = now.astimezone(UTC)
    signatures = (
        Webhook(secret).sign(name, now, body.decode()) for secret in delivery.secrets.at(now)
    )
    return Message(
        headers={
            "content-type": "application/json",
            "user-agent": "Quittance-Webhooks/1",
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
            "webhook-api-version": delivery.endpoint.version,
        },
        body=body,
    )


def _body(delivery: Delivery, name: str) -> bytes:
    if delivery.endpoint.payload is Payload.FULL:
        body = _json(delivery, name, delivery.event.data)
        if len(body) <= LARGEST_BODY_BYTES:
            return body
    return _json(delivery, name, {"id": delivery.event.object_id})


def _json(delivery: Delivery, name: str, data: Mapping[str, Any]) -> bytes:
    event = delivery.event
    at = event.occurred_at.astimezone(UTC).isoformat(timespec="milliseconds")
    return orjson.dumps(
        {
            "id": name,
            "type": event.type,
            "timestamp": at.replace("+00:00", "Z"),
            "version": delivery.endpoint.version,
            "sequence": event.sequence,
            "previousStatus": event.previous_status,
            "object": {"type": event.object_type, "id": event.object_id},
            "data": dict(data),
        }
    )
