"""The delivery log in PostgreSQL: pages along an index, and the rounds that are asked for again."""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from payments.adapters.postgres import webhook_rows
from payments.adapters.postgres.json_text import json_text
from payments.adapters.postgres.webhook_rows import (
    CAME_TO_NOTHING,
    EVENT,
    FAILED_LAST,
    LAST_ROUND,
    OF_A_TIME,
)
from payments.db.session import Database
from payments.domain import events
from payments.domain.webhook import DeliveryRef, DeliveryState, Endpoint, Event, Try
from payments.ports.record import RecordUnavailable
from payments.ports.webhooks import LoggedDelivery, Replayed

_MADE: Final = "made.at, made.latency_ms, made.ending, made.http_status, made.answer"
_LOGGED: Final = f"""
    SELECT delivery.event_id, delivery.endpoint_id, delivery.round, event.type,
        delivery.object_id, delivery.sequence, delivery.state, delivery.tries,
        delivery.created_at, delivery.next_try_at, {_MADE}, made.retry_after_s
    FROM webhook_delivery AS delivery
    JOIN event ON event.id = delivery.event_id
    LEFT JOIN LATERAL (
        SELECT * FROM webhook_try AS made
        WHERE made.event_id = delivery.event_id AND made.endpoint_id = delivery.endpoint_id
            AND made.round = delivery.round
        ORDER BY made.number DESC LIMIT 1
    ) AS made ON true"""


def _page(condition: str) -> str:
    """$1 the endpoint, $2 how many; $3 to $5 the line before, if there is one."""
    return f"""{_LOGGED}
        WHERE delivery.endpoint_id = $1 AND {condition}
            AND ($3::uuid IS NULL OR delivery.position < (
                SELECT before.position FROM webhook_delivery AS before
                WHERE before.event_id = $3 AND before.endpoint_id = $4 AND before.round = $5
                    AND before.endpoint_id = $1
            ))
        ORDER BY delivery.position DESC LIMIT $2"""


# A statement for each state: only what stands in it as a constant finds its partial index.
_PAGES: Final = {
    None: _page("true"),
    DeliveryState.PENDING: _page("delivery.state = 'pending' AND delivery.position > 0"),
    DeliveryState.DELIVERED: _page("delivery.state = 'delivered'"),
    DeliveryState.FAILED: _page(f"{CAME_TO_NOTHING} AND delivery.state = 'failed'"),
    DeliveryState.CANCELED: _page(f"{CAME_TO_NOTHING} AND delivery.state = 'canceled'"),
}
_ROUNDS: Final = f"""{_LOGGED}
    WHERE delivery.event_id = $1 AND delivery.endpoint_id = $2 ORDER BY delivery.round"""
_TRIES: Final = f"""
    SELECT made.round, {_MADE}, made.retry_after_s FROM webhook_try AS made
    WHERE made.event_id = $1 AND made.endpoint_id = $2 ORDER BY made.round, made.number"""

_EVENT: Final = f"SELECT {EVENT} FROM event WHERE event.partner_id = $1 AND event.id = $2"
_EVENTS: Final = f"""
    SELECT {EVENT} FROM event
    WHERE event.partner_id = $1 AND ($2::uuid IS NULL OR (event.occurred_at, event.position) < (
        (SELECT occurred_at FROM event WHERE id = $2 AND partner_id = $1),
        (SELECT position FROM event WHERE id = $2 AND partner_id = $1)))
    ORDER BY event.occurred_at DESC, event.position DESC LIMIT $3"""
_EVENTS_OF_OBJECT: Final = f"""
    SELECT {EVENT} FROM event
    WHERE event.partner_id = $1 AND event.object_id = $4 AND ($2::uuid IS NULL
        OR event.sequence < (
            SELECT sequence FROM event WHERE id = $2 AND partner_id = $1 AND object_id = $4
        ))
    ORDER BY event.sequence DESC LIMIT $3"""
# The endpoint's row numbers its events. The same test that comes at once breaks the statement as
# a whole, by the event's key, and no number is lost.
_TEST: Final = f"""
    WITH known AS (
        SELECT * FROM event WHERE id = $3
    ), due AS (
        UPDATE webhook_endpoint SET told = told + 1
        WHERE partner_id = $1 AND id = $2 AND removed_at IS NULL
            AND NOT EXISTS (SELECT FROM known)
        RETURNING *
    ), told AS (
        INSERT INTO event (id, partner_id, object_type, object_id, sequence, type, data,
            occurred_at)
        SELECT $3, due.partner_id, 'webhook_endpoint', due.id, due.told, '{events.TEST}',
            $5::jsonb, $4
        FROM due
        RETURNING *
    )
    SELECT {EVENT} FROM (
        SELECT * FROM known WHERE partner_id = $1 AND object_id = $2
        UNION ALL
        SELECT * FROM told
    ) AS event"""

_ENABLED: Final = "endpoint.partner_id = $1 AND endpoint.id = $2 AND endpoint.state = 'enabled'"
_REPLAY_EVENT: Final = f"""
    WITH due AS (
        SELECT event.id, event.object_id, event.sequence, last.round, last.state
        FROM webhook_endpoint AS endpoint
        JOIN event ON event.partner_id = endpoint.partner_id
        LEFT JOIN LATERAL ({LAST_ROUND}) AS last ON true
        WHERE {_ENABLED} AND event.id = $3
    ), made AS (
        INSERT INTO webhook_delivery (event_id, endpoint_id, round, object_id, sequence)
        SELECT id, $2, coalesce(round, 0) + 1, object_id, sequence FROM due
        WHERE state IS DISTINCT FROM 'pending'
        ON CONFLICT DO NOTHING
        RETURNING event_id, endpoint_id, round
    )
    SELECT EXISTS (SELECT FROM due) AS is_theirs, (
        SELECT round FROM made UNION ALL SELECT round FROM due WHERE state = 'pending'
    ) AS round"""
