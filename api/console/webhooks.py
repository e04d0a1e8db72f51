"""The pages of webhooks: endpoints, the deliveries of one, and one delivery try by try."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from api.answers import Refusal
from api.console import asked
from api.console.desk import WebhookConsole
from api.console.frame import ROOT, page
from api.console.listing import PAGE, link, listed
from api.delivery_names import name_of
from api.webhook_endpoints import MOST_REPLAYED
from payments.domain import ids
from payments.domain.codes import Code
from payments.domain.events import EVENT_TYPES
from payments.domain.webhook import PAUSES, DeliveryState, Endpoint
from payments.ports.webhook_insight import MOST_COUNTED, Condition, WatchedEndpoint
from payments.ports.webhooks import LoggedDelivery

# A page of one type looks through so many deliveries of all types.
_LOOKED_THROUGH: Final = 1_000
_MOST_PARTNERS: Final = 500
_DONE: Final = frozenset({"replayed", "disabled", "enabled"})


def routes(desk: WebhookConsole) -> list[Route]:
    pages = _Pages(desk)
    one = "/webhooks/{endpoint}"
    return [
        Route("/webhooks", pages.endpoints),
        Route(one, pages.endpoint),
        Route(one + "/deliveries/{event}", pages.delivery),
    ]


def place_of(endpoint: Endpoint) -> str:
    return f"{ROOT}/webhooks/{endpoint.endpoint_id}"


def shown_url(url: str) -> str:
    """Without what stands behind the question mark: some keep a password there."""
    return urlsplit(url)._replace(query="…").geturl() if "?" in url else url


@dataclass(frozen=True, slots=True)
class _Found:
    """One page of a delivery log; `older` is where the next one begins."""

    deliveries: Sequence[LoggedDelivery]
    older: str | None = None
    # Back to when a search has come that is not at the log's end.
    looked_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class _Search:
    state: DeliveryState | None
    type: str | None
    event: str | None
    before: str | None

    @classmethod
    def of(cls, request: Request) -> "_Search":
        query = asked.query_of(request, "state", "type", "event", "before", "done", "count")
        type_ = query.get("type")
        if type_ is not None and type_ not in EVENT_TYPES:
            raise HTTPException(400, "There is no such type of event.")
        state = asked.one_of(query, "state", DeliveryState)
        return cls(state, type_, query.get("event"), query.get("before"))

    def wants(self, delivery: LoggedDelivery) -> bool:
        return self.state in (None, delivery.state) and self.type in (None, delivery.type)


class _Pages:
    def __init__(self, desk: WebhookConsole) -> None:
        self._desk = desk

    async def endpoints(self, request: Request) -> Response:
        query = asked.query_of(request, "partner", "state", "before")
        partner_id = asked.partner_of(query)
        condition = asked.one_of(query, "state", Condition)

        async def find(before: str | None, limit: int) -> Sequence[WatchedEndpoint]:
            return await self._desk.insight.endpoints(
                partner_id=partner_id, condition=condition, after=before, limit=limit
            )

        found = await listed(query, find, lambda each: each.endpoint.endpoint_id)
        lag = await self._desk.outbox.lag()
        return page(
            "endpoints.html",
            lag=lag,
            lag_age=timedelta(seconds=lag.oldest_untried_s),
            listed=found,
            partners=await self._desk.insight.partners(_MOST_PARTNERS),
            conditions=list(Condition),
            partner=partner_id,
            condition=condition,
            most=MOST_COUNTED,
            shown_url=shown_url,
        )

    async def endpoint(self, request: Request) -> Response:
        search = _Search.of(request)
        watched = await self._desk.watched(request.path_params["endpoint"])
        endpoint_id = watched.endpoint.endpoint_id
        found = await self._found(endpoint_id, search)
        chosen = {"state": search.state, "type": search.type}
        return page(
            "endpoint.html",
            watched=watched,
            endpoint=watched.endpoint,
            search=search,
            found=found,
            types=sorted(EVENT_TYPES),
            states=list(DeliveryState),
            older=None if found.older is None else link(**chosen, before=found.older),
            newest=link(**chosen, event=search.event),
            done=done_before(request),
            most=MOST_COUNTED,
            event_name=ids.event_name,
            shown_url=shown_url,
        )

    async def _found(self, endpoint_id: str, search: _Search) -> _Found:
        if search.event is not None:
            event_id = asked.event_named(search.event, 400)
            rounds = await self._desk.log.rounds(event_id, endpoint_id)
            return _Found([each for each in reversed(rounds) if search.wants(each)])
        before = search.before and asked.delivery_named(search.before, endpoint_id)
        # The log has no index of types: a page of one type may be short, and says how far it is.
        limit = PAGE if search.type is None else _LOOKED_THROUGH
        logged = await self._desk.log.of_endpoint(
            endpoint_id, state=search.state, before=before or None, limit=limit + 1
        )
        looked = logged[:limit]
        wanted = [each for each in looked if search.wants(each)]
        if len(wanted) > PAGE:
            return _Found(wanted[:PAGE], name_of(wanted[PAGE - 1].ref))
        if len(logged) == len(looked):
            return _Found(wanted)
        short = looked[-1].created_at if search.type else None
        return _Found(wanted, name_of(looked[-1].ref), short)

    async def delivery(self, request: Request) -> Response:
        asked.query_of(request, "done", "count")
        watched = await self._desk.watched(request.path_params["endpoint"])
        event_id = asked.event_named(request.path_params["event"])
        rounds = await self._desk.log.rounds(event_id, watched.endpoint.endpoint_id)
        if not rounds:
            raise Refusal(Code.EVENT_UNKNOWN)
        tries = await self._desk.log.tries(event_id, watched.endpoint.endpoint_id)
        return page(
            "delivery.html",
            watched=watched,
            endpoint=watched.endpoint,
            event=ids.event_name(event_id),
            last=rounds[-1],
            rounds=[
                (each, [made for number, made in tries if number == each.ref.round])
                for each in reversed(rounds)
            ],
            most_tries=len(PAUSES) + 1,
            done=done_before(request),
            shown_url=shown_url,
        )


@dataclass(frozen=True, slots=True)
class Done:
    """What an action has just done; `is_all` unless it has done as much as one does at most."""

    what: str
    count: int
    is_all: bool


def done_before(request: Request) -> Done | None:
    """Of the words that lead here only those that we know are shown."""
    what, text = request.query_params.get("done", ""), request.query_params.get("count", "")
    if what not in _DONE:
        return None
    count = int(text[:9]) if text.isascii() and text.isdigit() else 0
    return Done(what, count, is_all=count < MOST_REPLAYED)
