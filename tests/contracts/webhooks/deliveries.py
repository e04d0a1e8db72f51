"""Deliveries to be sent, and what the library of Standard Webhooks says of what came."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from standardwebhooks import Webhook

from payments.domain.webhook import Delivery, Payload, SigningSecrets
from tests.contracts.webhooks.receivers import Received
from tests.webhook_factories import make_endpoint, make_event, make_untried

AT = datetime(2026, 11, 21, 9, 30, 0, 123_456, tzinfo=UTC)
EVENT_ID = UUID("01935a4f-6e1c-7d3b-9a57-2f6c1f8f7a10")


def secret(letter: str) -> str:
    return "whsec_" + base64.b64encode(letter.encode() * 32).decode()


def make_delivery(
    url: str = "https://hooks.example.com/hook",
    *,
    data: Mapping[str, Any] | None = None,
    payload: Payload = Payload.FULL,
    secrets: SigningSecrets | None = None,
    endpoint_id: str = "whe_1",
) -> Delivery:
    endpoint = make_endpoint(
        endpoint_id=endpoint_id, partner_id="partner_1", url=url, payload=payload
    )
    event = make_event(
        "partner_1",
        event_id=EVENT_ID,
        object_id="pay_1",
        sequence=2,
        previous_status="authorized",
        data={"id": "pay_1", "amount": "1250.00"} if data is None else data,
        occurred_at=AT,
    )
    return make_untried(endpoint, event, secrets=secrets or SigningSecrets(secret("a")))


def verified(received: Received, by: str) -> Any:
    """The body. Raises WebhookVerificationError when the secret did not sign it."""
    return Webhook(by).verify(received.body, received.headers)
