"""The delivery log in memory, over the record of tests.fakes.webhooks."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from payments.domain import events
from payments.domain.webhook import DeliveryRef, DeliveryState, Endpoint, Event, Try
from payments.ports.webhooks import LoggedDelivery, Replayed
from tests.fakes.webhook_record import Row, WebhookRecord, wants

P = DeliveryState.PENDING


@dataclass
class FakeDeliveryLog:
    record: WebhookRecord = field(default_factory=WebhookRecord)

    async def of_endpoint(
        self,
        endpoint_id: str,
        *,
        state: DeliveryState | None = None,
        before: DeliveryRef | None = None,
        limit: int = 50,
    ) -> Sequence[LoggedDelivery]:
        rows = self.record.of_endpoint(endpoint_id)
        if before is not None:
            refs = [row.ref for row in rows]
            rows = rows[: refs.index(before)] if before in refs else []
        wanted = [row for row in reversed(rows) if state in (None, row.state)]
        return [_logged(row) for row in wanted[:limit]]

    async def tries(self, event_id: UUID, endpoint_id: str) -> Sequence[tuple[int, Try]]:
        return [
            (row.ref.round, made)
            for row in self._rounds(event_id, endpoint_id)
            for made in row.tries
        ]

    async def rounds(self, event_id: UUID, endpoint_id: str) -> Sequence[LoggedDelivery]:
        return [_logged(row) for row in self._rounds(event_id, endpoint_id)]

    async def event(self, partner_id: str, event_id: UUID) -> Event | None:
        mine = (each for each in self.record.events if each.partner_id == partner_id)
        return next((each for each in mine if each.event_id == event_id), None)

    async def test_event(self, endpoint: Endpoint, event_id: UUID, at: datetime) -> Event:
        if (known := await self.event(endpoint.partner_id, event_id)) is not None:
            return known
        there = self.record.endpoints.get(endpoint.endpoint_id)
        if there is None:
            raise LookupError(endpoint.endpoint_id)
        plain = replace(there, disabled=None)
        return self.record.tell(plain, events.TEST, event_id, at)

    async def events(
        self,
        partner_id: str,
        *,
        object_id: str | None = None,
        before: UUID | None = None,
        limit: int = 50,
    ) -> Sequence[Event]:
        mine = [
            each
            for each in self.record.events
            if each.partner_id == partner_id and object_id in (None, each.object_id)
        ]
        mine.sort(key=lambda each: each.occurred_at if object_id is None else each.sequence)
        if before is not None:
            names = [each.event_id for each in mine]
            mine = mine[: names.index(before)] if before in names else []
        return mine[::-1][:limit]

    async def replay_event(self, endpoint: Endpoint, event_id: UUID) -> DeliveryRef | None:
        event = await self.event(endpoint.partner_id, event_id)
        if event is None or not self.record.is_enabled(endpoint.endpoint_id):
            return None
        last = self.record.last_round(event_id, endpoint.endpoint_id)
        if last is not None and last.state is P:
            return last.ref
        number = 1 if last is None else last.ref.round + 1
        return self.record.add_round(event, endpoint.endpoint_id, number)

    async def replay_range(
        self,
        endpoint: Endpoint,
        since: datetime,
        until: datetime,
        limit: int,
        after: UUID | None = None,
    ) -> Replayed:
        there = self.record.endpoints.get(endpoint.endpoint_id, endpoint)
        told = sorted(self.record.events, key=lambda each: each.occurred_at)
        if after is not None:
            told = told[[each.event_id for each in told].index(after) + 1 :]
        due = self._due(
            endpoint,
            [each for each in told if since <= each.occurred_at < until and wants(there, each)],
        )
        made = await self._replay(endpoint, due, limit)
        return Replayed(made, due[limit - 1].event_id if len(due) > limit else None)

    async def replay_failures(self, endpoint: Endpoint, limit: int) -> int:
        missed = (DeliveryState.FAILED, DeliveryState.CANCELED)
        rows = self.record.of_endpoint(endpoint.endpoint_id)
        lasts = [
            row
            for row in rows
            if row is self.record.last_round(row.event.event_id, endpoint.endpoint_id)
        ]
        return await self._replay(
            endpoint, [row.event for row in lasts if row.state in missed], limit
        )

    async def _replay(self, endpoint: Endpoint, told: Sequence[Event], limit: int) -> int:
        due = self._due(endpoint, told)[:limit]
        for event in due:
            await self.replay_event(endpoint, event.event_id)
        return len(due)

    def _due(self, endpoint: Endpoint, told: Sequence[Event]) -> list[Event]:
        """Those that are not on their way already."""
        if not self.record.is_enabled(endpoint.endpoint_id):
            return []
        return [
            event
            for event in told
            if (last := self.record.last_round(event.event_id, endpoint.endpoint_id)) is None
            or last.state is not P
        ]

    def _rounds(self, event_id: UUID, endpoint_id: str) -> list[Row]:
        rows = self.record.of_endpoint(endpoint_id)
        mine = [row for row in rows if row.ref.event_id == event_id]
        return sorted(mine, key=lambda row: row.ref.round)


def _logged(row: Row) -> LoggedDelivery:
    return LoggedDelivery(
        ref=row.ref,
        type=row.event.type,
        object_id=row.event.object_id,
        sequence=row.event.sequence,
        state=row.state,
        tries=len(row.tries),
        created_at=row.created_at,
        last_try=row.tries[-1] if row.tries else None,
        next_try_at=row.next_try_at,
    )
