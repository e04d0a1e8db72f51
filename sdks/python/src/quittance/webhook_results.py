"""What the calls for webhooks return: endpoints, deliveries, their tries, pages of events.

`trace` names the one line in the gateway's request log that this value came from.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

from quittance.reading import Envelope, Fields
from quittance.webhooks import WebhookEvent


class EndpointState(StrEnum):
    ENABLED = "enabled"
    DISABLED = "disabled"


class DeliveryState(StrEnum):
    """PENDING until it ends. FAILED has used up its tries; CANCELED lost its endpoint."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """Where events go. Without `types` it gets all of them.

    `failing_since` is there while nothing succeeds, `disabled_reason` once nothing is sent.
    """

    id: str
    url: str
    types: tuple[str, ...]
    version: str
    payload: str
    description: str
    state: EndpointState
    created_at: datetime
    disabled_reason: str | None
    disabled_at: datetime | None
    failing_since: datetime | None
    trace: str

    @property
    def is_enabled(self) -> bool:
        return self.state is EndpointState.ENABLED

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        return cls._of(envelope.fields, envelope.trace)

    @classmethod
    def read_all(cls, envelope: Envelope) -> tuple[Self, ...]:
        return tuple(cls._of(row, envelope.trace) for row in envelope.fields.rows("endpoints"))

    @classmethod
    def _of(cls, fields: Fields, trace: str) -> Self:
        return cls(
            id=fields.text("id"),
            url=fields.text("url"),
            types=fields.words("types"),
            version=fields.text("version"),
            payload=fields.text("payload"),
            description=fields.text("description"),
            state=fields.state("state", EndpointState),
            created_at=fields.moment("createdAt"),
            disabled_reason=fields.optional_text("disabledReason"),
            disabled_at=fields.optional_moment("disabledAt"),
            failing_since=fields.optional_moment("failingSince"),
            trace=trace,
        )


@dataclass(frozen=True, slots=True)
class NewSecret:
    """`secret` is shown this once: keep it. Until `previous_until` the one before signs as well."""

    endpoint: WebhookEndpoint
    secret: str = field(repr=False)
    previous_until: datetime | None

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        fields = envelope.fields
        return cls(
            WebhookEndpoint.read(envelope),
            fields.text("secret"),
            fields.optional_moment("previousUntil"),
        )


@dataclass(frozen=True, slots=True)
class WebhookTry:
    """`outcome` is delivered, answered (with a no), timed_out, unreachable, tls_failed or blocked.

    `answer` is the beginning of what your server said, without what looks secret.
    """

    at: datetime
    latency_ms: int
    outcome: str
    http_status: int | None
    answer: str

    @classmethod
    def of(cls, fields: Fields) -> Self:
        return cls(
            at=fields.moment("at"),
            latency_ms=fields.number("latencyMs"),
            outcome=fields.text("outcome"),
            http_status=fields.number("httpStatus") if fields.has("httpStatus") else None,
            answer=fields.text("answer"),
        )


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One round of an event at an endpoint: a replay is the next one."""

    event_id: str
    round: int
    type: str
    object_id: str
    sequence: int
    state: DeliveryState
    tries: int
    created_at: datetime
    last_try: WebhookTry | None
    next_try_at: datetime | None
    trace: str

    @classmethod
    def of(cls, fields: Fields, trace: str) -> Self:
        return cls(
            event_id=fields.text("eventId"),
            round=fields.number("round"),
            type=fields.text("type"),
            object_id=fields.text("objectId"),
            sequence=fields.number("sequence"),
            state=fields.state("state", DeliveryState),
            tries=fields.number("tries"),
            created_at=fields.moment("createdAt"),
            last_try=WebhookTry.of(fields.inner("lastTry")) if fields.has("lastTry") else None,
            next_try_at=fields.optional_moment("nextTryAt"),
            trace=trace,
        )


@dataclass(frozen=True, slots=True)
class DeliveryRound:
    """What became of one round, try by try."""

    round: int
    state: DeliveryState
    created_at: datetime
    next_try_at: datetime | None
    tries: tuple[WebhookTry, ...]

    @classmethod
    def of(cls, fields: Fields) -> Self:
        return cls(
            round=fields.number("round"),
            state=fields.state("state", DeliveryState),
            created_at=fields.moment("createdAt"),
            next_try_at=fields.optional_moment("nextTryAt"),
            tries=tuple(WebhookTry.of(row) for row in fields.rows("tries")),
        )


@dataclass(frozen=True, slots=True)
class DeliveryHistory:
    """Everything that was tried with one event at one endpoint."""

    event_id: str
    endpoint_id: str
    type: str
    object_id: str
    sequence: int
    rounds: tuple[DeliveryRound, ...]
    trace: str

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        fields = envelope.fields
        return cls(
            event_id=fields.text("eventId"),
            endpoint_id=fields.text("endpointId"),
            type=fields.text("type"),
            object_id=fields.text("objectId"),
            sequence=fields.number("sequence"),
            rounds=tuple(DeliveryRound.of(row) for row in fields.rows("rounds")),
            trace=envelope.trace,
        )


@dataclass(frozen=True, slots=True)
class SentTest:
    """The test event is on its way: what becomes of it is in the endpoint's deliveries."""

    event_id: str
    endpoint_id: str
    type: str
    trace: str

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        fields = envelope.fields
        return cls(
            fields.text("eventId"), fields.text("endpointId"), fields.text("type"), envelope.trace
        )


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many are on their way again. `more`: there was more than one call replays, call again;
    replay_between() with `after=done.next`.
    """

    replayed: int
    more: bool
    next: str | None
    trace: str

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        fields = envelope.fields
        return cls(
            fields.number("replayed"),
            fields.flag("more"),
            fields.optional_text("next"),
            envelope.trace,
        )


def one_event(envelope: Envelope) -> WebhookEvent:
    return WebhookEvent.of(envelope.fields)
