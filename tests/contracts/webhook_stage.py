"""What the contracts of webhooks stand on: the three ports over one record, and its events."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson

from payments.adapters.postgres.delivery_log import PostgresDeliveryLog
from payments.adapters.postgres.endpoints import PostgresEndpoints
from payments.adapters.postgres.outbox import PostgresOutbox
from payments.crypto import Vault
from payments.db.session import Database, Statements
from payments.domain.webhook import (
    NEWEST_VERSION,
    Delivery,
    DeliveryState,
    Endpoint,
    EndpointState,
    Event,
    Payload,
    SigningSecrets,
    Try,
    TryEnding,
)
from payments.ports.webhooks import DeliveryLog, Endpoints, Outbox
from tests.fakes.delivery_log import FakeDeliveryLog
from tests.fakes.webhook_record import WebhookRecord
from tests.fakes.webhooks import FakeEndpoints, FakeOutbox

NOW = datetime(2026, 11, 21, 10, 20, 30, 123456, tzinfo=UTC)
VAULT = Vault([bytes(32)])
SECRETS = SigningSecrets("whsec_current", "whsec_previous", NOW)
MOST = 5

_TELL = """
    INSERT INTO event (id, partner_id, object_type, object_id, sequence, type, previous_status,
        data, occurred_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8::jsonb, $9)"""


@dataclass(frozen=True)
class Webhooks:
    endpoints: Endpoints
    outbox: Outbox
    log: DeliveryLog
    tell: Callable[[Event], Awaitable[None]]

    async def add_endpoint(self, **changes: Any) -> Endpoint:
        endpoint = make_endpoint(**changes)
        assert await self.endpoints.add(endpoint, SECRETS, MOST)
        return endpoint

    async def plan_all(self) -> None:
        while await self.outbox.plan(100) > 0:
            pass

    async def plan_one(self) -> None:
        assert await self.outbox.plan(1) == 1

    async def planned(self, endpoint: Endpoint, **changes: Any) -> Delivery:
        """The delivery of an event that is told and planned now."""
        event = make_event(endpoint.partner_id, **changes)
        await self.tell(event)
        await self.plan_all()
        untried = await self.outbox.untried(endpoint.endpoint_id, 1_000)
        return next(each for each in untried if each.event == event)

    async def failed(self, endpoint: Endpoint, at: datetime = NOW, **changes: Any) -> Delivery:
        """A delivery that has used up its tries."""
        delivery = await self.planned(endpoint, **changes)
        await self.outbox.tried(delivery.ref, make_try(False, at=at), DeliveryState.FAILED, None)
        return delivery

    async def seen(self, endpoint: Endpoint) -> Endpoint:
        found = await self.endpoints.find(endpoint.partner_id, endpoint.endpoint_id)
        assert found is not None
        return found

    async def states(self, endpoint: Endpoint) -> list[DeliveryState]:
        """The oldest first."""
        return [each.state for each in await self.log.of_endpoint(endpoint.endpoint_id)][::-1]


def in_postgres(database: Database) -> Webhooks:
    async def tell(event: Event) -> None:
        await write(database, event)

    return Webhooks(
        PostgresEndpoints(database, VAULT),
        PostgresOutbox(database, VAULT),
        PostgresDeliveryLog(database),
        tell,
    )


def in_memory() -> Webhooks:
    record = WebhookRecord()

    async def tell(event: Event) -> None:
        record.events.append(event)

    return Webhooks(FakeEndpoints(record), FakeOutbox(record), FakeDeliveryLog(record), tell)


async def write(database: Statements, event: Event) -> None:
    await database.fetch(
        _TELL,
        *(event.event_id, event.partner_id, event.object_type, event.object_id, event.sequence),
        *(event.type, event.previous_status, orjson.dumps(event.data).decode(), event.occurred_at),
    )


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


def make_try(is_success: bool = True, *, at: datetime = NOW, **changes: Any) -> Try:
    ending = TryEnding.DELIVERED if is_success else TryEnding.ANSWERED
    made = Try(at, 12, ending, 200 if is_success else 500, "thank you", None)
    return replace(made, **changes)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)
