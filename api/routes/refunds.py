"""Refunds: give captured money back to the card it came from, whole or in parts."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api.answers import Refusal, envelope, field_refused
from api.card_orders import money
from api.card_payments import PATIENCE
from api.card_schemas import RefundBody, RefundsView, RefundView
from api.desk import desk_of
from api.documents import answers
from api.exchange import Exchange
from api.once import once
from api.routes.owned import caller_of, own_payment, own_refund
from api.routes.payments import PaymentId
from api.strict import StrictRoute, needs
from payments.domain import ids
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.partner import Product, Scope
from payments.domain.payment import Payment
from payments.domain.refund import Refund, RefundOrder, RefundStatus

router = APIRouter(route_class=StrictRoute, tags=["refunds"])

RefundId = Annotated[str, Path(pattern="^re_[0-9a-z]{26}$")]


@router.post(
    "/payments/{payment_id}/refund",
    **needs(Scope.POST_REFUND, Product.PAYMENTS),
    **answers(
        RefundView, 409, also={202: "The provider takes its time; ask again", 402: "It failed"}
    ),
)
async def refund_payment(request: Request, payment_id: PaymentId, body: RefundBody) -> Response:
    """Give money back. All refunds of a payment together never exceed what was captured."""
    return await once(request, partial(_refund, request, payment_id, body))


async def _refund(request: Request, payment_id: str, body: RefundBody) -> Response:
    exchange = Exchange.of(request)
    payment = await own_payment(request, payment_id)
    order = RefundOrder(
        refund_id=ids.refund_id(payment.partner_id, body.reference),
        payment_id=payment.payment_id,
        partner_id=payment.partner_id,
        reference=body.reference,
        amount=await _amount(request, payment, body),
        trace=exchange.trace,
        created_at=exchange.received_at,
        deadline=datetime.now(UTC) + PATIENCE,
        reason=body.reason,
    )
    with exchange.measured("engine.refund"):
        refund = await desk_of(request).cards.refunds.give(order)
    return _settled(exchange, refund)


async def _amount(request: Request, payment: Payment, body: RefundBody) -> Money:
    """What was asked for, or all that is left: the first time this reference asked."""
    if payment.captured_minor == 0:
        raise Refusal(Code.REFUND_NOT_POSSIBLE, {"reason": f"the payment is {payment.status}"})
    if payment.open_disputes:
        raise Refusal(Code.PAYMENT_DISPUTED)
    if body.amount is not None:
        amount = money(body.amount, payment.amount.currency)
        if amount.minor > payment.captured_minor:
            raise field_refused(Code.REFUND_TOO_LARGE, "amount", "more than was captured")
        return amount
    refund_id = ids.refund_id(payment.partner_id, body.reference)
    earlier = await desk_of(request).cards.refund_records.find(payment.partner_id, refund_id)
    if earlier is not None:
        return earlier.amount
    if payment.refundable_minor == 0:
        raise field_refused(Code.REFUND_TOO_LARGE, "amount", "nothing is left")
    return Money(payment.refundable_minor, payment.amount.currency)


@router.get(
    "/refunds/{refund_id}",
    **needs(Scope.READ_PAYMENT, Product.PAYMENTS),
    **answers(RefundView),
)
async def show_refund(request: Request, refund_id: RefundId) -> Response:
    """The record of one refund. A failed one answers OK: the question was answered."""
    refund = await own_refund(request, refund_id)
    exchange, view = Exchange.of(request), RefundView.of(refund)
    if refund.status is RefundStatus.PENDING:
        return envelope(exchange, Code.PENDING, view, http_status=200)
    return envelope(exchange, Code.OK, view, message=f"Refund {refund.status}")


@router.get(
    "/payments/{payment_id}/refunds",
    **needs(Scope.READ_PAYMENT, Product.PAYMENTS),
    **answers(RefundsView),
)
async def list_refunds(request: Request, payment_id: PaymentId) -> Response:
    """All refunds of one payment."""
    exchange = Exchange.of(request)
    payment = await own_payment(request, payment_id)
    with exchange.measured("record.refunds"):
        found = await desk_of(request).cards.refund_records.of_payment(
            caller_of(request), payment.payment_id
        )
    view = RefundsView(refunds=[RefundView.of(each) for each in found])
    return envelope(exchange, Code.OK, view, message="Refunds")


def _settled(exchange: Exchange, refund: Refund) -> Response:
    view = RefundView.of(refund)
    match refund.status:
        case RefundStatus.SUCCEEDED:
            return envelope(exchange, Code.OK, view, message="Refunded")
        case RefundStatus.PENDING:
            return envelope(exchange, Code.PENDING, view)
        case RefundStatus.FAILED:
            return envelope(exchange, refund.code or Code.REFUND_FAILED, view)
