"""The outbox in PostgreSQL: events become deliveries in the order of their positions."""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from payments.adapters.postgres import webhook_rows
from payments.adapters.postgres.json_text import theirs
from payments.adapters.postgres.sealer import Sealer
from payments.adapters.postgres.webhook_rows import DELIVERY, PENDING, UNTRIED, WANTS
from payments.db.batch import Batch
from payments.db.session import Database
from payments.domain.webhook import Delivery, DeliveryRef, DeliveryState, Try
from payments.ports.webhooks import Lag

_Made = tuple[DeliveryRef, Try, DeliveryState, datetime | None]

# A look that locks and writes nothing, because it is mostly in vain.
_WORK_IS_THERE: Final = """
    SELECT (SELECT position FROM event_unplanned ORDER BY position LIMIT 1) IS NOT NULL
        OR EXISTS (SELECT FROM webhook_endpoint WHERE is_ending) AS is_there"""
# A second planner waits at the first row, and finds those gone that the first one took.
# Whoever tells an object's next event has waited for the one before: that is committed earlier,
# with a lower position, and so in no later plan.
# The limit stands in the statement: of one that it knows, the planner sees that it is short.
_PLAN: Final = """
    WITH come AS (
        SELECT position, event_id FROM event_unplanned ORDER BY position LIMIT {limit} FOR UPDATE
    ), planned AS (
        INSERT INTO webhook_delivery (event_id, endpoint_id, round, object_id, sequence)
        SELECT event.id, endpoint.id, 1, event.object_id, event.sequence
        FROM come JOIN event ON event.id = come.event_id
        JOIN webhook_endpoint AS endpoint
            ON endpoint.partner_id = event.partner_id AND endpoint.state = 'enabled'
        WHERE {wants}
        ORDER BY come.position
        ON CONFLICT DO NOTHING
    ), gone AS (
        DELETE FROM event_unplanned USING come WHERE event_unplanned.position = come.position
    ), {sweep}
    SELECT count(*) AS events FROM come"""
# What was too much for the statement that ended its endpoint, or was planned at that moment.
_SWEEP: Final = f"""
    left_over AS (
        SELECT due.* FROM webhook_endpoint AS endpoint CROSS JOIN LATERAL (
            SELECT event_id, endpoint_id, round FROM webhook_delivery
            WHERE endpoint_id = endpoint.id AND {PENDING}
            ORDER BY position LIMIT 1000
            FOR NO KEY UPDATE SKIP LOCKED
        ) AS due
        WHERE endpoint.is_ending LIMIT 1000
    ), swept AS (
        UPDATE webhook_delivery AS delivery
        SET state = 'canceled', settled_at = now(), next_try_at = NULL
        FROM left_over
        WHERE (delivery.event_id, delivery.endpoint_id, delivery.round)
            = (left_over.event_id, left_over.endpoint_id, left_over.round)
    ), ended AS (
        UPDATE webhook_endpoint AS endpoint SET is_ending = false
        WHERE endpoint.is_ending AND NOT EXISTS (
            SELECT FROM webhook_delivery WHERE endpoint_id = endpoint.id AND {PENDING}
        )
    )"""

# From endpoint to endpoint along the index, however many deliveries each one has.
_WAITING: Final = f"""
    WITH RECURSIVE waiting AS (
        SELECT min(endpoint_id) AS endpoint_id FROM webhook_delivery WHERE {UNTRIED}
        UNION ALL
        SELECT (
            SELECT min(endpoint_id) FROM webhook_delivery
            WHERE {UNTRIED} AND endpoint_id > waiting.endpoint_id
        ) FROM waiting WHERE waiting.endpoint_id IS NOT NULL
    )
    SELECT endpoint.id FROM waiting JOIN webhook_endpoint AS endpoint
        ON endpoint.id = waiting.endpoint_id
    WHERE endpoint.state = 'enabled' ORDER BY endpoint.id"""
# The oldest of each object that the next few deliveries are of. An object with very many of them
# may leave less than the limit, never nothing.
_UNTRIED: Final = f"""
    WITH object AS (
        SELECT DISTINCT object_id FROM (
            SELECT object_id FROM webhook_delivery
            WHERE endpoint_id = $1 AND {UNTRIED}
            ORDER BY position LIMIT $2::integer * 8 + 100
        ) AS next
    )
    SELECT {DELIVERY}
    FROM object CROSS JOIN LATERAL (
        SELECT * FROM webhook_delivery
        WHERE endpoint_id = $1 AND object_id = object.object_id AND {UNTRIED}
            AND sequence > 0
        ORDER BY sequence LIMIT 1
    ) AS delivery
    JOIN event ON event.id = delivery.event_id
    JOIN webhook_endpoint AS endpoint ON endpoint.id = delivery.endpoint_id
    WHERE endpoint.state = 'enabled'
    ORDER BY delivery.position LIMIT $2::integer"""
