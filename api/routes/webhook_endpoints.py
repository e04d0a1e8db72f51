"""Webhook endpoints: where a partner wants events, and with which secret we sign them."""

from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api.answers import envelope
from api.card_schemas import ForgottenView
from api.delivery_schemas import TestView
from api.desk import desk_of
from api.documents import answers
from api.exchange import Exchange
from api.once import idempotency_key, once
from api.routes.owned import caller_of, own_endpoint
from api.schemas import rfc3339
from api.strict import ANSWER_KEPT_SEALED, StrictRoute, needs, takes_nothing
from api.webhook_schemas import (
    EndpointBody,
    EndpointChanges,
    EndpointsView,
    EndpointView,
    NewEndpointView,
    RotateBody,
    RotatedView,
)
from payments.domain import ids
from payments.domain.codes import Code
from payments.domain.partner import Scope
from payments.domain.webhook import NEWEST_VERSION, Endpoint, EndpointState, Payload
from payments.domain.webhook import EndpointChanges as Changes

router = APIRouter(route_class=StrictRoute, tags=["webhooks"])

EndpointId = Annotated[str, Path(pattern="^whe_[0-9a-z]{26}$")]
MANAGE: Final = needs(Scope.MANAGE_WEBHOOK, None)
_SHOWS_SECRET: Final[dict[str, Any]] = {
    "openapi_extra": {**MANAGE["openapi_extra"], ANSWER_KEPT_SEALED: True}
}


@router.post("/webhook-endpoints", **_SHOWS_SECRET, **answers(NewEndpointView, 409))
async def add_webhook_endpoint(request: Request, body: EndpointBody) -> Response:
    """Have events sent to a URL of yours. The secret that verifies them is shown this once."""
    desk_of(request).webhooks.check(body.url)
    return await once(request, partial(_add, request, body))


async def _add(request: Request, body: EndpointBody) -> Response:
    exchange, partner_id = Exchange.of(request), caller_of(request)
    endpoint = Endpoint(
        endpoint_id=ids.endpoint_id(partner_id, request_name(request)),
        partner_id=partner_id,
        url=body.url,
        types=tuple(body.types),
        version=NEWEST_VERSION,
        payload=Payload(body.payload),
        description=body.description,
        state=EndpointState.ENABLED,
        created_at=exchange.received_at,
    )
    with exchange.measured("record.endpoint"):
        endpoint, secret = await desk_of(request).webhooks.add(endpoint)
    view = NewEndpointView(**EndpointView.fields_of(endpoint), secret=secret)
    return envelope(exchange, Code.OK, view, message="Webhook endpoint added")


@router.get("/webhook-endpoints", **MANAGE, **answers(EndpointsView))
async def list_webhook_endpoints(request: Request) -> Response:
    """Your webhook endpoints, the oldest first."""
    exchange = Exchange.of(request)
    with exchange.measured("record.endpoints"):
        found = await desk_of(request).webhooks.endpoints.of_partner(caller_of(request))
    view = EndpointsView(endpoints=[EndpointView.of(each) for each in found])
    return envelope(exchange, Code.OK, view, message="Webhook endpoints")


@router.get("/webhook-endpoints/{endpoint_id}", **MANAGE, **answers(EndpointView))
async def show_webhook_endpoint(request: Request, endpoint_id: EndpointId) -> Response:
    """One webhook endpoint, without its secret."""
    endpoint = await own_endpoint(request, endpoint_id)
    return _shown(request, endpoint, "Webhook endpoint found")


@router.patch("/webhook-endpoints/{endpoint_id}", **MANAGE, **answers(EndpointView))
async def change_webhook_endpoint(
    request: Request, endpoint_id: EndpointId, body: EndpointChanges
) -> Response:
    """Change what is named. What is on its way already goes to the new URL."""
    desk_of(request).webhooks.check(body.url)
    return await once(request, partial(_change, request, endpoint_id, body))


async def _change(request: Request, endpoint_id: str, body: EndpointChanges) -> Response:
    changes = Changes(
        url=body.url,
        types=None if body.types is None else tuple(body.types),
        payload=None if body.payload is None else Payload(body.payload),
        version=body.version,
        description=body.description,
    )
    endpoint = await own_endpoint(request, endpoint_id)
    endpoint = await desk_of(request).webhooks.change(endpoint, changes)
    return _shown(request, endpoint, "Webhook endpoint changed")


