"""Routes that take nothing on faith: who asks, how it is written, and no field too many.

A route declares its scope in its OpenAPI entry, and that declaration is what is enforced: the
document cannot promise one thing and the code do another. A route that declares nothing does not
start.
"""

import json
import re
from collections.abc import Callable, Coroutine
from datetime import date
from typing import Any, Final, NoReturn
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from api import versions
from api.answers import Refusal, field_refused
from api.desk import desk_of
from api.exchange import Exchange
from payments.domain.codes import Code
from payments.domain.partner import Scope

SECURITY_SCHEME: Final = "accessToken"
_NEVER: Final = re.compile(r"q=0(\.0{0,3})?")


def needs(scope: Scope) -> dict[str, Any]:
    """For a route's arguments: callers need a token with this scope."""
    return {"openapi_extra": {"security": [{SECURITY_SCHEME: [scope.value]}]}}


def public() -> dict[str, Any]:
    """For a route's arguments: anybody may call it."""
    return {"openapi_extra": {"security": []}}


def strict_json(body: bytes) -> dict[str, Any]:
    """Read exactly one JSON object.

    Raises Refusal for what a lenient parser lets pass: a byte-order mark, duplicate names, NaN,
    lone surrogates, nesting without end, anything but an object.
    """

    def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        fields = dict(pairs)
        if len(fields) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise field_refused(Code.BODY_MALFORMED, _printable(twice), "appears twice")
        return fields

    def no_constants(name: str) -> NoReturn:
        raise ValueError(name)

    try:
        text = body.decode("utf-8")
        value = json.loads(text, object_pairs_hook=no_duplicates, parse_constant=no_constants)
        if "\\u" in text:
            # An escape can smuggle in half a surrogate pair, which no encoder can write down.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise Refusal(Code.BODY_MALFORMED) from None
    if not isinstance(value, dict):
        raise Refusal(Code.BODY_MALFORMED)
    return value


def _printable(name: str) -> str:
    return name.encode("ascii", "backslashreplace").decode()[:200]


class _StrictRequest(Request):
    async def json(self) -> Any:
        return strict_json(await self.body())


def _refuse_media(request: Request, *, has_body: bool) -> None:
    if has_body:
        kind, _, parameters = request.headers.get("content-type", "").lower().partition(";")
        charset = parameters.strip().removeprefix("charset=").strip('"')
        if kind.strip() != "application/json" or charset not in {"", "utf-8"}:
            raise Refusal(Code.CONTENT_TYPE_REFUSED)
    accept = ",".join(request.headers.getlist("accept") or ["*/*"]).lower()
    if not any(_takes_json(part) for part in accept.split(",")):
        raise Refusal(Code.NOT_ACCEPTABLE)


def _takes_json(media_range: str) -> bool:
    kind, *parameters = (part.strip() for part in media_range.split(";"))
    refused = any(_NEVER.fullmatch(part) for part in parameters)
    return kind in {"*/*", "application/*", "application/json", ""} and not refused


def _refuse_query(request: Request, *, takes_query: bool) -> None:
    query = request.scope["query_string"].decode("latin-1")
    names = [name for name, _ in parse_qsl(query, keep_blank_values=True)]
    for name in names:
        if not takes_query:
            raise field_refused(Code.FIELD_MALFORMED, _printable(name), "unknown parameter")
        if names.count(name) > 1:
            raise field_refused(Code.FIELD_MALFORMED, _printable(name), "appears twice")


def _version(request: Request, exchange: Exchange) -> date:
    partner = exchange.caller.partner if exchange.caller else None
    try:
        return versions.chosen(request.headers.get(versions.HEADER), partner)
    except versions.UnknownVersion:
        reason = f"a day from {versions.VERSIONS[0]} to today"
        raise field_refused(Code.FIELD_REFUSED, versions.HEADER, reason) from None


class StrictRoute(APIRoute):
    """First who, then how, then what: a stranger learns nothing about the shape of a request."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        declared = (self.openapi_extra or {}).get("security")
        assert declared is not None, f"{self.path} declares neither needs() nor public()"
        scope = Scope(declared[0][SECURITY_SCHEME][0]) if declared else None
        has_body, takes_query = self.body_field is not None, bool(self.dependant.query_params)
        endpoint = f"{min(self.methods or {'GET'})} {self.path.removeprefix('/v1')}"

        async def strict(request: Request) -> Response:
            exchange = Exchange.of(request)
            exchange.endpoint = endpoint
            if scope is not None:
                exchange.caller = await desk_of(request).access.admit(request, scope)
            exchange.version = _version(request, exchange)
            _refuse_media(request, has_body=has_body)
            if request.scope["query_string"]:
                _refuse_query(request, takes_query=takes_query)
            return await handle(_StrictRequest(request.scope, request.receive))

        return strict