_FIND: Final = f"""
    SELECT {DELIVERY}
    FROM webhook_delivery AS delivery
    JOIN event ON event.id = delivery.event_id
    JOIN webhook_endpoint AS endpoint ON endpoint.id = delivery.endpoint_id
    WHERE delivery.event_id = $1 AND delivery.endpoint_id = $2 AND delivery.round = $3
        AND endpoint.removed_at IS NULL"""

# Each delivery's lock is taken first, in the order of the rows; then its endpoint's, if that
# begins or ends to fail. Of tries that are kept together a success outweighs the failures.
_TRIED: Final = """
    WITH come AS (
        SELECT * FROM unnest($1::uuid[], $2::text[], $3::integer[], $4::timestamptz[],
            $5::integer[], $6::text[], $7::integer[], $8::text[], $9::float8[], $10::text[],
            $11::timestamptz[])
            AS come (event_id, endpoint_id, round, at, latency_ms, ending, http_status, answer,
                retry_after_s, state, next_try_at)
    ), held AS (
        SELECT come.*, delivery.tries FROM come CROSS JOIN LATERAL (
            SELECT tries FROM webhook_delivery AS delivery
            WHERE delivery.event_id = come.event_id AND delivery.endpoint_id = come.endpoint_id
                AND delivery.round = come.round
            FOR NO KEY UPDATE
        ) AS delivery
    ), kept AS (
        INSERT INTO webhook_try (event_id, endpoint_id, round, number, at, latency_ms, ending,
            http_status, answer, retry_after_s)
        SELECT event_id, endpoint_id, round, tries + 1, at, latency_ms, ending, http_status,
            answer, retry_after_s
        FROM held
        ON CONFLICT DO NOTHING
        RETURNING event_id, endpoint_id, round, number, at, ending
    ), moved AS (
        UPDATE webhook_delivery AS delivery SET
            tries = kept.number,
            first_tried_at = coalesce(delivery.first_tried_at, kept.at),
            state = CASE delivery.state WHEN 'pending' THEN come.state ELSE delivery.state END,
            next_try_at = CASE delivery.state WHEN 'pending' THEN come.next_try_at END,
            settled_at = CASE WHEN delivery.state = 'pending' AND come.state <> 'pending'
                THEN now() ELSE delivery.settled_at END
        FROM kept JOIN come USING (event_id, endpoint_id, round)
        WHERE delivery.event_id = kept.event_id AND delivery.endpoint_id = kept.endpoint_id
            AND delivery.round = kept.round
    ), felt AS (
        SELECT endpoint_id, bool_or(ending = 'delivered') AS is_well, min(at) AS since
        FROM kept GROUP BY endpoint_id ORDER BY endpoint_id
    ), turned AS (
        SELECT endpoint.id, felt.is_well, felt.since
        FROM felt CROSS JOIN LATERAL (
            SELECT id FROM webhook_endpoint
            WHERE id = felt.endpoint_id AND (failing_since IS NOT NULL) = felt.is_well
            FOR NO KEY UPDATE
        ) AS endpoint
    )
    UPDATE webhook_endpoint AS endpoint
    SET failing_since = CASE WHEN NOT turned.is_well THEN turned.since END
    FROM turned
    WHERE endpoint.id = turned.id AND (endpoint.failing_since IS NOT NULL) = turned.is_well"""
_HANDED_OVER: Final = """
    UPDATE webhook_delivery SET handed_over_at = now()
    WHERE event_id = $1 AND endpoint_id = $2 AND round = $3 AND handed_over_at IS NULL"""
_NOT_HANDED_OVER: Final = """
    SELECT delivery.event_id, delivery.endpoint_id, delivery.round,
        coalesce(delivery.next_try_at, delivery.created_at) AS due_at
    FROM webhook_delivery AS delivery
    JOIN webhook_endpoint AS endpoint ON endpoint.id = delivery.endpoint_id
    WHERE delivery.state = 'pending' AND delivery.handed_over_at IS NULL
        AND (delivery.tries > 0 OR delivery.round > 1) AND endpoint.state = 'enabled'
    ORDER BY delivery.position LIMIT $1"""
