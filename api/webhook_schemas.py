"""The shapes of webhook endpoints, as partners write and read them."""

from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field, StringConstraints, WithJsonSchema
from pydantic.functional_validators import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from api.delivery_schemas import EVENT_NAME, EventName
from api.free_text import Note
from api.paging import Moment
from api.schemas import Asked, Told, rfc3339
from payments.domain.addresses import LONGEST_URL
from payments.domain.events import EVENT_TYPES
from payments.domain.webhook import (
    VERSIONS,
    Disabled,
    Endpoint,
    EndpointState,
    Payload,
)

LONGEST_OVERLAP_S: Final = 604_800
_MOMENT: Final = {"type": "string", "format": "date-time"}


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise PydanticCustomError("text_type", "must be text")
    return value


def _types(types: list[str]) -> list[str]:
    unknown = [each for each in types if each not in EVENT_TYPES]
    if unknown or len(set(types)) < len(types):
        reason = "each once, of the types that the documentation of webhooks lists"
        raise PydanticCustomError("event_types", reason)
    return types


# What may stand in it is said in payments/domain/addresses.py, and not by a pattern.
Url = Annotated[
    str, Field(min_length=1, max_length=LONGEST_URL, json_schema_extra={"format": "uri"})
]
Types = Annotated[
    list[str],
    AfterValidator(_types),
    Field(
        json_schema_extra={
            "items": {"type": "string", "enum": sorted(EVENT_TYPES)},
            "uniqueItems": True,
        }
    ),
]
PayloadWord = Annotated[Literal["full", "thin"], BeforeValidator(_text)]
Version = Annotated[
    str,
    StringConstraints(pattern="^(" + "|".join(VERSIONS) + ")$"),
]


class EndpointBody(Asked):
    """Where you want events. Without `types`: all of them. `thin` sends ids instead of data."""

    url: Url
    types: Types = Field(default_factory=list)
    payload: PayloadWord = "full"
    description: Note = ""


class EndpointChanges(Asked):
    """What is left out stays. An empty list of `types` means all."""

    url: Url | None = None
    types: Types | None = None
    payload: PayloadWord | None = None
    version: Version | None = None
    description: Note | None = None


class RotateBody(Asked):
    """How long the old secret signs as well. 0 ends all the old ones."""

    overlap_seconds: Annotated[int, Field(ge=0, le=LONGEST_OVERLAP_S)] = 86_400


def _said(value: object) -> object:
    if value is None:
        raise PydanticCustomError("null_type", "must be left out, or not be null")
    return value


def _either(*names: str) -> dict[str, Any]:
    return {"required": list(names)}


class ReplayBody(Asked):
    """Exactly one: an event, all that occurred `from` one moment and before another, or all whose
    last round failed or was canceled. `after` is the `next` of the answer before, with its times.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [_either("eventId"), _either("from", "to"), _either("failures")],
            # From and to belong together.
            # One name each: of several, FastAPI makes a set, which is written as it comes.
            "dependentRequired": {"from": ["to"], "to": ["from"], "after": ["from"]},
        }
    )

    event_id: Annotated[
        EventName | None,
        BeforeValidator(_said),
        WithJsonSchema({"type": "string", "pattern": f"^{EVENT_NAME}$"}),
    ] = None
    from_: Annotated[
        Moment | None, BeforeValidator(_said), Field(alias="from"), WithJsonSchema(_MOMENT)
    ] = None
    to: Annotated[Moment | None, BeforeValidator(_said), WithJsonSchema(_MOMENT)] = None
    after: Annotated[
        EventName | None,
        BeforeValidator(_said),
        WithJsonSchema({"type": "string", "pattern": f"^{EVENT_NAME}$"}),
    ] = None
    failures: Annotated[
        bool | None,
        BeforeValidator(_said),
        WithJsonSchema({"type": "boolean", "const": True}),
    ] = None


class EndpointView(Told):
    """`failingSince` is there while nothing succeeds; `disabledReason` once it is disabled."""

    id: str
    url: str
    types: list[str]
    version: str
    payload: Payload
    description: str
    state: EndpointState
    created_at: str
    disabled_reason: Disabled | None = None
    disabled_at: str | None = None
    failing_since: str | None = None

    @classmethod
    def fields_of(cls, endpoint: Endpoint) -> dict[str, Any]:
        return {
            "id": endpoint.endpoint_id,
            "url": endpoint.url,
            "types": list(endpoint.types),
            "version": endpoint.version,
            "payload": endpoint.payload,
            "description": endpoint.description,
            "state": endpoint.state,
            "created_at": rfc3339(endpoint.created_at),
            "disabled_reason": endpoint.disabled,
            "disabled_at": rfc3339(endpoint.disabled_at) if endpoint.disabled_at else None,
            "failing_since": rfc3339(endpoint.failing_since) if endpoint.failing_since else None,
        }

    @classmethod
    def of(cls, endpoint: Endpoint) -> "EndpointView":
        return cls(**cls.fields_of(endpoint))


class EndpointsView(Told):
    """The oldest first."""

    endpoints: list[EndpointView]


class NewEndpointView(EndpointView):
    """`secret` is shown this once: it verifies what we send."""

    secret: str = Field(repr=False)


class RotatedView(NewEndpointView):
    """Until `previousUntil` the secret that was the newest signs as well."""

    previous_until: str
