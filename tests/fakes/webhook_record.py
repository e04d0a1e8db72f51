"""The record of webhooks in memory, which the fakes of its ports share."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from payments.adapters.postgres.payment_rows import rfc3339
from payments.domain import events
from payments.domain.webhook import (
    DeliveryRef,
    DeliveryState,
    Endpoint,
    EndpointState,
    Event,
    SigningSecrets,
    Try,
)

P = DeliveryState.PENDING


@dataclass
class Row:
    """A delivery as the record keeps it. `tries` are those that were kept."""

    event: Event
    ref: DeliveryRef
    created_at: datetime
    state: DeliveryState = P
    tries: list[Try] = field(default_factory=list)
    next_try_at: datetime | None = None
    first_tried_at: datetime | None = None
    handed_over_at: datetime | None = None

    @property
    def is_untried(self) -> bool:
        return self.state is P and not self.tries and self.ref.round == 1


@dataclass
class WebhookRecord:
    """Everything is committed at once, in the order of `events`; `planned` of them are planned."""

    endpoints: dict[str, Endpoint] = field(default_factory=dict)
    removed: dict[str, Endpoint] = field(default_factory=dict)
    secrets: dict[str, SigningSecrets] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    planned: int = 0
    deliveries: dict[DeliveryRef, Row] = field(default_factory=dict)
    told: dict[str, int] = field(default_factory=dict)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def of_endpoint(self, endpoint_id: str) -> list[Row]:
        return [row for row in self.deliveries.values() if row.ref.endpoint_id == endpoint_id]

    def is_enabled(self, endpoint_id: str) -> bool:
        endpoint = self.endpoints.get(endpoint_id)
        return endpoint is not None and endpoint.state is EndpointState.ENABLED

    def add_round(self, event: Event, endpoint_id: str, number: int) -> DeliveryRef:
        ref = DeliveryRef(event.event_id, endpoint_id, number)
        self.deliveries.setdefault(ref, Row(event, ref, self.now()))
        return ref

    def last_round(self, event_id: UUID, endpoint_id: str) -> Row | None:
        rounds = [row for row in self.of_endpoint(endpoint_id) if row.ref.event_id == event_id]
        return max(rounds, key=lambda row: row.ref.round, default=None)

    def tell(self, endpoint: Endpoint, type_: str, event_id: UUID, at: datetime) -> Event:
        """An event of the endpoint itself."""
        number = self.told[endpoint.endpoint_id] = self.told.get(endpoint.endpoint_id, 0) + 1
        data: dict[str, object] = {"id": endpoint.endpoint_id, "url": endpoint.url}
        if endpoint.disabled is not None and endpoint.disabled_at is not None:
            data |= {"reason": endpoint.disabled, "disabledAt": rfc3339(endpoint.disabled_at)}
        event = Event(
            event_id=event_id,
            partner_id=endpoint.partner_id,
            object_type="webhook_endpoint",
            object_id=endpoint.endpoint_id,
            sequence=number,
            type=type_,
            previous_status="enabled" if endpoint.disabled else None,
            data=data,
            occurred_at=at,
        )
        self.events.append(event)
        return event


def wants(endpoint: Endpoint, event: Event) -> bool:
    if event.partner_id != endpoint.partner_id:
        return False
    if event.type == events.TEST:
        return event.object_id == endpoint.endpoint_id
    return not endpoint.types or event.type in endpoint.types