_TAKE_BACK: Final = f"""
    UPDATE webhook_delivery SET handed_over_at = NULL WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM webhook_delivery
        WHERE {PENDING} AND handed_over_at < $1 AND coalesce(next_try_at, created_at) < $1
        ORDER BY position LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED
    ))
    RETURNING 1"""
_LAG: Final = f"""
    SELECT * FROM (
        SELECT count(*) AS untried,
            coalesce(extract(epoch FROM now() - min(delivery.created_at)), 0)::float8 AS oldest_s
        FROM (SELECT * FROM webhook_delivery WHERE {UNTRIED}) AS delivery
        JOIN webhook_endpoint AS endpoint
            ON endpoint.id = delivery.endpoint_id AND endpoint.state = 'enabled'
    ) AS delivery, (
        SELECT count(*) AS unplanned FROM event_unplanned
    ) AS event, (
        SELECT count(*) AS failing FROM webhook_endpoint
        WHERE failing_since IS NOT NULL AND state = 'enabled'
    ) AS endpoint"""


class PostgresOutbox:
    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer
        self._batch: Batch[_Made, None] = Batch(self._write)

    async def plan(self, limit: int) -> int:
        if not (await self._database.fetch(_WORK_IS_THERE))[0]["is_there"]:
            return 0
        statement = _PLAN.format(limit=int(limit), wants=WANTS, sweep=_SWEEP)
        rows = await self._database.fetch(statement)
        return int(rows[0]["events"])

    async def waiting(self) -> Sequence[str]:
        return [row["id"] for row in await self._database.fetch(_WAITING)]

    async def untried(self, endpoint_id: str, limit: int) -> Sequence[Delivery]:
        rows = await self._database.fetch(_UNTRIED, endpoint_id, limit)
        return [webhook_rows.delivery(self._sealer, row) for row in rows]

    async def find(self, ref: DeliveryRef) -> Delivery | None:
        rows = await self._database.fetch(_FIND, ref.event_id, ref.endpoint_id, ref.round)
        return webhook_rows.delivery(self._sealer, rows[0]) if rows else None

    async def tried(
        self, ref: DeliveryRef, made: Try, state: DeliveryState, next_try_at: datetime | None
    ) -> None:
        assert (state is DeliveryState.PENDING) or next_try_at is None, "settled, and tried again?"
        await self._batch.add((ref, made, state, next_try_at))

    async def handed_over(self, ref: DeliveryRef) -> None:
        await self._database.fetch(_HANDED_OVER, ref.event_id, ref.endpoint_id, ref.round)

    async def not_handed_over(self, limit: int) -> Sequence[tuple[DeliveryRef, datetime]]:
        rows = await self._database.fetch(_NOT_HANDED_OVER, limit)
        return [(webhook_rows.ref(row), row["due_at"]) for row in rows]

    async def take_back(self, overdue_since: datetime, limit: int) -> int:
        return len(await self._database.fetch(_TAKE_BACK, overdue_since, limit))

    async def lag(self) -> Lag:
        row = (await self._database.fetch(_LAG))[0]
        return Lag(row["untried"], row["oldest_s"], row["unplanned"], row["failing"])

    async def close(self) -> None:
        """Return when what was tried is written."""
        await self._batch.close()

    async def _write(self, rows: Sequence[_Made]) -> Sequence[None]:
        left = sorted(rows, key=_key)
        while left:
            # A delivery's second try is numbered after its first, with a statement of its own.
            first = [row for at, row in enumerate(left) if at == 0 or row[0] != left[at - 1][0]]
            left = [row for at, row in enumerate(left) if at > 0 and row[0] == left[at - 1][0]]
            await self._database.fetch(
                _TRIED,
                [ref.event_id for ref, *_ in first],
                [ref.endpoint_id for ref, *_ in first],
                [ref.round for ref, *_ in first],
                [made.at for _, made, *_ in first],
                [made.latency_ms for _, made, *_ in first],
                [made.ending for _, made, *_ in first],
                [made.http_status for _, made, *_ in first],
                [theirs(made.answer) for _, made, *_ in first],
                [made.retry_after_s for _, made, *_ in first],
                [state for _, _, state, _ in first],
                [next_try_at for *_, next_try_at in first],
            )
        return [None] * len(rows)


def _key(row: _Made) -> tuple[object, ...]:
    """Two processes that write the same wait for each other once."""
    ref, made, _, _ = row
    return ref.event_id, ref.endpoint_id, ref.round, made.at
