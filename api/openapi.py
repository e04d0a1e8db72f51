"""The OpenAPI file: made from the routes, committed, compared in every check."""

from typing import Any, Final

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api.documents import ANYWHERE, SIGNATURE_HEADERS, Refused
from api.event_document import describe_events
from api.strict import SECURITY_SCHEME
from api.versions import NEWEST

_DESCRIPTION: Final = """
One API over billers, card acquirers, banks and payout rails. Every answer, refusals included, is
one envelope; its `code` decides. Every answer is signed (RFC 9421, RFC 9530).
"""
_TEXT: Final = {"type": "string"}
_KEY_HEADER: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key and request get the first answer again for 24 hours.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}
_VERSION_HEADER: Final = {
    "name": "Quittance-Version",
    "in": "header",
    "description": "The data version to answer in; without it, the one of the day you joined.",
    "schema": {"type": "string", "format": "date"},
}
_REFUSED_SCHEMA: Final = {"$ref": "#/components/schemas/Refused"}
_REFUSED: Final = {
    "description": "Refused: `code` says why, and who should act",
    "content": {"application/json": {"schema": _REFUSED_SCHEMA}},
    "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in SIGNATURE_HEADERS},
}


def describe(app: FastAPI) -> None:
    """Give the app its document. Call after the last route."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            route.operation_id = _operation_id(route)

    def document() -> dict[str, Any]:
        app.openapi_schema = app.openapi_schema or _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend it.


def as_file(app: FastAPI) -> str:
    """The document as it is committed: sorted and indented, so that a diff reads well."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(app.openapi(), option=options).decode()


def _operation_id(route: APIRoute) -> str:
    """`lock`, and `lock_v1` for the same route under its prefix."""
    return route.name + ("_v1" if route.path_format.startswith("/v1/") else "")


def _document(app: FastAPI) -> dict[str, Any]:
    schema: dict[str, Any] = get_openapi(
        title=app.title,
        version=NEWEST.isoformat(),
        description=_DESCRIPTION.strip(),
        routes=app.routes,
    )
    components = schema["components"]
    components["responses"] = {"Refused": _REFUSED}
    components["headers"] = {
        name: {"description": text, "schema": _TEXT} for name, text in SIGNATURE_HEADERS.items()
    }
    components["securitySchemes"] = {
        SECURITY_SCHEME: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "From POST /auth/token. The scopes are in each operation.",
        }
    }
    for path in schema["paths"].values():
        for method, operation in path.items():
            _complete(method, operation)
    refused = Refused.model_json_schema(
        mode="serialization", ref_template="#/components/schemas/{model}"
    )
    components["schemas"] |= refused.pop("$defs", {}) | {"Refused": refused}
    describe_events(schema)
    return schema


def _is_plain_refusal(response: dict[str, Any] | None) -> bool:
    """Not one that tells more, as a decline tells its transaction."""
    return response is None or response["content"]["application/json"]["schema"] == _REFUSED_SCHEMA


def _complete(method: str, operation: dict[str, Any]) -> None:
    """What every operation has in common, said once and referred to."""
    responses = operation["responses"]
    for status, response in responses.items():
        if int(status) < ANYWHERE[0]:
            response["headers"] = _REFUSED["headers"]
    refusals = {
        *map(str, ANYWHERE),
        *(status for status in responses if int(status) >= ANYWHERE[0]),
    }
    for status in sorted(refusals):
        if _is_plain_refusal(responses.get(status)):
            responses[status] = {"$ref": "#/components/responses/Refused"}
        else:
            responses[status]["headers"] = _REFUSED["headers"]
    parameters = operation.setdefault("parameters", [])
    if operation.get("security"):
        parameters.append(_VERSION_HEADER)
        if method in ("post", "patch", "delete"):
            parameters.append(_KEY_HEADER)
