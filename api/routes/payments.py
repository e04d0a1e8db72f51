"""Card payments: begin one, ask for it, confirm, capture, cancel."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api.answers import envelope
from api.card_orders import money
from api.card_payments import Outcome, not_possible_in
from api.card_schemas import CaptureBody, PaymentBody, PaymentsQuery, PaymentsView, PaymentView
from api.desk import desk_of
from api.documents import answers
from api.exchange import Exchange
from api.once import idempotency_key, once
from api.routes.owned import caller_of, own_payment
from api.strict import StrictRoute, needs, takes_nothing
from payments.domain import ids
from payments.domain.codes import Code
from payments.domain.partner import Product, Scope
from payments.domain.payment import CaptureOrder, Payment, PaymentStatus
from payments.ports.payments import Filter

router = APIRouter(route_class=StrictRoute, tags=["payments"])

PaymentId = Annotated[str, Path(pattern="^pay_[0-9a-z]{26}$")]
_POST: Final = needs(Scope.POST_PAYMENT, Product.PAYMENTS)
_READ: Final = needs(Scope.READ_PAYMENT, Product.PAYMENTS)
_PENDING: Final = frozenset(
    {PaymentStatus.PROCESSING, PaymentStatus.REVIEW, PaymentStatus.REQUIRES_ACTION}
)
_ENDED: Final = frozenset({PaymentStatus.CANCELED, PaymentStatus.EXPIRED, PaymentStatus.FAILED})
_STILL: Final = "Not decided yet: the customer has to act, or somebody takes time; ask again"


@router.post(
    "/payments",
    **_POST,
    **answers(PaymentView, 409, also={202: _STILL, 402: "Declined; nothing moved"}),
)
async def create_payment(request: Request, body: PaymentBody) -> Response:
    """Pay by card. The first decision is the answer; `nextAction` says what is still to be done."""
    desk_of(request).cards.orders.check(caller_of(request), body)
    return await once(request, partial(_create, request, body))


async def _create(request: Request, body: PaymentBody) -> Response:
    exchange, desk = Exchange.of(request), desk_of(request).cards
    order = await desk.orders.order(exchange, body)
    with exchange.measured("engine.payment"):
        payment = await desk.payments.create(order)
    return _decided(exchange, Outcome(payment))


@router.get("/payments", **_READ, **answers(PaymentsView))
async def list_payments(request: Request, query: Annotated[PaymentsQuery, Query()]) -> Response:
    """Your payments, newest first, a page at a time."""
    exchange = Exchange.of(request)
    wanted = Filter(
        status=query.status,
        reference=query.reference,
        customer_id=query.customer_id,
        created_from=query.created_from,
        created_before=query.created_before,
        after=query.after,
        limit=query.limit + 1,
    )
    with exchange.measured("record.payments"):
        found = await desk_of(request).cards.records.list(caller_of(request), wanted)
    page = found[: query.limit]
    view = PaymentsView(
        payments=[PaymentView.of(each) for each in page],
        next=page[-1].payment_id if len(found) > len(page) else None,
    )
    return envelope(exchange, Code.OK, view, message="Payments")


@router.get("/payments/{payment_id}", **_READ, **answers(PaymentView))
async def show_payment(request: Request, payment_id: PaymentId) -> Response:
    """The record of one payment. A declined one answers OK: the question was answered."""
    payment = await own_payment(request, payment_id)
    exchange, view = Exchange.of(request), PaymentView.of(payment)
    if payment.status in _PENDING:
        return envelope(exchange, Code.PENDING, view, http_status=200)
    return envelope(exchange, Code.OK, view, message=_words(payment))


@router.post(
    "/payments/{payment_id}/confirm",
    **_POST,
    **answers(PaymentView, 409, also={202: _STILL, 402: "Declined; nothing moved"}),
)
async def confirm_payment(request: Request, payment_id: PaymentId) -> Response:
    """The customer came back from `nextAction`: we ask the provider, not the browser."""
    takes_nothing(request)
    return await once(request, partial(_confirm, request, payment_id))


async def _confirm(request: Request, payment_id: str) -> Response:
    exchange = Exchange.of(request)
    payment = await own_payment(request, payment_id)
    with exchange.measured("engine.confirm"):
        outcome = await desk_of(request).cards.payments.confirm(payment, trace=exchange.trace)
    return _decided(exchange, outcome)


@router.post(
    "/payments/{payment_id}/capture", **_POST, **answers(PaymentView, 402, 409, also={202: _STILL})
)
async def capture_payment(request: Request, payment_id: PaymentId, body: CaptureBody) -> Response:
    """Take what is reserved, or a part of it. Parts need a `reference` or an Idempotency-Key each:
    without either, the same request again is another capture.
    """
    return await once(request, partial(_capture, request, payment_id, body))


async def _capture(request: Request, payment_id: str, body: CaptureBody) -> Response:
    exchange = Exchange.of(request)
    payment = await own_payment(request, payment_id)
    name = body.reference or idempotency_key(request) or exchange.trace
    order = CaptureOrder(
        key=ids.capture_key(payment.payment_id, name),
        trace=exchange.trace,
        amount=money(body.amount, payment.amount.currency) if body.amount is not None else None,
        final=body.final,
    )
    with exchange.measured("engine.capture"):
        outcome = await desk_of(request).cards.payments.capture(payment, order)
    return _done(exchange, outcome, outcome.payment.captured_minor > 0)


@router.post(
    "/payments/{payment_id}/cancel", **_POST, **answers(PaymentView, 409, also={202: _STILL})
)
async def cancel_payment(request: Request, payment_id: PaymentId) -> Response:
    """Give back what is reserved and not taken, and end a challenge."""
    takes_nothing(request)
    return await once(request, partial(_cancel, request, payment_id))


async def _cancel(request: Request, payment_id: str) -> Response:
    exchange = Exchange.of(request)
    payment = await own_payment(request, payment_id)
    key = idempotency_key(request) or exchange.trace
    with exchange.measured("engine.cancel"):
        outcome = await desk_of(request).cards.payments.cancel(
            payment, key=key, trace=exchange.trace
        )
    given_back = outcome.payment.captured_minor < outcome.payment.amount.minor
    return _done(exchange, outcome, given_back and not outcome.payment.capturable_minor)


def _decided(exchange: Exchange, outcome: Outcome) -> Response:
    """Good news is P0000 alone: who decides on the code must not ship on a challenge."""
    payment = outcome.payment
    if payment.code is not None:
        return envelope(exchange, payment.code, PaymentView.of(payment))
    return _done(exchange, outcome, payment.status not in _ENDED)


def _done(exchange: Exchange, outcome: Outcome, as_asked: bool) -> Response:
    payment = outcome.payment
    if not outcome.is_known or payment.status in _PENDING:
        return envelope(exchange, Code.PENDING, PaymentView.of(payment))
    if not as_asked:
        raise not_possible_in(payment)
    return envelope(exchange, Code.OK, PaymentView.of(payment), message=_words(payment))


def _words(payment: Payment) -> str:
    return f"Payment {payment.status.replace('_', ' ')}"
