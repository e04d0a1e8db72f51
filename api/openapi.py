"""The OpenAPI file: made from the routes, committed, compared in every check."""

from typing import Any, Final

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from api.strict import SECURITY_SCHEME

VERSION: Final = "2026-11-21"
_DESCRIPTION: Final = """
One API over billers, card acquirers, banks and payout rails. Every answer, refusals included, is
one envelope; its `code` decides. Every answer is signed (RFC 9421, RFC 9530).
"""
_KEY_HEADER: Final = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key and request get the first answer again for 24 hours.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
}


def _operation_id(route: APIRoute) -> str:
    """`lock`, and `lock_v1` for the same route under its prefix."""
    return route.name + ("_v1" if route.path_format.startswith("/v1/") else "")


def describe(app: FastAPI) -> None:
    """Give the app its document. Call after the last route."""
    for route in app.routes:
        if isinstance(route, APIRoute):
            route.operation_id = _operation_id(route)
            if route.methods == {"POST"} and "/auth/token" not in route.path_format:
                (route.openapi_extra or {}).setdefault("parameters", [_KEY_HEADER])

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=VERSION,
                description=_DESCRIPTION.strip(),
                routes=app.routes,
            )
            schema["components"].setdefault("securitySchemes", {})[SECURITY_SCHEME] = {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": "From POST /auth/token. The scopes are in each operation.",
            }
            app.openapi_schema = schema
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend it.


def as_file(app: FastAPI) -> str:
    """The document as it is committed: sorted and indented, so that a diff reads well."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE
    return orjson.dumps(app.openapi(), option=options).decode()
