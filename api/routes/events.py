"""Events: what happened to a partner's objects, as its webhooks told or will tell it."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.answers import Refusal, envelope
from api.delivery_schemas import EventsQuery, EventsView, EventView
from api.desk import desk_of
from api.documents import answers
from api.exchange import Exchange
from api.routes.deliveries import EventId
from api.routes.owned import caller_of, event_named
from api.routes.webhook_endpoints import MANAGE
from api.strict import StrictRoute
from payments.domain import ids
from payments.domain.codes import Code

router = APIRouter(route_class=StrictRoute, tags=["webhooks"])


@router.get("/events", **MANAGE, **answers(EventsView))
async def list_events(request: Request, query: Annotated[EventsQuery, Query()]) -> Response:
    """Your events, newest first, a page at a time; all of them, or those of one object."""
    exchange = Exchange.of(request)
    with exchange.measured("record.events"):
        found = await desk_of(request).webhooks.log.events(
            caller_of(request),
            object_id=query.object_id,
            before=None if query.after is None else ids.event_of_name(query.after),
            limit=query.limit + 1,
        )
    page = found[: query.limit]
    view = EventsView(
        events=[EventView.of(each) for each in page],
        next=ids.event_name(page[-1].event_id) if len(found) > len(page) else None,
    )
    return envelope(exchange, Code.OK, view, message="Events")


@router.get("/events/{event_id}", **MANAGE, **answers(EventView))
async def show_event(request: Request, event_id: EventId) -> Response:
    """One event, with all of its data."""
    exchange, event = Exchange.of(request), event_named(event_id)
    with exchange.measured("record.event"):
        found = await desk_of(request).webhooks.log.event(caller_of(request), event)
    if found is None:
        raise Refusal(Code.EVENT_UNKNOWN)
    return envelope(exchange, Code.OK, EventView.of(found), message="Event found")
