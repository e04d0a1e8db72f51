"""How large a request's body may be, and how long it may take to come."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.types import Scope

from api.access import Access
from api.table import RouteTable

TIMEOUT_S: Final = 10.0
LONG_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class BodyLimit:
    bytes: int
    seconds: float = TIMEOUT_S


class BodyLimits:
    """A stranger sends no more than anybody may: more is taken from those whom we know."""

    def __init__(self, routes: RouteTable, access: Access, largest: int) -> None:
        self._routes = routes
        self._access = access
        self._ordinary = BodyLimit(largest)

    def of(self, scope: Scope) -> BodyLimit:
        route = self._routes.route_of(scope)
        longest = route.longest_body if route else None
        if longest is None or self._access.recognise(Request(scope)) is None:
            return self._ordinary
        return BodyLimit(longest, LONG_TIMEOUT_S)
