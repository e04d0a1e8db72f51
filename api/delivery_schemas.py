"""The shapes of deliveries and events, as partners ask for them and read them."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import StringConstraints
from pydantic.functional_validators import BeforeValidator
from pydantic_core import PydanticCustomError

from api.paging import PageSize
from api.schemas import Asked, Told, rfc3339
from payments.domain import ids
from payments.domain.webhook import NEWEST_VERSION, DeliveryState, Event, Try, TryEnding
from payments.ports.webhooks import LoggedDelivery

# Only what can be the name of an event: 128 bits in base 32 begin with 0 to 7.
EVENT_NAME: Final = "evt_[0-7][0-9a-hjkmnp-tv-z]{25}"
EventName = Annotated[str, StringConstraints(pattern=f"^{EVENT_NAME}$")]
DeliveryName = Annotated[str, StringConstraints(pattern=rf"^{EVENT_NAME}(\.[1-9][0-9]{{0,5}})?$")]
ObjectName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]


def _state(text: object) -> object:
    if isinstance(text, str) and text in set(DeliveryState):
        return DeliveryState(text)
    raise PydanticCustomError("delivery_state", "one of " + ", ".join(DeliveryState))


class DeliveriesQuery(Asked):
    """Which deliveries to list, newest first. `after` is the `next` of the page before."""

    state: Annotated[DeliveryState, BeforeValidator(_state)] | None = None
    after: DeliveryName | None = None
    limit: PageSize = 50


class EventsQuery(Asked):
    """Which events to list, newest first. `after` is the `next` of the page before."""

    object_id: ObjectName | None = None
    after: EventName | None = None
    limit: PageSize = 50


class TestView(Told):
    """The event on its way; what became of it is in the endpoint's deliveries."""

    __test__ = False

    event_id: str
    endpoint_id: str
    type: str


class TryView(Told):
    """`answer` is the beginning of what came back, at most 2 kB, with anything secret left out."""

    at: str
    latency_ms: int
    outcome: TryEnding
    http_status: int | None = None
    answer: str

    @classmethod
    def of(cls, made: Try) -> "TryView":
        return cls(
            at=rfc3339(made.at),
            latency_ms=made.latency_ms,
            outcome=made.ending,
            http_status=made.http_status,
            answer=made.answer,
        )


class DeliveryView(Told):
    """One round of an event at an endpoint; a replay is the next one."""

    event_id: str
    round: int
    type: str
    object_id: str
    sequence: int
    state: DeliveryState
    tries: int
    created_at: str
    last_try: TryView | None = None
    next_try_at: str | None = None

    @classmethod
    def of(cls, delivery: LoggedDelivery) -> "DeliveryView":
        next_try_at, last_try = delivery.next_try_at, delivery.last_try
        return cls(
            event_id=ids.event_name(delivery.ref.event_id),
            round=delivery.ref.round,
            type=delivery.type,
            object_id=delivery.object_id,
            sequence=delivery.sequence,
            state=delivery.state,
            tries=delivery.tries,
            created_at=rfc3339(delivery.created_at),
            last_try=TryView.of(last_try) if last_try else None,
            next_try_at=rfc3339(next_try_at) if next_try_at else None,
        )


class DeliveriesView(Told):
    """`next` is there while there are more."""

    deliveries: list[DeliveryView]
    next: str | None = None


class RoundView(Told):
    """What became of one round, try by try."""

    round: int
    state: DeliveryState
    created_at: str
    next_try_at: str | None = None
    tries: list[TryView]

    @classmethod
    def of(cls, delivery: LoggedDelivery, tries: Sequence[Try]) -> "RoundView":
        next_try_at = delivery.next_try_at
        return cls(
            round=delivery.ref.round,
            state=delivery.state,
            created_at=rfc3339(delivery.created_at),
            next_try_at=rfc3339(next_try_at) if next_try_at else None,
            tries=[TryView.of(each) for each in tries],
        )


class RoundsView(Told):
    """Everything that was tried with one event at one endpoint."""

    event_id: str
    endpoint_id: str
    type: str
    object_id: str
    sequence: int
    rounds: list[RoundView]


class ReplayedView(Told):
    """`more` when there was more than one request replays: ask again, for a time with `next`."""

    replayed: int
    more: bool
    next: str | None = None


class ObjectView(Told):
    """What it happened to."""

    type: str
    id: str


class EventView(Told):
    """An event in the words of its webhook. `sequence` counts the events of `object`."""

    id: str
    type: str
    timestamp: str
    version: str
    sequence: int
    previous_status: str | None
    object: ObjectView
    data: dict[str, Any]

    @classmethod
    def of(cls, event: Event) -> "EventView":
        return cls(
            id=ids.event_name(event.event_id),
            type=event.type,
            timestamp=rfc3339(event.occurred_at),
            version=NEWEST_VERSION,
            sequence=event.sequence,
            previous_status=event.previous_status,
            object=ObjectView(type=event.object_type, id=event.object_id),
            data=dict(event.data),
        )


class EventsView(Told):
    """`next` is there while there are more."""

    events: list[EventView]
    next: str | None = None
