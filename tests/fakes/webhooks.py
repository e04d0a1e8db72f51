"""Endpoints and outbox in memory, over one record; the log is in tests.fakes.delivery_log."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from uuid import uuid4

from payments.domain import events
from payments.domain.webhook import (
    Delivery,
    DeliveryRef,
    DeliveryState,
    Disabled,
    Endpoint,
    EndpointChanges,
    EndpointState,
    SigningSecrets,
    Try,
)
from payments.ports.webhooks import Lag, Turn
from tests.fakes.webhook_record import Row, WebhookRecord, wants

P = DeliveryState.PENDING


@dataclass
class FakeEndpoints:
    record: WebhookRecord = field(default_factory=WebhookRecord)

    async def add(self, endpoint: Endpoint, secrets: SigningSecrets, most: int) -> bool:
        known = {**self.record.endpoints, **self.record.removed}
        if endpoint.endpoint_id in known:
            return True
        if len(await self.of_partner(endpoint.partner_id)) >= most:
            return False
        self.record.endpoints[endpoint.endpoint_id] = endpoint
        self.record.secrets[endpoint.endpoint_id] = secrets
        return True

    async def find(self, partner_id: str, endpoint_id: str) -> Endpoint | None:
        found = self.record.endpoints.get(endpoint_id)
        return found if found is not None and found.partner_id == partner_id else None

    async def of_partner(self, partner_id: str) -> Sequence[Endpoint]:
        mine = [each for each in self.record.endpoints.values() if each.partner_id == partner_id]
        return sorted(mine, key=lambda each: (each.created_at, each.endpoint_id))

    async def change(
        self, partner_id: str, endpoint_id: str, changes: EndpointChanges
    ) -> Endpoint | None:
        found = await self.find(partner_id, endpoint_id)
        if found is None:
            return None
        named = {name: told for name, told in asdict(changes).items() if told is not None}
        return self._put(replace(found, **named))

    async def enable(self, partner_id: str, endpoint_id: str) -> Endpoint | None:
        found = await self.find(partner_id, endpoint_id)
        if found is None or found.state is EndpointState.ENABLED:
            return found
        anew = replace(found, disabled=None, disabled_at=None, failing_since=None)
        return self._put(replace(anew, state=EndpointState.ENABLED))

    async def disable(
        self, partner_id: str, endpoint_id: str, why: Disabled, at: datetime
    ) -> Endpoint | None:
        found = await self.find(partner_id, endpoint_id)
        if found is None or found.state is EndpointState.DISABLED:
            return found
        ended = replace(found, state=EndpointState.DISABLED, disabled=why, disabled_at=at)
        self._cancel(endpoint_id)
        if why is not Disabled.BY_PARTNER:
            self.record.tell(ended, events.DISABLED, uuid4(), self.record.now())
        return self._put(ended)

    async def remove(self, partner_id: str, endpoint_id: str) -> bool:
        if await self.find(partner_id, endpoint_id) is None:
            return False
        self._cancel(endpoint_id)
        self.record.removed[endpoint_id] = self.record.endpoints.pop(endpoint_id)
        del self.record.secrets[endpoint_id]
        return True

    async def rotate(self, partner_id: str, endpoint_id: str, turn: Turn) -> SigningSecrets | None:
        known = await self.secrets(partner_id, endpoint_id)
        if known is None:
            return None
        self.record.secrets[endpoint_id] = turn(known)
        return self.record.secrets[endpoint_id]

    async def secrets(self, partner_id: str, endpoint_id: str) -> SigningSecrets | None:
        found = await self.find(partner_id, endpoint_id)
        return self.record.secrets[endpoint_id] if found is not None else None

    def _put(self, endpoint: Endpoint) -> Endpoint:
        self.record.endpoints[endpoint.endpoint_id] = endpoint
        return endpoint

    def _cancel(self, endpoint_id: str) -> None:
        for row in self.record.of_endpoint(endpoint_id):
            if row.state is P:
                row.state, row.next_try_at = DeliveryState.CANCELED, None


@dataclass
class FakeOutbox:
    record: WebhookRecord = field(default_factory=WebhookRecord)

    async def plan(self, limit: int) -> int:
        page = self.record.events[self.record.planned :][:limit]
        for event in page:
            for endpoint in list(self.record.endpoints.values()):
                if endpoint.state is EndpointState.ENABLED and wants(endpoint, event):
                    self.record.add_round(event, endpoint.endpoint_id, 1)
        self.record.planned += len(page)
        return len(page)

    async def waiting(self) -> Sequence[str]:
        found = {row.ref.endpoint_id for row in self.record.deliveries.values() if row.is_untried}
        return sorted(each for each in found if self.record.is_enabled(each))

    async def untried(self, endpoint_id: str, limit: int) -> Sequence[Delivery]:
        if not self.record.is_enabled(endpoint_id):
            return []
        untried = [row for row in self.record.of_endpoint(endpoint_id) if row.is_untried]
        oldest: dict[str, Row] = {}
        for row in sorted(untried, key=lambda row: row.event.sequence):
            oldest.setdefault(row.event.object_id, row)
        return [self._delivery(row) for row in untried if row in oldest.values()][:limit]

    async def find(self, ref: DeliveryRef) -> Delivery | None:
        row = self.record.deliveries.get(ref)
        if row is None or ref.endpoint_id not in self.record.endpoints:
            return None
        return self._delivery(row)

    async def tried(
        self, ref: DeliveryRef, made: Try, state: DeliveryState, next_try_at: datetime | None
    ) -> None:
        row = self.record.deliveries.get(ref)
        if row is None or made.at in [each.at for each in row.tries]:
            return
        row.tries.append(made)
        row.first_tried_at = row.first_tried_at or made.at
        if row.state is P:
            row.state, row.next_try_at = state, next_try_at
        endpoint = self.record.endpoints.get(ref.endpoint_id)
        if endpoint is not None:
            since = None if made.is_success else endpoint.failing_since or made.at
            self.record.endpoints[ref.endpoint_id] = replace(endpoint, failing_since=since)

    async def handed_over(self, ref: DeliveryRef) -> None:
        if ref in self.record.deliveries:
            row = self.record.deliveries[ref]
            row.handed_over_at = row.handed_over_at or self.record.now()

    async def not_handed_over(self, limit: int) -> Sequence[tuple[DeliveryRef, datetime]]:
        return [
            (row.ref, row.next_try_at or row.created_at)
            for row in self.record.deliveries.values()
            if row.state is P
            and row.handed_over_at is None
            and not row.is_untried
            and self.record.is_enabled(row.ref.endpoint_id)
        ][:limit]

    async def take_back(self, overdue_since: datetime, limit: int) -> int:
        overdue = [
            row
            for row in self.record.deliveries.values()
            if row.state is P
            and row.handed_over_at is not None
            and row.handed_over_at < overdue_since
            and (row.next_try_at or row.created_at) < overdue_since
        ][:limit]
        for row in overdue:
            row.handed_over_at = None
        return len(overdue)

    async def lag(self) -> Lag:
        untried = [
            row
            for row in self.record.deliveries.values()
            if row.is_untried and self.record.is_enabled(row.ref.endpoint_id)
        ]
        now = self.record.now()
        return Lag(
            untried=len(untried),
            oldest_untried_s=max(
                [(now - row.created_at).total_seconds() for row in untried] or [0]
            ),
            unplanned=len(self.record.events) - self.record.planned,
            failing_endpoints=sum(
                each.failing_since is not None and each.state is EndpointState.ENABLED
                for each in self.record.endpoints.values()
            ),
        )

    def _delivery(self, row: Row) -> Delivery:
        endpoint_id = row.ref.endpoint_id
        return Delivery(
            ref=row.ref,
            event=row.event,
            endpoint=self.record.endpoints[endpoint_id],
            secrets=self.record.secrets[endpoint_id],
            state=row.state,
            tries=len(row.tries),
            created_at=row.created_at,
        )
