"""The OpenAPI file's `webhooks`: what we send to partners, one entry for each type of event."""

from typing import Any, Final

from pydantic.json_schema import models_json_schema

from api.event_schemas import envelopes
from payments.domain.events import EVENT_TYPES

_TEXT: Final = {"type": "string"}
# Standard Webhooks 1.0, and the version of the body, which is the endpoint's own.
_HEADERS: Final = {
    "webhook-id": "The event's id: the same in every try and every replay; do nothing twice for it",
    "webhook-timestamp": "When this try was made, in seconds since 1970",
    "webhook-signature": "One or two of v1,base64(HMAC-SHA256(secret, id.timestamp.body))",
    "webhook-api-version": "The version of the body, as the endpoint has it",
}
_RESPONSES: Final = {
    "2XX": {"description": "Taken; it is not sent again"},
    "410": {"description": "Nobody wants anything here any more: the endpoint is disabled"},
    "default": {"description": "Not taken; it is sent again by the schedule"},
}


def describe_events(document: dict[str, Any]) -> None:
    """Add them, and the schemas that they refer to."""
    models = [(model, "serialization") for model in envelopes().values()]
    made, shared = models_json_schema(models, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]  # a mode is a literal
    schemas: dict[str, Any] = document["components"]["schemas"]
    fresh: dict[str, Any] = shared["$defs"]
    assert not schemas.keys() & fresh.keys(), "an event's schema has the name of another one"
    schemas |= fresh
    document["webhooks"] = {
        name: {"post": _operation(name, made[model, "serialization"])}
        for name, model in envelopes().items()
    }


def _operation(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": name.replace(".", "_") + "_event",
        "tags": ["events"],
        "summary": EVENT_TYPES[name].happened,
        "security": [],
        "parameters": [
            {"name": header, "in": "header", "required": True, "description": text, "schema": _TEXT}
            for header, text in _HEADERS.items()
        ],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": _RESPONSES,
    }
