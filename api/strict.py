"""Routes that take nothing on faith: who asks, how it is written, and no field too many.

A route declares its scope in its OpenAPI entry, and that declaration is what is enforced: the
document cannot promise one thing and the code do another. A route that declares nothing does not
start.
"""

import json
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import Any, Final, NoReturn, get_type_hints
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import ValidationError
from starlette.responses import Response

from api import versions
from api.answers import Refusal, field_refused
from api.desk import desk_of
from api.exchange import Exchange
from api.formats import Formatted, formats_of
from api.schemas import Asked
from payments.domain.codes import Code
from payments.domain.partner import Needed, Product, Scope

SECURITY_SCHEME: Final = "accessToken"
AUDIENCE: Final = "x-audience"
# On a route where somebody else's words come in, such as a provider's webhook: it takes card
# numbers out of what it keeps, where others refuse the request.
REDACTED_LATER: Final = "x-card-numbers-redacted"
# On a route whose answer shows a secret: what is kept of it for a repeat is kept sealed.
ANSWER_KEPT_SEALED: Final = "x-answer-kept-sealed"
# On a route whose body is a file of rows: how large it may be, in bytes. The route reads it itself,
# card numbers included.
LARGEST_FILE: Final = "x-largest-file"
# On a route whose body is JSON and may be longer than others': how long, in bytes.
LONGEST_BODY: Final = "x-longest-body"
# On a route that can answer with a file: the media types that a caller may ask for besides JSON.
FILES: Final = "x-files"
# Nothing here is unpacked: what is packed would be read as something else.
_AS_IT_IS: Final = {"Content-Encoding": "identity", "Transfer-Encoding": "chunked"}
_NEVER: Final = re.compile(r"q=0(\.0{0,3})?")


def needs(scope: Scope, product: Product | None = Product.BILL_COLLECTION) -> dict[str, Any]:
    """For a route's arguments: callers need a token for this product with this scope.

    None for what belongs to the partner and to no product: a token for any of them will do.
    """
    audience = {} if product is None else {AUDIENCE: product}
    return {"openapi_extra": {"security": [{SECURITY_SCHEME: [scope.value]}]} | audience}


def needs_by_product(scopes: Mapping[Product, Scope]) -> dict[str, Any]:
    """For a route's arguments: callers need a token for one of these products with its scope.

    What of the route is whose product's, the route looks at: see Caller.product.
    """
    security = [{SECURITY_SCHEME: [scope.value]} for scope in scopes.values()]
    return {"openapi_extra": {"security": security, AUDIENCE: list(scopes)}}


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
            raise field_refused(Code.BODY_MALFORMED, _printable(_twice(pairs)), "appears twice")
        return fields

    def no_constants(name: str) -> NoReturn:
        raise ValueError(name)

    if not body:
        raise field_refused(Code.BODY_MALFORMED, "body", "Field required")
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


def _twice(pairs: list[tuple[str, Any]]) -> str:
    names = [name for name, _ in pairs]
    return next(name for name in names if names.count(name) > 1)


def _printable(name: str) -> str:
    return name.encode("ascii", "backslashreplace").decode()[:200]


def media_refused(wanted: str, header: str = "Content-Type") -> Refusal:
    return field_refused(Code.CONTENT_TYPE_REFUSED, header, wanted)


def _refuse_media(request: Request, files: Sequence[str], *, has_body: bool) -> None:
    if has_body:
        kind, _, parameters = request.headers.get("content-type", "").lower().partition(";")
        charset = parameters.strip().removeprefix("charset=").strip('"')
        if kind.strip() != "application/json" or charset not in {"", "utf-8"}:
            raise media_refused("application/json, in UTF-8")
    for name, only in _AS_IT_IS.items():
        if request.headers.get(name, only).lower() != only:
            raise media_refused(f"only {only}", name)
    accept = ",".join(request.headers.getlist("accept") or ["*/*"]).lower()
    if not any(_takes(part, files) for part in accept.split(",")):
        raise Refusal(Code.NOT_ACCEPTABLE)


def _takes(media_range: str, files: Sequence[str]) -> bool:
    kind, *parameters = (part.strip() for part in media_range.split(";"))
    refused = any(_NEVER.fullmatch(part) for part in parameters)
    return kind in {"*/*", "application/*", "application/json", "", *files} and not refused


def _query(request: Request, *, takes_query: bool) -> dict[str, str]:
    """The parameters, each given once."""
    text = request.scope["query_string"].decode("latin-1")
    pairs = parse_qsl(text, keep_blank_values=True) if text else []
    if pairs and not takes_query:
        raise field_refused(Code.FIELD_MALFORMED, _printable(pairs[0][0]), "unknown parameter")
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise field_refused(Code.FIELD_MALFORMED, _printable(_twice(pairs)), "appears twice")
    return fields


