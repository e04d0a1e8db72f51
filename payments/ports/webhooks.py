"""Webhooks to partners: their endpoints, the outbox that fills them, the log, and the sender."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from payments.domain.webhook import (
    Delivery,
    DeliveryRef,
    DeliveryState,
    Disabled,
    Endpoint,
    EndpointChanges,
    Event,
    SigningSecrets,
    Try,
)

# A rotation, as a step from the secrets that are there.
Turn = Callable[[SigningSecrets], SigningSecrets]


class Endpoints(Protocol):
    """Every method but those of the operator is about one partner's own endpoints."""

    async def add(self, endpoint: Endpoint, secrets: SigningSecrets, most: int) -> bool:
        """False when the partner has `most` already. The same id twice is one endpoint."""

    async def find(self, partner_id: str, endpoint_id: str) -> Endpoint | None: ...

    async def of_partner(self, partner_id: str) -> Sequence[Endpoint]:
        """The oldest first."""

    async def change(
        self, partner_id: str, endpoint_id: str, changes: EndpointChanges
    ) -> Endpoint | None:
        """None when it is gone."""

    async def enable(self, partner_id: str, endpoint_id: str) -> Endpoint | None: ...

    async def disable(
        self, partner_id: str, endpoint_id: str, why: Disabled, at: datetime
    ) -> Endpoint | None:
        """Nothing is handed out for it from then on. Its pending deliveries are canceled: the first
        thousand with it, the rest by later plans. But for BY_PARTNER the event
        `webhook_endpoint.disabled` is written with it. Disabled twice is disabled once.
        """

    async def remove(self, partner_id: str, endpoint_id: str) -> bool:
        """Its log stays; its secrets do not."""

    async def rotate(self, partner_id: str, endpoint_id: str, turn: Turn) -> SigningSecrets | None:
        """Replace the secrets by what `turn` makes of them. Whoever rotates at the same time waits,
        and turns what came of the first. None when the endpoint is gone. What it raises is raised,
        and nothing has changed.
        """

    async def secrets(self, partner_id: str, endpoint_id: str) -> SigningSecrets | None: ...


@dataclass(frozen=True, slots=True)
class Lag:
    """How far deliveries are behind: of those never tried, and of events not planned yet."""

    untried: int
    oldest_untried_s: float
    unplanned: int
    failing_endpoints: int


class Outbox(Protocol):
    """What is to be delivered. The relay is its only planner; tries are noted by whoever made them.

    Every write is idempotent: a relay that died in between does it again.
    """

    async def plan(self, limit: int) -> int:
        """Make deliveries of the next committed events, at most `limit`; how many events.

        Planned is all of it or nothing. An event that commits late is never skipped.
        """

    async def waiting(self) -> Sequence[str]:
        """The enabled endpoints that have deliveries of the first round never tried."""

    async def untried(self, endpoint_id: str, limit: int) -> Sequence[Delivery]:
        """The next ones of the first round in order: of each object the oldest alone."""

    async def find(self, ref: DeliveryRef) -> Delivery | None:
        """As it stands; also when its endpoint is disabled. None when the endpoint is removed."""

    async def tried(
        self, ref: DeliveryRef, made: Try, state: DeliveryState, next_try_at: datetime | None
    ) -> None:
        """Keep one try, and what follows from it. A state that is not PENDING is never left.

        A success ends the endpoint's failing; a failure begins it, if it has not begun.
        """

    async def handed_over(self, ref: DeliveryRef) -> None:
        """Its later tries are Temporal's now."""

    async def not_handed_over(self, limit: int) -> Sequence[tuple[DeliveryRef, datetime]]:
        """Pending ones that nobody has, with the moment of their next try: the first try failed,
        or a round was asked for.
        """

    async def take_back(self, overdue_since: datetime, limit: int) -> int:
        """Pending ones that were handed over before that moment and due before it: whoever had them
        may know nothing of them any more. They are not_handed_over() again; how many.
        """

    async def lag(self) -> Lag: ...


@dataclass(frozen=True, slots=True)
class LoggedDelivery:
    """One line of the delivery log."""

    ref: DeliveryRef
    type: str
    object_id: str
    sequence: int
    state: DeliveryState
    tries: int
    created_at: datetime
    last_try: Try | None
    next_try_at: datetime | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many rounds were made. `after` is the last event of them, if there are more behind it."""

    made: int
    after: UUID | None = None


class DeliveryLog(Protocol):
    """Newest first; `before` is the last line of the page before."""

    async def of_endpoint(
        self,
        endpoint_id: str,
        *,
        state: DeliveryState | None = None,
        before: DeliveryRef | None = None,
        limit: int = 50,
    ) -> Sequence[LoggedDelivery]: ...

    async def tries(self, event_id: UUID, endpoint_id: str) -> Sequence[tuple[int, Try]]:
        """With the round of each, in order."""

    async def rounds(self, event_id: UUID, endpoint_id: str) -> Sequence[LoggedDelivery]:
        """All rounds of one event, in order; none when the endpoint never was to get it."""

    async def event(self, partner_id: str, event_id: UUID) -> Event | None: ...

    async def test_event(self, endpoint: Endpoint, event_id: UUID, at: datetime) -> Event:
        """Write `webhook_endpoint.test`, which goes to this endpoint alone, whatever it wants.

        The same id twice is one event. Raises LookupError when the endpoint is gone.
        """

    async def events(
        self,
        partner_id: str,
        *,
        object_id: str | None = None,
        before: UUID | None = None,
        limit: int = 50,
    ) -> Sequence[Event]: ...

    async def replay_event(self, endpoint: Endpoint, event_id: UUID) -> DeliveryRef | None:
        """One more round, unless the last one is still pending. None: no such event of theirs."""

    async def replay_range(
        self,
        endpoint: Endpoint,
        since: datetime,
        until: datetime,
        limit: int,
        after: UUID | None = None,
    ) -> Replayed:
        """A round of every event that occurred in it and that the endpoint wants.

        From the first one on, or behind `after`.
        """

    async def replay_failures(self, endpoint: Endpoint, limit: int) -> int:
        """A round of everything whose last round failed or was canceled; how many."""


class WebhookSender(Protocol):
    async def send(self, delivery: Delivery, number: int) -> Try:
        """One signed POST, whatever it comes to. Never raises for what the other side does."""
