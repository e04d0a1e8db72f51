"""Which route answers a question: one look at the path, instead of one try for each route.

FastAPI's routers declare the routes and FastAPI describes them; asking goes past its machinery of
dependencies and exit stacks, which costs more than everything else that a status request does.
"""

import re
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response
from starlette.types import Scope

from api.answers import Refusal
from api.strict import StrictRoute
from payments.domain.codes import Code

_Handle = Callable[[Request], Coroutine[Any, Any, Response]]
_Handles = dict[str, _Handle]
_NAME: Final = re.compile(r"\{(\w+)\}")


class RouteTable:
    """Paths as they are written are looked up; only then those with a name in them are tried."""

    def __init__(self, app: FastAPI, mounted: Iterable[tuple[str, APIRouter]]) -> None:
        self._app = app
        self._plain: dict[str, _Handles] = {}
        self._routes: dict[_Handle, StrictRoute] = {}
        named: dict[str, _Handles] = {}
        for prefix, router in mounted:
            for route in router.routes:
                assert isinstance(route, StrictRoute), f"{route} is not strict"
                path = prefix + route.path
                handles = (named if _NAME.search(path) else self._plain).setdefault(path, {})
                assert route.method not in handles, f"two routes at {route.method} {path}"
                handle = handles[route.method] = route.get_route_handler()
                self._routes[handle] = route
        self._named = [(_pattern(path), handles) for path, handles in named.items()]

    async def answer(self, scope: Scope) -> Response:
        """Raises Refusal, and RecordUnavailable."""
        handles, names = self._find(scope["path"])
        # The path comes decoded, and an encoded slash is no slash (RFC 3986, 2.2).
        if not handles or b"%2f" in scope["raw_path"].lower():
            raise Refusal(Code.ROUTE_UNKNOWN)
        handle = handles.get(scope["method"])
        if handle is None:
            raise Refusal(Code.METHOD_REFUSED, headers={"Allow": ", ".join(sorted(handles))})
        scope["app"], scope["path_params"] = self._app, names
        return await handle(Request(scope))

    def route_of(self, scope: Scope) -> StrictRoute | None:
        """Which route would answer."""
        handle = self._find(scope["path"])[0].get(scope["method"])
        return self._routes[handle] if handle else None

    def _find(self, path: str) -> tuple[_Handles, dict[str, str]]:
        handles = self._plain.get(path)
        if handles is not None:
            return handles, {}
        for pattern, candidates in self._named:
            if match := pattern.fullmatch(path):
                return candidates, match.groupdict()
        return {}, {}


def _pattern(path: str) -> re.Pattern[str]:
    """A name stands for one whole segment of the path."""
    return re.compile(_NAME.sub(r"(?P<\1>[^/]+)", path), re.DOTALL)
