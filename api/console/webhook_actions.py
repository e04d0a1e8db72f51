"""What an operator does about webhooks: where many are touched, a question first, then a form.

Every form is answered with a redirect, so that a page that is loaded anew does nothing twice.
"""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.answers import Refusal
from api.console import asked
from api.console.asked import Asked
from api.console.desk import WebhookConsole
from api.console.frame import page
from api.console.webhooks import Done, done_before, place_of, shown_url
from api.webhook_endpoints import MOST_REPLAYED
from payments.domain import ids
from payments.domain.codes import Code
from payments.domain.webhook import Endpoint, EndpointState
from payments.ports.webhook_insight import MOST_COUNTED

# `after`: only what lies behind that event, when one form was not enough.
_RANGE: Final = ("from", "to", "after")
_NO_FIELDS: Final[Mapping[str, str]] = {}
_Handler = Callable[[Request], Awaitable[Response]]

log = structlog.get_logger("console")


def routes(desk: WebhookConsole) -> list[Route]:
    actions, one = _Actions(desk), "/webhooks/{endpoint}"
    questions = {
        "disable": (actions.ask_disable, actions.disable),
        "replay-failures": (actions.ask_failures, actions.replay_failures),
        "replay-range": (actions.ask_range, actions.replay_range),
    }
    return [
        *(_question(f"{one}/{name}", *both) for name, both in questions.items()),
        Route(f"{one}/enable", actions.enable, methods=["POST"]),
        Route(f"{one}/deliveries/{{event}}/replay", actions.replay_event, methods=["POST"]),
    ]


def _question(path: str, ask: _Handler, does: _Handler) -> Route:
    async def either(request: Request) -> Response:
        return await (does if request.method == "POST" else ask)(request)

    return Route(path, either, methods=["GET", "POST"])


class _Actions:
    def __init__(self, desk: WebhookConsole) -> None:
        self._desk = desk

    async def ask_disable(self, request: Request) -> Response:
        asked.query_of(request)
        watched = await self._desk.watched(request.path_params["endpoint"])
        endpoint = await self._endpoint(request)
        return _asks(
            "disable", endpoint, count=watched.pending, is_more=watched.pending >= MOST_COUNTED
        )

    async def disable(self, request: Request) -> Response:
        await asked.form_of(request)
        endpoint = await self._endpoint(request)
        await self._desk.disable(endpoint)
        return _did("disabled", endpoint)

    async def enable(self, request: Request) -> Response:
        await asked.form_of(request)
        endpoint = await self._endpoint(request)
        await self._desk.endpoints.enable(endpoint)
        return _did("enabled", endpoint)

    async def ask_failures(self, request: Request) -> Response:
        asked.query_of(request)
        endpoint = await self._enabled(request)
        count = await self._desk.insight.failures(endpoint, MOST_REPLAYED + 1)
        return _asks("failures", endpoint, count=count, is_more=count > MOST_REPLAYED)

    async def replay_failures(self, request: Request) -> Response:
        await asked.form_of(request)
        endpoint = await self._endpoint(request)
        count = await self._desk.endpoints.replay_failures(endpoint)
        return _did("replayed", endpoint, count)

    async def ask_range(self, request: Request) -> Response:
        query = asked.query_of(request, *_RANGE, "done", "count")
        endpoint, (since, until, after) = await self._enabled(request), _range(query)
        count = await self._desk.insight.missed(endpoint, since, until, MOST_REPLAYED + 1, after)
        return _asks(
            "range",
            endpoint,
            count=count,
            is_more=count > MOST_REPLAYED,
            fields={name: query[name] for name in _RANGE if name in query},
            since=since,
            until=until,
            done=done_before(request),
        )

    async def replay_range(self, request: Request) -> Response:
        form = await asked.form_of(request, *_RANGE)
        endpoint, (since, until, after) = await self._endpoint(request), _range(form)
        replayed = await self._desk.endpoints.replay_range(endpoint, since, until, after)
        if replayed.after is None:
            return _did("replayed", endpoint, replayed.made)
        rest = form | {"after": ids.event_name(replayed.after)}
        return _did("replayed", endpoint, replayed.made, "/replay-range", rest)

    async def replay_event(self, request: Request) -> Response:
        await asked.form_of(request)
        endpoint, event_id = (
            await self._endpoint(request),
            asked.event_named(request.path_params["event"]),
        )
        count = await self._desk.endpoints.replay_event(endpoint, event_id)
        return _did("replayed", endpoint, count, f"/deliveries/{ids.event_name(event_id)}")

    async def _endpoint(self, request: Request) -> Endpoint:
        return await self._desk.endpoint(request.path_params["endpoint"])

    async def _enabled(self, request: Request) -> Endpoint:
        """What is asked about a disabled endpoint would be refused in the end."""
        endpoint = await self._endpoint(request)
        if endpoint.state is EndpointState.DISABLED:
            raise Refusal(Code.ENDPOINT_DISABLED)
        return endpoint


def _range(asked_for: Asked) -> tuple[datetime, datetime, UUID | None]:
    since, until = asked.moment_of(asked_for, "from"), asked.moment_of(asked_for, "to")
    if since >= until:
        raise HTTPException(400, "to must be later than from.")
    after = asked_for.get("after")
    return since, until, None if after is None else asked.event_named(after, 400)


def _asks(
    what: str,
    endpoint: Endpoint,
    *,
    count: int,
    is_more: bool,
    fields: Mapping[str, str] = _NO_FIELDS,
    since: datetime | None = None,
    until: datetime | None = None,
    done: Done | None = None,
) -> Response:
    """`is_more`: there are more than `count` counts, or than one form replays."""
    return page(
        "confirm.html",
        what=what,
        endpoint=endpoint,
        count=count,
        is_more=is_more,
        most=MOST_REPLAYED,
        fields=fields,
        since=since,
        until=until,
        done=done,
        shown_url=shown_url,
    )


def _did(
    done: str,
    endpoint: Endpoint,
    count: int = 0,
    beneath: str = "",
    query: Mapping[str, str] = _NO_FIELDS,
) -> Response:
    """To the page beneath the endpoint's that shows what was done, or asks about the rest."""
    log.info("console.done", what=done, endpoint=endpoint.endpoint_id, count=count)
    told = urlencode({**query, "done": done, "count": count})
    return RedirectResponse(f"{place_of(endpoint)}{beneath}?{told}", 303)