_REPLAY_ATTEMPTS: Final = 5
_REPLAY_RANGE: Final = f"""
    WITH page AS (
        SELECT event.id, event.object_id, event.sequence, last.round,
            event.occurred_at, event.position
        {OF_A_TIME} AND {_ENABLED}
        ORDER BY event.occurred_at, event.position LIMIT $5::integer + 1
    ), due AS (
        SELECT * FROM page ORDER BY occurred_at, position LIMIT $5
    ), made AS (
        INSERT INTO webhook_delivery (event_id, endpoint_id, round, object_id, sequence)
        SELECT id, $2, coalesce(round, 0) + 1, object_id, sequence FROM due
        ORDER BY occurred_at, position
        ON CONFLICT DO NOTHING
        RETURNING event_id
    )
    SELECT (SELECT count(*) FROM made) AS made, CASE WHEN (SELECT count(*) FROM page) > $5 THEN (
        SELECT id FROM due ORDER BY occurred_at DESC, position DESC LIMIT 1
    ) END AS after"""
_REPLAY_FAILURES: Final = f"""
    WITH due AS (
        SELECT delivery.* FROM webhook_endpoint AS endpoint
        JOIN webhook_delivery AS delivery ON delivery.endpoint_id = endpoint.id
        WHERE {_ENABLED} AND delivery.endpoint_id = $2 AND {FAILED_LAST}
        ORDER BY delivery.position LIMIT $3
    ), made AS (
        INSERT INTO webhook_delivery (event_id, endpoint_id, round, object_id, sequence)
        SELECT event_id, endpoint_id, round + 1, object_id, sequence FROM due ORDER BY position
        ON CONFLICT DO NOTHING
        RETURNING event_id
    )
    SELECT count(*) AS made FROM made"""


class PostgresDeliveryLog:
    """A disabled endpoint gets no rounds: nobody would deliver them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_endpoint(
        self,
        endpoint_id: str,
        *,
        state: DeliveryState | None = None,
        before: DeliveryRef | None = None,
        limit: int = 50,
    ) -> Sequence[LoggedDelivery]:
        at = (before.event_id, before.endpoint_id, before.round) if before else (None, None, None)
        rows = await self._database.fetch(_PAGES[state], endpoint_id, limit, *at)
        return [webhook_rows.logged(row) for row in rows]

    async def tries(self, event_id: UUID, endpoint_id: str) -> Sequence[tuple[int, Try]]:
        rows = await self._database.fetch(_TRIES, event_id, endpoint_id)
        return [(row["round"], webhook_rows.made(row)) for row in rows]

    async def rounds(self, event_id: UUID, endpoint_id: str) -> Sequence[LoggedDelivery]:
        rows = await self._database.fetch(_ROUNDS, event_id, endpoint_id)
        return [webhook_rows.logged(row) for row in rows]

    async def event(self, partner_id: str, event_id: UUID) -> Event | None:
        rows = await self._database.fetch(_EVENT, partner_id, event_id)
        return webhook_rows.event(rows[0]) if rows else None

    async def test_event(self, endpoint: Endpoint, event_id: UUID, at: datetime) -> Event:
        """Raises LookupError when the endpoint is gone."""
        data = json_text({"id": endpoint.endpoint_id, "url": endpoint.url})
        parameters = (endpoint.partner_id, endpoint.endpoint_id, event_id, at, data)
        try:
            rows = await self._database.fetch(_TEST, *parameters)
        except asyncpg.UniqueViolationError:
            # It came at once from elsewhere, and is known now.
            rows = await self._database.fetch(_TEST, *parameters)
        if not rows:
            raise LookupError(endpoint.endpoint_id)
        return webhook_rows.event(rows[0])

    async def events(
        self,
        partner_id: str,
        *,
        object_id: str | None = None,
        before: UUID | None = None,
        limit: int = 50,
    ) -> Sequence[Event]:
        if object_id is None:
            rows = await self._database.fetch(_EVENTS, partner_id, before, limit)
        else:
            rows = await self._database.fetch(
                _EVENTS_OF_OBJECT, partner_id, before, limit, object_id
            )
        return [webhook_rows.event(row) for row in rows]

    async def replay_event(self, endpoint: Endpoint, event_id: UUID) -> DeliveryRef | None:
        for _ in range(_REPLAY_ATTEMPTS):
            row = (
                await self._database.fetch(
                    _REPLAY_EVENT, endpoint.partner_id, endpoint.endpoint_id, event_id
                )
            )[0]
            if not row["is_theirs"]:
                return None
            if row["round"] is not None:
                return DeliveryRef(event_id, endpoint.endpoint_id, row["round"])
            # Somebody else made the round in between: the next statement sees it.
        raise RecordUnavailable(f"{event_id} was not replayed: too many rivals")

    async def replay_range(
        self,
        endpoint: Endpoint,
        since: datetime,
        until: datetime,
        limit: int,
        after: UUID | None = None,
    ) -> Replayed:
        where = endpoint.partner_id, endpoint.endpoint_id
        [row] = await self._database.fetch(_REPLAY_RANGE, *where, since, until, limit, after)
        return Replayed(row["made"], row["after"])

    async def replay_failures(self, endpoint: Endpoint, limit: int) -> int:
        rows = await self._database.fetch(
            _REPLAY_FAILURES, endpoint.partner_id, endpoint.endpoint_id, limit
        )
        return int(rows[0]["made"])
