"""Payouts: your money to an account or a card."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api.answers import envelope, field_refused
from api.desk import desk_of
from api.documents import answers
from api.exchange import Exchange
from api.once import idempotency_key, once
from api.payout_schemas import (
    FundsQuery,
    FundsView,
    PayoutBody,
    PayoutsQuery,
    PayoutsView,
    PayoutView,
)
from api.routes.owned import caller_of, own_customer, own_destination, own_payout
from api.strict import StrictRoute, needs, takes_nothing
from payments.domain.codes import Code
from payments.domain.destination import Destination
from payments.domain.money import Money, MoneyError
from payments.domain.partner import Product, Scope
from payments.domain.payout import Leg, Payout, PayoutStatus
from payments.ports.payouts import PayoutFilter

router = APIRouter(route_class=StrictRoute, tags=["payouts"])

PayoutId = Annotated[str, Path(pattern="^po_[0-9a-z]{26}$")]
_POST: Final = needs(Scope.POST_PAYOUT, Product.PAYOUTS)
_READ: Final = needs(Scope.READ_PAYOUT, Product.PAYOUTS)
_OPEN: Final = frozenset({PayoutStatus.QUEUED, PayoutStatus.ON_HOLD, PayoutStatus.SENT})
_STILL: Final = "On its way, or held until people of ours have looked; a webhook tells the rest"


@router.post(
    "/payouts", **_POST, **answers(PayoutView, 409, also={202: _STILL, 402: "It came to nothing"})
)
async def create_payout(request: Request, body: PayoutBody) -> Response:
    """Pay out to a verified destination, or all of it back to a customer. Amount and fee are set
    aside from your funds at once.
    """
    return await once(request, partial(_create, request, body))


async def _create(request: Request, body: PayoutBody) -> Response:
    exchange, desk = Exchange.of(request), desk_of(request).payouts
    with exchange.measured("record.payout"):
        known = await desk.payouts.known(caller_of(request), body)
    if known is not None:
        return await _told(request, known)
    order = desk.payouts.order(exchange, body, caller_of(request), await _to(request, body))
    with exchange.measured("engine.payout"):
        payout = await desk.payouts.begin(order)
    return await _told(request, payout)


async def _to(request: Request, body: PayoutBody) -> Destination | None:
    """None: back to a customer of the caller's. Raises Refusal."""
    match body.to:
        case {"destinationToken": token}:
            return await own_destination(request, token)
        case {"customerId": customer_id}:
            await own_customer(request, customer_id)
    return None


@router.get("/payouts", **_READ, **answers(PayoutsView))
async def list_payouts(request: Request, query: Annotated[PayoutsQuery, Query()]) -> Response:
    """Your payouts, newest first, a page at a time."""
    exchange = Exchange.of(request)
    wanted = PayoutFilter(
        status=query.status,
        reference=query.reference,
        destination_id=query.destination_token,
        created_from=query.created_from,
        created_before=query.created_before,
        after=query.after,
        limit=query.limit + 1,
    )
    with exchange.measured("record.payouts"):
        found = await desk_of(request).payouts.records.list(caller_of(request), wanted)
    page = found[: query.limit]
    legs = await _legs(request, page)
    view = PayoutsView(
        payouts=[PayoutView.of(each, legs.get(each.payout_id, ())) for each in page],
        next=page[-1].payout_id if len(found) > len(page) else None,
    )
    return envelope(exchange, Code.OK, view, message="Payouts")


@router.get("/payouts/{payout_id}", **_READ, **answers(PayoutView))
async def show_payout(request: Request, payout_id: PayoutId) -> Response:
    """The record of one payout. A failed one answers OK: the question was answered."""
    payout = await own_payout(request, payout_id)
    exchange, view = Exchange.of(request), await _view(request, payout)
    if payout.status in _OPEN:
        return envelope(exchange, Code.PENDING, view, http_status=200)
    return envelope(exchange, Code.OK, view, message=f"Payout {payout.status}")


@router.post("/payouts/{payout_id}/cancel", **_POST, **answers(PayoutView, 409))
async def cancel_payout(request: Request, payout_id: PayoutId) -> Response:
    """Take a payout back before it leaves: while it is held, or its rail does not take it.

    Once its legs have begun it is its transfer that is taken back; its refunds go on.
    """
    takes_nothing(request)
    return await once(request, partial(_cancel, request, payout_id))


async def _cancel(request: Request, payout_id: str) -> Response:
    payout = await own_payout(request, payout_id)
    exchange = Exchange.of(request)
    key = idempotency_key(request) or exchange.trace
    with exchange.measured("engine.cancel"):
        canceled = await desk_of(request).payouts.payouts.cancel(
            payout, key=key, trace=exchange.trace
        )
    view, is_whole = await _view(request, canceled), canceled.status is PayoutStatus.CANCELED
    message = "Payout canceled" if is_whole else "Its transfer canceled"
    return envelope(exchange, Code.OK, view, message=message)


@router.get("/funds", **_READ, **answers(FundsView))
async def show_funds(request: Request, query: Annotated[FundsQuery, Query()]) -> Response:
    """What you could pay out now in this currency."""
    exchange = Exchange.of(request)
    with exchange.measured("record.funds"):
        minor = await desk_of(request).payouts.records.available(caller_of(request), query.currency)
    try:
        available = str(Money(minor, query.currency))
    except MoneyError as error:
        raise field_refused(Code.FIELD_REFUSED, "currency", str(error)) from None
    view = FundsView(currency=query.currency, available=available)
    return envelope(exchange, Code.OK, view, message="Available funds")


async def _told(request: Request, payout: Payout) -> Response:
    exchange, view = Exchange.of(request), await _view(request, payout)
    if payout.status in _OPEN:
        return envelope(exchange, Code.PENDING, view)
    if payout.status is PayoutStatus.PARTLY_PAID:
        return envelope(exchange, Code.OK, view, message="Payout paid in part")
    if payout.code is not None:
        return envelope(exchange, payout.code, view)
    return envelope(exchange, Code.OK, view, message=f"Payout {payout.status}")


async def _view(request: Request, payout: Payout) -> PayoutView:
    return PayoutView.of(payout, (await _legs(request, [payout])).get(payout.payout_id, ()))


async def _legs(request: Request, payouts: Sequence[Payout]) -> Mapping[str, Sequence[Leg]]:
    """Nothing is asked of payouts that are one transfer."""
    if not any(each.by_legs for each in payouts):
        return {}
    with Exchange.of(request).measured("record.payout_legs"):
        return await desk_of(request).payouts.records.legs(payouts)
