"""Webhook endpoints in PostgreSQL: their secrets sealed, and what ends one ends its deliveries."""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from payments.adapters.postgres import webhook_rows
from payments.adapters.postgres.payment_rows import rfc3339
from payments.adapters.postgres.sealer import Sealer
from payments.adapters.postgres.webhook_rows import ENDPOINT, PENDING
from payments.db.session import Database, Rows, Statements
from payments.domain import events
from payments.domain.webhook import (
    Disabled,
    Endpoint,
    EndpointChanges,
    EndpointState,
    SigningSecrets,
)
from payments.ports.record import RecordUnavailable
from payments.ports.webhooks import Turn

# Two that are added at once want one slot, and the second finds another with the next statement.
_ADD: Final = """
    WITH known AS (
        SELECT id FROM webhook_endpoint WHERE id = $1
    ), free AS (
        SELECT slot FROM generate_series(1, $9::integer) AS slot
        WHERE NOT EXISTS (
            SELECT FROM webhook_endpoint AS other
            WHERE other.partner_id = $2 AND other.slot = slot.slot AND other.removed_at IS NULL
        )
        ORDER BY slot LIMIT 1
    ), added AS (
        INSERT INTO webhook_endpoint (id, partner_id, slot, url, types, version, payload,
            description, secrets_sealed, state, created_at)
        SELECT $1, $2, free.slot, $3, $4, $5, $6, $7, $8, 'enabled', $10 FROM free
        WHERE NOT EXISTS (SELECT FROM known)
        ON CONFLICT DO NOTHING
        RETURNING id
    )
    SELECT EXISTS (SELECT FROM known UNION ALL SELECT FROM added) AS there,
        EXISTS (SELECT FROM free) AS has_room"""
_ADD_ATTEMPTS: Final = 20

_MINE: Final = "endpoint.partner_id = $1 AND endpoint.id = $2 AND endpoint.removed_at IS NULL"
_FIND: Final = f"SELECT {ENDPOINT} FROM webhook_endpoint AS endpoint WHERE {_MINE}"
_SECRETS: Final = f"""
    SELECT endpoint.id AS endpoint_id, endpoint.secrets_sealed
    FROM webhook_endpoint AS endpoint WHERE {_MINE}"""
_SECRETS_TO_ROTATE: Final = f"{_SECRETS} FOR NO KEY UPDATE"
_OF_PARTNER: Final = f"""
    SELECT {ENDPOINT} FROM webhook_endpoint AS endpoint
    WHERE endpoint.partner_id = $1 AND endpoint.removed_at IS NULL
    ORDER BY endpoint.created_at, endpoint.id"""
_CHANGE: Final = f"""
    UPDATE webhook_endpoint AS endpoint
    SET url = coalesce($3, url), types = coalesce($4, types), version = coalesce($5, version),
        payload = coalesce($6, payload), description = coalesce($7, description)
    WHERE {_MINE}
    RETURNING {ENDPOINT}"""
_ROTATE: Final = f"UPDATE webhook_endpoint AS endpoint SET secrets_sealed = $3 WHERE {_MINE}"

# `held` is locked before `before` and in the order of the keys, as where tries are kept. `before`
# is the endpoint as it is when nobody else is at it any more. No more are canceled than there is
# time for: nobody takes the rest of an endpoint that has ended, and the next plans cancel it.
# `settled_at IS NULL` is what pending is, without tempting the planner away from the key.
_MOST_AT_ONCE: Final = 1_000
_END: Final = f"""
    held AS (
        SELECT delivery.* FROM (
            SELECT first.* FROM webhook_endpoint AS endpoint CROSS JOIN LATERAL (
                SELECT event_id, endpoint_id, round FROM webhook_delivery
                WHERE endpoint_id = endpoint.id AND {PENDING}
                ORDER BY position LIMIT {_MOST_AT_ONCE}
            ) AS first
            WHERE {_MINE} {{when}}
            ORDER BY first.event_id, first.round
        ) AS first CROSS JOIN LATERAL (
            SELECT event_id, endpoint_id, round FROM webhook_delivery
            WHERE event_id = first.event_id AND endpoint_id = first.endpoint_id
                AND round = first.round AND settled_at IS NULL
            FOR NO KEY UPDATE
        ) AS delivery
    ), before AS (
        SELECT endpoint.* FROM webhook_endpoint AS endpoint
        WHERE {_MINE} AND (SELECT count(*) FROM held) >= 0
        FOR NO KEY UPDATE
    ), canceled AS (
        UPDATE webhook_delivery AS delivery
        SET state = 'canceled', settled_at = now(), next_try_at = NULL
        FROM held
        WHERE (delivery.event_id, delivery.endpoint_id, delivery.round)
            = (held.event_id, held.endpoint_id, held.round) AND delivery.settled_at IS NULL
    )"""
