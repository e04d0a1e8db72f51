"""Webhooks to partners: endpoints, events, and what became of each delivery."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

# The form of an event's body. An endpoint keeps the one it was made with.
NEWEST_VERSION: Final = "2026-11-21"
VERSIONS: Final = (NEWEST_VERSION,)
# The pauses after each try; a jitter of a tenth is added or taken away. Ten tries in 75 h 35 min.
PAUSES: Final = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
MOST_TRIES: Final = len(PAUSES) + 1
_JITTER: Final = 0.1
_LONGEST_PAUSE: Final = timedelta(hours=24)
# A webhook has a signature for each secret that signs.
MOST_SECRETS: Final = 5
# An endpoint at which nothing has succeeded for about as long as all tries take is given up.
GIVEN_UP_AFTER: Final = sum(PAUSES, timedelta()) * (1 - _JITTER)


class EndpointState(StrEnum):
    ENABLED = "enabled"
    DISABLED = "disabled"


class Disabled(StrEnum):
    """Why nothing is sent to an endpoint any more."""

    BY_PARTNER = "by_partner"
    BY_OPERATOR = "by_operator"
    GONE = "gone"
    FAILING = "failing"


class Payload(StrEnum):
    """FULL carries the object as it is now; THIN only says which one it is."""

    FULL = "full"
    THIN = "thin"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a partner wants events. Without `types` it gets all of them."""

    endpoint_id: str
    partner_id: str
    url: str
    types: tuple[str, ...]
    version: str
    payload: Payload
    description: str
    state: EndpointState
    created_at: datetime
    disabled: Disabled | None = None
    disabled_at: datetime | None = None
    # Since when nothing has succeeded there; None while it does.
    failing_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class EndpointChanges:
    """What is None stays as it is, whoever changes it meanwhile."""

    url: str | None = None
    types: tuple[str, ...] | None = None
    version: str | None = None
    payload: Payload | None = None
    description: str | None = None


class SecretsOverlap(Exception):
    """As many secrets sign as there may be."""


@dataclass(frozen=True, slots=True)
class SigningSecrets:
    """`whsec_…`; the previous one, and those before it, sign as well until their own ends."""

    current: str = field(repr=False)
    previous: str | None = field(default=None, repr=False)
    previous_until: datetime | None = None
    older: tuple[tuple[str, datetime], ...] = field(default=(), repr=False)

    def at(self, now: datetime) -> tuple[str, ...]:
        """Those that sign now, the newest first."""
        return (self.current, *(secret for secret, until in self._old() if now < until))

    def rotated(self, fresh: str, at: datetime, overlap: timedelta) -> "SigningSecrets":
        """No end that somebody was told comes earlier, but without an overlap all come now.

        Raises SecretsOverlap.
        """
        older = tuple((secret, until) for secret, until in self._old() if at < until and overlap)
        if len(older) + 2 > MOST_SECRETS:
            raise SecretsOverlap
        return SigningSecrets(fresh, self.current, at + overlap, older)

    def _old(self) -> tuple[tuple[str, datetime], ...]:
        if self.previous is None or self.previous_until is None:
            return self.older
        return ((self.previous, self.previous_until), *self.older)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one object. `sequence` counts an object's events from 1."""

    event_id: UUID
    partner_id: str
    object_type: str
    object_id: str
    sequence: int
    type: str
    previous_status: str | None
    data: Mapping[str, Any]
    occurred_at: datetime


class DeliveryState(StrEnum):
    """PENDING until it ends; FAILED has used up its tries; CANCELED because its endpoint ended."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True)
class DeliveryRef:
    """Which delivery. A replay is one more round of the same event to the same endpoint."""

    event_id: UUID
    endpoint_id: str
    round: int = 1


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery with everything that a try needs. `tries` counts those that were made."""

    ref: DeliveryRef
    event: Event
    endpoint: Endpoint
    secrets: SigningSecrets
    state: DeliveryState
    tries: int
    created_at: datetime


class TryEnding(StrEnum):
    """How one try ended: a 2xx, another answer, silence, no connection, or an address of ours."""

    DELIVERED = "delivered"
    ANSWERED = "answered"
    TIMED_OUT = "timed_out"
    UNREACHABLE = "unreachable"
    TLS_FAILED = "tls_failed"
    BLOCKED = "blocked"


@dataclass(frozen=True, slots=True)
class Try:
    """One try, as the delivery log keeps it. `answer` is redacted and at most 2 kB."""

    at: datetime
    latency_ms: int
    ending: TryEnding
    http_status: int | None = None
    answer: str = ""
    retry_after_s: float | None = None

    @property
    def is_success(self) -> bool:
        return self.ending is TryEnding.DELIVERED

    @property
    def is_gone(self) -> bool:
        """HTTP 410: nobody wants anything there any more."""
        return self.http_status == 410


@dataclass(frozen=True, slots=True)
class Following:
    """What follows from a try: how the delivery stands, and the pause before its next one."""

    state: DeliveryState
    pause: timedelta | None = None
    disables: Disabled | None = None


def follows(delivery: Delivery, made: Try) -> Following:
    """What follows from the try just made, which `delivery` does not count yet."""
    if made.is_success:
        return Following(DeliveryState.DELIVERED)
    if made.is_gone:
        return Following(DeliveryState.FAILED, disables=Disabled.GONE)
    if delivery.tries + 1 >= MOST_TRIES:
        since = delivery.endpoint.failing_since
        is_given_up = since is not None and made.at - since >= GIVEN_UP_AFTER
        return Following(DeliveryState.FAILED, disables=Disabled.FAILING if is_given_up else None)
    return Following(DeliveryState.PENDING, _pause(delivery, made))


def _pause(delivery: Delivery, made: Try) -> timedelta:
    """The schedule's, or longer if the receiver asked for it."""
    ours = PAUSES[delivery.tries] * (1 + _JITTER * _spread(delivery))
    theirs = timedelta(seconds=made.retry_after_s or 0)
    return max(ours, min(theirs, _LONGEST_PAUSE))


def _spread(delivery: Delivery) -> float:
    """-1 to 1: another one for each try of each delivery, and always the same for this one."""
    ref = delivery.ref
    name = f"{ref.event_id} {ref.endpoint_id} {ref.round} {delivery.tries}"
    drawn = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
    return drawn / 2**31 - 1
