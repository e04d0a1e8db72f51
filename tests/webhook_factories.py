"""Endpoints, events and their deliveries with fresh ids, to change where a test cares."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from payments.domain.webhook import (
    NEWEST_VERSION,
    Delivery,
    DeliveryRef,
    DeliveryState,
    Endpoint,
    EndpointState,
    Event,
    Payload,
    SigningSecrets,
    Try,
    TryEnding,
)

NOW = datetime(2026, 11, 21, 10, 20, 30, 123456, tzinfo=UTC)
SECRETS = SigningSecrets("whsec_current", "whsec_previous", NOW)


def make_endpoint(**changes: Any) -> Endpoint:
    endpoint = Endpoint(
        endpoint_id=f"whe_{uuid4().hex}",
        partner_id=f"partner_{uuid4().hex}",
        url="https://example.com/hooks",
        types=(),
        version=NEWEST_VERSION,
        payload=Payload.FULL,
        description="the shop",
        state=EndpointState.ENABLED,
        created_at=NOW,
    )
    return replace(endpoint, **changes)


def make_event(partner_id: str, **changes: Any) -> Event:
    event = Event(
        event_id=uuid4(),
        partner_id=partner_id,
        object_type="payment",
        object_id=f"pay_{uuid4().hex}",
        sequence=1,
        type="payment.captured",
        previous_status="processing",
        data={"id": "pay_1", "metadata": {"é": ["1", None]}},
        occurred_at=NOW,
    )
    return replace(event, **changes)


def make_untried(endpoint: Endpoint, event: Event, **changes: Any) -> Delivery:
    """A delivery that is to be sent for the first time."""
    delivery = Delivery(
        ref=DeliveryRef(event.event_id, endpoint.endpoint_id),
        event=event,
        endpoint=endpoint,
        secrets=SECRETS,
        state=DeliveryState.PENDING,
        tries=0,
        created_at=event.occurred_at,
    )
    return replace(delivery, **changes)


def make_try(is_success: bool = True, *, at: datetime = NOW, **changes: Any) -> Try:
    ending = TryEnding.DELIVERED if is_success else TryEnding.ANSWERED
    made = Try(at, 12, ending, 200 if is_success else 500, "thank you", None)
    return replace(made, **changes)
