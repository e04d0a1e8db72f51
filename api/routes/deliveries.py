"""What became of webhooks at one endpoint, try by try; and sending them again."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api.answers import Refusal, envelope, field_refused
from api.delivery_names import name_of, ref_of
from api.delivery_schemas import (
    DeliveriesQuery,
    DeliveriesView,
    DeliveryView,
    ReplayedView,
    RoundsView,
    RoundView,
)
from api.desk import desk_of
from api.documents import answers
from api.exchange import Exchange
from api.once import once
from api.routes.owned import event_named, own_endpoint
from api.routes.webhook_endpoints import MANAGE, EndpointId
from api.strict import StrictRoute
from api.webhook_endpoints import MOST_REPLAYED
from api.webhook_schemas import ReplayBody
from payments.domain import ids
from payments.domain.codes import Code
from payments.domain.webhook import Endpoint

router = APIRouter(route_class=StrictRoute, tags=["webhooks"])

EventId = Annotated[str, Path(pattern="^evt_[0-9a-z]{26}$")]
_EACH = "exactly one of eventId, from with to, or failures"


@router.get("/webhook-endpoints/{endpoint_id}/deliveries", **MANAGE, **answers(DeliveriesView))
async def list_webhook_deliveries(
    request: Request, endpoint_id: EndpointId, query: Annotated[DeliveriesQuery, Query()]
) -> Response:
    """What was sent to an endpoint, newest first, a page at a time."""
    exchange = Exchange.of(request)
    endpoint = await own_endpoint(request, endpoint_id)
    with exchange.measured("record.deliveries"):
        found = await desk_of(request).webhooks.log.of_endpoint(
            endpoint.endpoint_id,
            state=query.state,
            before=None if query.after is None else ref_of(query.after, endpoint.endpoint_id),
            limit=query.limit + 1,
        )
    page = found[: query.limit]
    view = DeliveriesView(
        deliveries=[DeliveryView.of(each) for each in page],
        next=name_of(page[-1].ref) if len(found) > len(page) else None,
    )
    return envelope(exchange, Code.OK, view, message="Deliveries")


@router.get(
    "/webhook-endpoints/{endpoint_id}/deliveries/{event_id}", **MANAGE, **answers(RoundsView)
)
async def show_webhook_delivery(
    request: Request, endpoint_id: EndpointId, event_id: EventId
) -> Response:
    """Every try to send one event to this endpoint."""
    exchange, event = Exchange.of(request), event_named(event_id)
    endpoint, log = await own_endpoint(request, endpoint_id), desk_of(request).webhooks.log
    with exchange.measured("record.delivery"):
        rounds = await log.rounds(event, endpoint.endpoint_id)
        tries = await log.tries(event, endpoint.endpoint_id)
    if not rounds:
        raise Refusal(Code.EVENT_UNKNOWN)
    view = RoundsView(
        event_id=event_id,
        endpoint_id=endpoint.endpoint_id,
        type=rounds[0].type,
        object_id=rounds[0].object_id,
        sequence=rounds[0].sequence,
        rounds=[
            RoundView.of(each, [made for number, made in tries if number == each.ref.round])
            for each in rounds
        ],
    )
    return envelope(exchange, Code.OK, view, message="Delivery found")


@router.post("/webhook-endpoints/{endpoint_id}/replay", **MANAGE, **answers(ReplayedView, 409))
async def replay_webhooks(request: Request, endpoint_id: EndpointId, body: ReplayBody) -> Response:
    """Send events again, under the ids that they have. What is on its way already is left alone."""
    _refuse_unclear(body)
    return await once(request, partial(_replay, request, endpoint_id, body))


async def _replay(request: Request, endpoint_id: str, body: ReplayBody) -> Response:
    endpoint, exchange = await own_endpoint(request, endpoint_id), Exchange.of(request)
    with exchange.measured("record.replay"):
        view = await _asked_for(request, endpoint, body)
    return envelope(exchange, Code.OK, view, message="On their way again")


async def _asked_for(request: Request, endpoint: Endpoint, body: ReplayBody) -> ReplayedView:
    desk = desk_of(request).webhooks
    if body.event_id is not None:
        made = await desk.replay_event(endpoint, event_named(body.event_id))
        return ReplayedView(replayed=made, more=False)
    if body.from_ is not None and body.to is not None:
        after = None if body.after is None else event_named(body.after)
        replayed = await desk.replay_range(endpoint, body.from_, body.to, after)
        goes_on = None if replayed.after is None else ids.event_name(replayed.after)
        return ReplayedView(replayed=replayed.made, more=goes_on is not None, next=goes_on)
    made = await desk.replay_failures(endpoint)
    return ReplayedView(replayed=made, more=made >= MOST_REPLAYED)


def _refuse_unclear(body: ReplayBody) -> None:
    """Raises Refusal, by the name of the field that is missing or one too many."""
    if (body.from_ is None) != (body.to is None):
        missing = "from" if body.from_ is None else "to"
        raise field_refused(Code.FIELD_MALFORMED, missing, "from and to belong together")
    told = [
        name
        for name, value in (
            ("eventId", body.event_id),
            ("from", body.from_),
            ("failures", body.failures),
        )
        if value is not None
    ]
    if len(told) != 1:
        raise field_refused(Code.FIELD_MALFORMED, told[1] if told else "eventId", _EACH)
    if body.after is not None and body.from_ is None:
        raise field_refused(Code.FIELD_MALFORMED, "after", "goes with from and to")
    if body.failures is False:
        raise field_refused(Code.FIELD_REFUSED, "failures", "true, or left out")
    if body.from_ is not None and body.to is not None and body.from_ >= body.to:
        raise field_refused(Code.FIELD_REFUSED, "to", "must be later than from")