def _version(request: Request, exchange: Exchange) -> date:
    partner = exchange.caller.partner if exchange.caller else None
    try:
        return versions.chosen(request.headers.get(versions.HEADER), partner)
    except versions.UnknownVersion:
        reason = f"a day from {versions.VERSIONS[0]} to today"
        raise field_refused(Code.FIELD_REFUSED, versions.HEADER, reason) from None


def takes_nothing(request: Request) -> None:
    """For a route without a body: none, or an empty object. A field in it is one too many."""
    if body := Exchange.of(request).body:
        checked(Asked, strict_json(body))


def checked(shape: type[Asked], fields: dict[str, Any]) -> Asked:
    try:
        return shape.model_validate(fields)
    except ValidationError as error:
        raise _first_refused(error, shape) from None


# Malformed: the shape is wrong. Refused: the shape is right and the value is not.
_MALFORMED: Final = (
    *("missing", "extra_forbidden", "amount_format", "_type", "_parsing", "unicode"),
    "tag_not_found",
)


def _first_refused(error: ValidationError, shape: type[Asked]) -> Refusal:
    """One field at a time, the first one, so that the answer stays readable."""
    first = error.errors(include_url=False)[0]
    code = Code.FIELD_MALFORMED if first["type"].endswith(_MALFORMED) else Code.FIELD_REFUSED
    path = ".".join(str(part) for part in _as_written(first["loc"], first["type"], shape))
    # Pydantic's own words for a shape that is none repeat what was sent.
    expected = first.get("ctx", {}).get("expected_tags")
    return field_refused(
        code, path[:200], f"Input should be {expected}" if expected else first["msg"]
    )


def _as_written(loc: tuple[int | str, ...], kind: str, shape: type[Asked]) -> tuple[int | str, ...]:
    """Where it is in what was sent: of a field of several shapes pydantic names the shape, too."""
    chosen_by = {
        field.alias or name: str(field.discriminator)
        for name, field in shape.model_fields.items()
        if field.discriminator is not None
    }
    if loc[0] not in chosen_by:
        return loc
    if kind.startswith("union_tag"):
        return (*loc, chosen_by[str(loc[0])])
    return (loc[0], *loc[2:])


class StrictRoute(APIRoute):
    """First who, then how, then what: a stranger learns nothing about the shape of a request.

    FastAPI describes the route. It is answered here: its function takes the request, the names in
    its path as text, and, at the most, one shape, from the body or from the query.
    """

    @property
    def method(self) -> str:
        """The only one."""
        assert self.methods is not None
        (method,) = self.methods
        return method

    @property
    def name_in_log(self) -> str:
        """Both names of a route are one."""
        return f"{self.method} {self.path.removeprefix('/v1')}"

    @property
    def shows_secret(self) -> bool:
        return bool((self.openapi_extra or {}).get(ANSWER_KEPT_SEALED))

    @cached_property
    def formats(self) -> Mapping[str, Formatted]:
        shape = self._shape()
        return formats_of(shape[1]) if shape else {}

    @property
    def largest_file(self) -> int | None:
        return (self.openapi_extra or {}).get(LARGEST_FILE)

    @property
    def longest_body(self) -> int | None:
        """In bytes, where it is not as everywhere."""
        return self.largest_file or (self.openapi_extra or {}).get(LONGEST_BODY)

    def _shape(self) -> tuple[str, type[Asked]] | None:
        """The shape that it asks for, and by which name."""
        shapes = [
            (name, hint)
            for name, hint in get_type_hints(self.endpoint).items()
            if name != "return" and issubclass(hint, Asked)
        ]
        assert len(shapes) <= 1, f"{self.path} asks for more than one shape"
        return shapes[0] if shapes else None

    def _needed(self) -> Needed | None:
        """What a caller's token must have; None for anybody."""
        declared = self.openapi_extra or {}
        assert "security" in declared, f"{self.path} declares neither needs() nor public()"
        if not declared["security"]:
            return None
        scopes = [Scope(each[SECURITY_SCHEME][0]) for each in declared["security"]]
        told = declared.get(AUDIENCE)
        products = told if isinstance(told, list) else [told]
        return dict(zip(products, scopes, strict=True))

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        needed = self._needed()
        endpoint, shape, has_body = self.endpoint, self._shape(), self.body_field is not None
        takes_query = shape is not None and not has_body
        name, files = self.name_in_log, (self.openapi_extra or {}).get(FILES, ())

        async def strict(request: Request) -> Response:
            asked: dict[str, Any] = dict(request.path_params)
            exchange = Exchange.of(request)
            exchange.endpoint = name
            if needed is not None:
                exchange.caller = await desk_of(request).access.admit(request, needed)
            exchange.version = _version(request, exchange)
            _refuse_media(request, files, has_body=has_body)
            query = _query(request, takes_query=takes_query)
            if shape is not None:
                fields = strict_json(exchange.body) if has_body else query
                asked[shape[0]] = checked(shape[1], fields)
            response: Response = await endpoint(request, **asked)
            return response

        return strict
