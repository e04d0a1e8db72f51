"""Rows of webhooks as the domain has them. In statements the tables go by the names used here."""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from datetime import datetime
from typing import Final

import orjson

from payments.adapters.postgres.sealer import SIGNING_SECRETS, Sealer, open_secret, seal_secret
from payments.db.session import Row
from payments.domain import events
from payments.domain.webhook import (
    Delivery,
    DeliveryRef,
    DeliveryState,
    Disabled,
    Endpoint,
    EndpointState,
    Event,
    Payload,
    SigningSecrets,
    Try,
    TryEnding,
)
from payments.ports.webhooks import LoggedDelivery

ENDPOINT: Final = """
    endpoint.id AS endpoint_id, endpoint.partner_id, endpoint.url, endpoint.types,
    endpoint.version, endpoint.payload, endpoint.description, endpoint.state,
    endpoint.created_at, endpoint.disabled, endpoint.disabled_at, endpoint.failing_since"""
EVENT: Final = """
    event.id AS event_id, event.partner_id, event.object_type, event.object_id, event.sequence,
    event.type, event.previous_status, event.data, event.occurred_at"""
DELIVERY: Final = f"""
    {EVENT}, {ENDPOINT}, endpoint.secrets_sealed, delivery.round,
    delivery.state AS delivery_state, delivery.tries, delivery.created_at AS delivery_created_at"""
# Partial indexes are made of these words; a query that repeats them has that index.
UNTRIED: Final = "state = 'pending' AND tries = 0 AND round = 1"
PENDING: Final = "state = 'pending' AND position > 0"
# A test is for its endpoint alone, whatever that wants; without `types` it wants everything.
WANTS: Final = f"""
    CASE event.type WHEN '{events.TEST}' THEN endpoint.id = event.object_id
    ELSE endpoint.types = '{{}}' OR event.type = ANY (endpoint.types) END"""

# What a replay of all failures sends again: the last rounds, of those that came to nothing.
CAME_TO_NOTHING: Final = "delivery.state IN ('failed', 'canceled')"
FAILED_LAST: Final = f"""
    {CAME_TO_NOTHING} AND NOT EXISTS (
        SELECT FROM webhook_delivery AS later
        WHERE later.event_id = delivery.event_id AND later.endpoint_id = delivery.endpoint_id
            AND later.round > delivery.round
    )"""
# The last round of an event at the endpoint.
LAST_ROUND: Final = """
    SELECT round, state FROM webhook_delivery
    WHERE event_id = event.id AND endpoint_id = endpoint.id
    ORDER BY round DESC LIMIT 1"""
# What a replay of a time sends again. $1 the partner, $2 the endpoint, $3 and $4 the time, $6 the
# event that the page before ended with, if there is one.
OF_A_TIME: Final = f"""
    FROM webhook_endpoint AS endpoint
    JOIN event ON event.partner_id = endpoint.partner_id
    LEFT JOIN LATERAL ({LAST_ROUND}) AS last ON true
    WHERE endpoint.id = $2 AND event.partner_id = $1
        AND event.occurred_at >= $3 AND event.occurred_at < $4
        AND ($6::uuid IS NULL OR (event.occurred_at, event.position) > (
            (SELECT occurred_at FROM event WHERE id = $6 AND partner_id = $1),
            (SELECT position FROM event WHERE id = $6 AND partner_id = $1)))
        AND last.state IS DISTINCT FROM 'pending' AND {WANTS}"""


def seal(sealer: Sealer, endpoint_id: str, secrets: SigningSecrets) -> bytes:
    older = [part for each in secrets.older for part in each]
    known = [secrets.current, secrets.previous, secrets.previous_until, *older]
    text = orjson.dumps(known).decode()
    return seal_secret(sealer, endpoint_id, text, SIGNING_SECRETS)


def secrets(sealer: Sealer, row: Row) -> SigningSecrets:
    """Raises Unsealable."""
    text = open_secret(sealer, row["endpoint_id"], row["secrets_sealed"], SIGNING_SECRETS)
    current, previous, until, *older = orjson.loads(text)
    return SigningSecrets(
        current,
        previous,
        datetime.fromisoformat(until) if until else None,
        tuple(zip(older[::2], map(datetime.fromisoformat, older[1::2]), strict=True)),
    )


def endpoint(row: Row) -> Endpoint:
    return Endpoint(
        endpoint_id=row["endpoint_id"],
        partner_id=row["partner_id"],
        url=row["url"],
        types=tuple(row["types"]),
        version=row["version"],
        payload=Payload(row["payload"]),
        description=row["description"],
        state=EndpointState(row["state"]),
        created_at=row["created_at"],
        disabled=Disabled(row["disabled"]) if row["disabled"] else None,
        disabled_at=row["disabled_at"],
        failing_since=row["failing_since"],
    )


def event(row: Row) -> Event:
    return Event(
        event_id=row["event_id"],
        partner_id=row["partner_id"],
        object_type=row["object_type"],
        object_id=row["object_id"],
        sequence=row["sequence"],
        type=row["type"],
        previous_status=row["previous_status"],
        data=row["data"],
        occurred_at=row["occurred_at"],
    )


def delivery(sealer: Sealer, row: Row) -> Delivery:
    return Delivery(
        ref=ref(row),
        event=event(row),
        endpoint=endpoint(row),
        secrets=secrets(sealer, row),
        state=DeliveryState(row["delivery_state"]),
        tries=row["tries"],
        created_at=row["delivery_created_at"],
    )


def ref(row: Row) -> DeliveryRef:
    return DeliveryRef(row["event_id"], row["endpoint_id"], row["round"])


def made(row: Row) -> Try:
    return Try(
        at=row["at"],
        latency_ms=row["latency_ms"],
        ending=TryEnding(row["ending"]),
        http_status=row["http_status"],
        answer=row["answer"],
        retry_after_s=row["retry_after_s"],
    )


def logged(row: Row) -> LoggedDelivery:
    return LoggedDelivery(
        ref=ref(row),
        type=row["type"],
        object_id=row["object_id"],
        sequence=row["sequence"],
        state=DeliveryState(row["state"]),
        tries=row["tries"],
        created_at=row["created_at"],
        last_try=made(row) if row["at"] is not None else None,
        next_try_at=row["next_try_at"],
    )
