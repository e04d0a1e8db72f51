"""What the contracts of webhooks stand on: the three ports over one record, and its events."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from payments.adapters.postgres.delivery_log import PostgresDeliveryLog
from payments.adapters.postgres.endpoints import PostgresEndpoints
from payments.adapters.postgres.outbox import PostgresOutbox
from payments.crypto import Vault
from payments.db.session import Database, Statements
from payments.domain.webhook import Delivery, DeliveryState, Endpoint, Event
from payments.ports.webhooks import DeliveryLog, Endpoints, Outbox
from tests.fakes.delivery_log import FakeDeliveryLog
from tests.fakes.webhook_record import WebhookRecord
from tests.fakes.webhooks import FakeEndpoints, FakeOutbox
from tests.webhook_factories import NOW, SECRETS, make_endpoint, make_event, make_try

VAULT = Vault([bytes(32)])
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


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)