_DISABLE: Final = f"""
    WITH {_END.format(when="")}, due AS (
        UPDATE webhook_endpoint AS endpoint
        SET state = 'disabled', disabled = $3, disabled_at = $4, is_ending = true,
            told = endpoint.told + ($3 <> 'by_partner')::integer
        FROM before WHERE endpoint.id = before.id AND before.state = 'enabled'
        RETURNING endpoint.*
    ), told AS (
        INSERT INTO event
            (partner_id, object_type, object_id, sequence, type, previous_status, data)
        SELECT due.partner_id, 'webhook_endpoint', due.id, due.told, '{events.DISABLED}',
            'enabled', jsonb_build_object(
                'id', due.id, 'url', due.url, 'reason', due.disabled, 'disabledAt', $5::text)
        FROM due WHERE due.disabled <> 'by_partner'
    )
    SELECT {ENDPOINT} FROM due AS endpoint
    UNION ALL
    SELECT {ENDPOINT} FROM before AS endpoint WHERE endpoint.state = 'disabled'"""
_REMOVE: Final = f"""
    WITH {_END.format(when="")}
    UPDATE webhook_endpoint AS endpoint
    SET removed_at = now(), secrets_sealed = NULL, failing_since = NULL, state = 'disabled',
        is_ending = true,
        disabled = coalesce(endpoint.disabled, 'by_partner'),
        disabled_at = coalesce(endpoint.disabled_at, now())
    FROM before WHERE endpoint.id = before.id
    RETURNING endpoint.id"""
# What was planned in the moment in which it was disabled is canceled like the rest.
_ENABLE: Final = f"""
    WITH {_END.format(when="AND endpoint.state = 'disabled'")}
    UPDATE webhook_endpoint AS endpoint
    SET state = 'enabled', disabled = NULL, disabled_at = NULL, is_ending = false,
        failing_since = CASE before.state WHEN 'enabled' THEN endpoint.failing_since END
    FROM before WHERE endpoint.id = before.id
    RETURNING {ENDPOINT}"""


class PostgresEndpoints:
    def __init__(self, database: Database, sealer: Sealer) -> None:
        self._database = database
        self._sealer = sealer

    async def add(self, endpoint: Endpoint, secrets: SigningSecrets, most: int) -> bool:
        assert endpoint.state is EndpointState.ENABLED, "an endpoint begins enabled"
        sealed = webhook_rows.seal(self._sealer, endpoint.endpoint_id, secrets)
        for _ in range(_ADD_ATTEMPTS):
            rows = await self._database.fetch(
                _ADD,
                *(endpoint.endpoint_id, endpoint.partner_id, endpoint.url, endpoint.types),
                *(endpoint.version, endpoint.payload, endpoint.description, sealed),
                *(most, endpoint.created_at),
            )
            if rows[0]["there"]:
                return True
            if not rows[0]["has_room"]:
                return False
        raise RecordUnavailable(f"{endpoint.endpoint_id} was not added: too many rivals")

    async def find(self, partner_id: str, endpoint_id: str) -> Endpoint | None:
        return _one(await self._database.fetch(_FIND, partner_id, endpoint_id))

    async def of_partner(self, partner_id: str) -> Sequence[Endpoint]:
        rows = await self._database.fetch(_OF_PARTNER, partner_id)
        return [webhook_rows.endpoint(row) for row in rows]

    async def change(
        self, partner_id: str, endpoint_id: str, changes: EndpointChanges
    ) -> Endpoint | None:
        rows = await self._database.fetch(
            _CHANGE,
            *(partner_id, endpoint_id, changes.url, changes.types),
            *(changes.version, changes.payload, changes.description),
        )
        return _one(rows)

    async def enable(self, partner_id: str, endpoint_id: str) -> Endpoint | None:
        return _one(await self._database.fetch(_ENABLE, partner_id, endpoint_id))

    async def disable(
        self, partner_id: str, endpoint_id: str, why: Disabled, at: datetime
    ) -> Endpoint | None:
        rows = await self._database.fetch(_DISABLE, partner_id, endpoint_id, why, at, rfc3339(at))
        return _one(rows)

    async def remove(self, partner_id: str, endpoint_id: str) -> bool:
        return bool(await self._database.fetch(_REMOVE, partner_id, endpoint_id))

    async def rotate(self, partner_id: str, endpoint_id: str, turn: Turn) -> SigningSecrets | None:
        async def work(statements: Statements) -> SigningSecrets | None:
            rows = await statements.fetch(_SECRETS_TO_ROTATE, partner_id, endpoint_id)
            if not rows:
                return None
            known = webhook_rows.secrets(self._sealer, rows[0])
            turned = turn(known)
            if turned != known:
                sealed = webhook_rows.seal(self._sealer, endpoint_id, turned)
                await statements.fetch(_ROTATE, partner_id, endpoint_id, sealed)
            return turned

        return await self._database.in_transaction(work)

    async def secrets(self, partner_id: str, endpoint_id: str) -> SigningSecrets | None:
        rows = await self._database.fetch(_SECRETS, partner_id, endpoint_id)
        return webhook_rows.secrets(self._sealer, rows[0]) if rows else None


def _one(rows: Rows) -> Endpoint | None:
    return webhook_rows.endpoint(rows[0]) if rows else None
