"""Which route answers a question: one look at the path, instead of one try for each route.

FastAPI's routers declare the routes and FastAPI describes them; asking goes past its machinery of
dependencies and exit stacks, which costs more than everything else that a status request does.
"""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response
from starlette.types import Scope

from api.answers import Refusal
from api.strict import StrictRoute
from payments.domain.codes import Code

_Handle = Callable[[Request], Coroutine[Any, Any, Response]]


class RouteTable:
    """Every path has one method: no two routes of ours share a path."""

    def __init__(self, app: FastAPI, mounted: Iterable[tuple[str, APIRouter]]) -> None:
        self._app = app
        self._routes: dict[str, tuple[str, _Handle]] = {}
        for prefix, router in mounted:
            for route in router.routes:
                assert isinstance(route, StrictRoute), f"{route} is not strict"
                path = prefix + route.path
                assert path not in self._routes, f"two routes at {path}"
                self._routes[path] = route.method, route.get_route_handler()

    async def answer(self, scope: Scope) -> Response:
        """Raises Refusal, and RecordUnavailable."""
        found = self._routes.get(scope["path"])
        # The path comes decoded, and an encoded slash is no slash (RFC 3986, 2.2).
        if found is None or b"%2f" in scope["raw_path"].lower():
            raise Refusal(Code.ROUTE_UNKNOWN)
        method, handle = found
        if scope["method"] != method:
            raise Refusal(Code.METHOD_REFUSED, headers={"Allow": method})
        scope["app"] = self._app
        return await handle(Request(scope))