@router.delete("/webhook-endpoints/{endpoint_id}", **MANAGE, **answers(ForgottenView))
async def remove_webhook_endpoint(request: Request, endpoint_id: EndpointId) -> Response:
    """Send nothing there any more, and forget its secret."""
    takes_nothing(request)
    return await once(request, partial(_remove, request, endpoint_id))


async def _remove(request: Request, endpoint_id: str) -> Response:
    endpoint = await own_endpoint(request, endpoint_id)
    await desk_of(request).webhooks.remove(endpoint)
    exchange = Exchange.of(request)
    return envelope(exchange, Code.OK, ForgottenView(), message="Webhook endpoint removed")


@router.post("/webhook-endpoints/{endpoint_id}/disable", **MANAGE, **answers(EndpointView))
async def disable_webhook_endpoint(request: Request, endpoint_id: EndpointId) -> Response:
    """Send nothing there for now. What is on its way is canceled, and can be replayed later."""
    takes_nothing(request)
    return await once(request, partial(_disable, request, endpoint_id))


async def _disable(request: Request, endpoint_id: str) -> Response:
    endpoint = await own_endpoint(request, endpoint_id)
    at = Exchange.of(request).received_at
    endpoint = await desk_of(request).webhooks.disable(endpoint, at)
    return _shown(request, endpoint, "Webhook endpoint disabled")


@router.post("/webhook-endpoints/{endpoint_id}/enable", **MANAGE, **answers(EndpointView))
async def enable_webhook_endpoint(request: Request, endpoint_id: EndpointId) -> Response:
    """Send events there again, from now on. Replay what it has missed."""
    takes_nothing(request)
    return await once(request, partial(_enable, request, endpoint_id))


async def _enable(request: Request, endpoint_id: str) -> Response:
    endpoint = await desk_of(request).webhooks.enable(await own_endpoint(request, endpoint_id))
    return _shown(request, endpoint, "Webhook endpoint enabled")


@router.post(
    "/webhook-endpoints/{endpoint_id}/rotate-secret", **_SHOWS_SECRET, **answers(RotatedView)
)
async def rotate_webhook_secret(
    request: Request, endpoint_id: EndpointId, body: RotateBody
) -> Response:
    """A new secret, shown this once. The old one signs as well for a while: a day, if you do not
    say. So do those before it, each until its own end, five in all. With 0, for when one has
    leaked, only the new one signs.
    """
    return await once(request, partial(_rotate, request, endpoint_id, body))


async def _rotate(request: Request, endpoint_id: str, body: RotateBody) -> Response:
    endpoint, exchange = await own_endpoint(request, endpoint_id), Exchange.of(request)
    overlap = timedelta(seconds=body.overlap_seconds)
    with exchange.measured("record.secret"):
        known = await desk_of(request).webhooks.rotate(
            endpoint, request_name(request), overlap, exchange.received_at
        )
    assert known.previous_until is not None, "a rotated secret has one before it"
    view = RotatedView(
        **EndpointView.fields_of(endpoint),
        secret=known.current,
        previous_until=rfc3339(known.previous_until),
    )
    return envelope(exchange, Code.OK, view, message="Secret rotated")


@router.post("/webhook-endpoints/{endpoint_id}/test", **MANAGE, **answers(TestView, 409))
async def test_webhook_endpoint(request: Request, endpoint_id: EndpointId) -> Response:
    """Send an event of type `webhook_endpoint.test` there, on the way that all events go."""
    takes_nothing(request)
    return await once(request, partial(_test, request, endpoint_id))


async def _test(request: Request, endpoint_id: str) -> Response:
    endpoint, exchange = await own_endpoint(request, endpoint_id), Exchange.of(request)
    with exchange.measured("record.event"):
        event = await desk_of(request).webhooks.test(
            endpoint, request_name(request), exchange.received_at
        )
    view = TestView(
        event_id=ids.event_name(event.event_id), endpoint_id=endpoint_id, type=event.type
    )
    return envelope(exchange, Code.OK, view, message="Test event on its way")


def request_name(request: Request) -> str:
    """What a repeat of this very request has in common with it: key and content, or its trace."""
    key, exchange = idempotency_key(request), Exchange.of(request)
    return exchange.trace if key is None else f"{key}\n{exchange.fingerprint.hex()}"


def _shown(request: Request, endpoint: Endpoint, message: str) -> Response:
    return envelope(Exchange.of(request), Code.OK, EndpointView.of(endpoint), message=message)
