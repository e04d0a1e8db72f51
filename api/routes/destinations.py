"""Destinations: where payouts may go. Written once, from then on a token."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api.answers import envelope
from api.desk import desk_of
from api.documents import answers
from api.exchange import Exchange
from api.once import once
from api.payout_schemas import (
    DestinationBody,
    DestinationsQuery,
    DestinationsView,
    DestinationView,
)
from api.routes.owned import caller_of, own_destination
from api.strict import StrictRoute, needs, takes_nothing
from payments.domain.codes import Code
from payments.domain.destination import Destination, DestinationState
from payments.domain.partner import Product, Scope

router = APIRouter(route_class=StrictRoute, tags=["payouts"])

DestinationToken = Annotated[str, Path(pattern="^dst_[0-9a-z]{26}$")]
_POST: Final = needs(Scope.POST_PAYOUT, Product.PAYOUTS)
_READ: Final = needs(Scope.READ_PAYOUT, Product.PAYOUTS)
_STILL: Final = {202: "Kept; its rail has not said yet whether it knows it"}


@router.post("/destinations", **_POST, **answers(DestinationView, 409, also=_STILL))
async def add_destination(request: Request, body: DestinationBody) -> Response:
    """Keep an account or a card to pay out to, and have its rail verify it."""
    return await once(request, partial(_add, request, body))


async def _add(request: Request, body: DestinationBody) -> Response:
    exchange = Exchange.of(request)
    return _told(exchange, await desk_of(request).payouts.accounts.add(exchange, body))


@router.get("/destinations", **_READ, **answers(DestinationsView))
async def list_destinations(
    request: Request, query: Annotated[DestinationsQuery, Query()]
) -> Response:
    """Your destinations, or those of one customer; the oldest first."""
    exchange = Exchange.of(request)
    with exchange.measured("record.destinations"):
        found = await desk_of(request).payouts.destinations.list(
            caller_of(request), query.customer_id
        )
    view = DestinationsView(destinations=[DestinationView.of(each) for each in found])
    return envelope(exchange, Code.OK, view, message="Destinations")


@router.get("/destinations/{destination_token}", **_READ, **answers(DestinationView))
async def show_destination(request: Request, destination_token: DestinationToken) -> Response:
    """One destination; of its number, the end."""
    found = await own_destination(request, destination_token)
    view = DestinationView.of(found)
    return envelope(Exchange.of(request), Code.OK, view, message=f"Destination {found.state}")


@router.post(
    "/destinations/{destination_token}/verify", **_POST, **answers(DestinationView, also=_STILL)
)
async def verify_destination(request: Request, destination_token: DestinationToken) -> Response:
    """Ask its rail again. A word that it has said once stays."""
    takes_nothing(request)
    found = await own_destination(request, destination_token)
    exchange = Exchange.of(request)
    return _told(exchange, await desk_of(request).payouts.accounts.verify(exchange, found))


def _told(exchange: Exchange, found: Destination) -> Response:
    view = DestinationView.of(found)
    if found.state is DestinationState.UNVERIFIED:
        return envelope(exchange, Code.PENDING, view)
    return envelope(exchange, Code.OK, view, message=f"Destination {found.state}")
