"""The card-number guard: no request with what looks like a card number comes past it.

Path, query, headers and body are looked at before any route sees them. Nothing of such a request is
kept: no value, no name that holds one, and no digest of it, which could be tried out.
"""

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final, NamedTuple
from urllib.parse import unquote_plus

import structlog
from starlette.requests import Request
from starlette.types import Scope

from api import metrics
from api.access import Access
from api.answers import Refusal, field_refused
from api.exchange import Exchange
from api.strict import REDACTED_LATER
from api.table import RouteTable
from payments.domain.card_numbers import find, redact
from payments.domain.codes import Code
from payments.ports.incidents import Incident, IncidentKind, Incidents
from payments.ports.record import RecordUnavailable

log = structlog.get_logger("api")

# An access token begins so, and is nothing but base 64 (RFC 7519).
_TOKEN: Final = b"Bearer eyJ"
# A client sends mostly the same headers. Only those without a card number are remembered.
_REMEMBERED: Final = 1_000
# A number can be cut in two; shorter pieces are everywhere, and so are months: 2026-04.
_PIECE: Final = re.compile(r"(?!20\d\d-(?:0[1-9]|1[0-2])$)\W*(?:\d\W{0,3}){4,12}")
_WHOLE_DIGITS: Final = (15, 16)
_LONGEST_NAME: Final = 200
_LONGEST_EXPONENT: Final = 40


class Field(NamedTuple):
    """`path` is its name without the numbers of lists, as a format is declared for it."""

    part: str
    name: str
    path: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.part} {self.name}".strip()


class CardGuard:
    def __init__(self, routes: RouteTable, access: Access, incidents: Incidents) -> None:
        self._routes = routes
        self._access = access
        self._incidents = incidents
        self._harmless: set[tuple[bytes, bytes]] = set()

    async def look(self, exchange: Exchange, scope: Scope) -> None:
        """Raises Refusal for a request that holds one."""
        fields = _target(scope) + self._headers(scope)
        if exchange.body and not (self._is_redacted_later(scope) or self._is_file(scope)):
            fields += _body(exchange.body)
        found = self._first(scope, fields)
        if found is not None:
            raise await self._refused(exchange, scope, found)

    def _headers(self, scope: Scope) -> list[Field]:
        """Those that may hold one."""
        found = []
        for header in scope["headers"]:
            if header in self._harmless:
                continue
            name, value = header
            if name == b"authorization" and value.startswith(_TOKEN):
                continue
            field = Field("header", name.decode("latin-1"), "", value.decode(errors="replace"))
            if find(field.text) or find(field.name):
                found.append(field)
                continue
            if len(self._harmless) >= _REMEMBERED:
                self._harmless.clear()
            self._harmless.add(header)
        return found

    def _first(self, scope: Scope, fields: Iterable[Field]) -> Field | None:
        before: Field | None = None
        for field in fields:
            if (find(field.text) or find(field.name)) and not self._is_exempt(scope, field):
                return field
            piece = field if field.part != "header" and _PIECE.fullmatch(field.text) else None
            if (
                (before and piece and _are_halves(before, piece))
                and not self._is_exempt(scope, before)
                and not self._is_exempt(scope, piece)
            ):
                return piece
            before = piece
        return None

    def _is_exempt(self, scope: Scope, field: Field) -> bool:
        """Asked only for what looks like a card number, so it may take its time."""
        route = self._routes.route_of(scope)
        if route is None or field.part == "path":
            return False
        if field.part == "header" and self._is_redacted_later(scope):
            return True
        own = route.formats.get(field.path) if field.part in {"query", "body"} else None
        return own is not None and own.fits(field.text)

    def _is_redacted_later(self, scope: Scope) -> bool:
        route = self._routes.route_of(scope)
        return route is not None and (route.openapi_extra or {}).get(REDACTED_LATER, False)

    def _is_file(self, scope: Scope) -> bool:
        """Its route looks at each row, and says so by CardNumberSeen."""
        route = self._routes.route_of(scope)
        return route is not None and route.largest_file is not None

    async def refused(self, exchange: Exchange, scope: Scope, line: str) -> Refusal:
        """The same of a file, in which a route has seen one."""
        return await self._refused(exchange, scope, Field("body", line, "", ""))

    async def _refused(self, exchange: Exchange, scope: Scope, field: Field) -> Refusal:
        route = self._routes.route_of(scope)
        exchange.withhold()
        exchange.endpoint = route.name_in_log if route else exchange.endpoint
        exchange.caller = self._access.recognise(Request(scope))
        place = redact(_printable(field.place))
        partner = exchange.partner_id
        metrics.count_incident(IncidentKind.CARD_NUMBER, partner)
        log.warning("card_number.refused", trace=exchange.trace, partner=partner, place=place)
        try:
            await self._incidents.record(
                Incident(IncidentKind.CARD_NUMBER, partner, exchange.trace, place)
            )
        except RecordUnavailable:
            # It is refused all the same; the line above and the metric tell of it.
            log.error("incident.unrecorded", trace=exchange.trace)  # noqa: TRY400
        name = redact(_printable(field.name or field.part))
        return field_refused(Code.CARD_NUMBER, name, "looks like a card number")


def _are_halves(left: Field, right: Field) -> bool:
    whole = f"{left.text} {right.text}"
    return sum(map(str.isdigit, whole)) in _WHOLE_DIGITS and find(whole) is not None


def _printable(name: str) -> str:
    return name.encode("ascii", "backslashreplace").decode()[:_LONGEST_NAME]


def _target(scope: Scope) -> list[Field]:
    fields = [Field("path", "", "", scope["raw_path"].decode("latin-1"))]
    if query := scope["query_string"].decode("latin-1"):
        for pair in query.split("&"):
            name, _, value = pair.partition("=")
            if "%" in pair or "+" in pair:
                # find() reads what is encoded more often by itself.
                name, value = unquote_plus(name), unquote_plus(value)
            fields.append(Field("query", name, name, value))
    return fields


def _body(body: bytes) -> list[Field]:
    """Every value in it, by its name; as one text when it is no JSON."""
    text = body.decode(errors="replace")
    try:
        value = json.loads(
            text,
            # Not a dict: of two fields with one name both are looked at.
            object_pairs_hook=tuple,
            parse_int=str,
            parse_float=_written_out,
            parse_constant=str,
        )
    except (ValueError, RecursionError):
        return [Field("body", "", "", text)]
    fields: list[Field] = []
    waiting: list[tuple[str, str, Any]] = [("", "", value)]
    while waiting:
        name, path, value = waiting.pop()
        if isinstance(value, tuple):
            inner = [(_join(name, each), _join(path, each), one) for each, one in value]
            waiting += reversed(inner)
        elif isinstance(value, list):
            listed = [(_join(name, str(at)), path, one) for at, one in enumerate(value)]
            waiting += reversed(listed)
        else:
            fields.append(Field("body", name, path, value if isinstance(value, str) else ""))
    return fields


def _join(outer: str, inner: str) -> str:
    return f"{outer}.{inner}" if outer else inner


def _written_out(number: str) -> str:
    """4.2e15 is a number with as many digits as any other."""
    try:
        value = Decimal(number)
    except ArithmeticError:
        return number
    return f"{value:f}" if abs(value.adjusted()) < _LONGEST_EXPONENT else number
