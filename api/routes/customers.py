"""Customers and their saved cards: your reference and our token, nothing personal."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api.answers import Refusal, envelope
from api.card_schemas import CustomerBody, CustomerView, ForgottenView, MethodsView, MethodView
from api.desk import desk_of
from api.documents import answers
from api.exchange import Exchange
from api.once import once
from api.routes.owned import caller_of, own_customer
from api.strict import StrictRoute, needs, takes_nothing
from payments.domain import ids
from payments.domain.codes import Code
from payments.domain.partner import Product, Scope
from payments.ports.methods import Customer

router = APIRouter(route_class=StrictRoute, tags=["customers"])

CustomerId = Annotated[str, Path(pattern="^cus_[0-9a-z]{26}$")]
Token = Annotated[str, Path(pattern="^[A-Za-z0-9_-]{4,128}$")]
_POST: Final = needs(Scope.POST_PAYMENT, Product.PAYMENTS)
_READ: Final = needs(Scope.READ_PAYMENT, Product.PAYMENTS)
_TOKEN_LETTERS: Final = frozenset(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
)


@router.post("/customers", **_POST, **answers(CustomerView))
async def add_customer(request: Request, body: CustomerBody) -> Response:
    """Know a customer by your own reference. The same reference is the same customer."""
    return await once(request, partial(_add, request, body))


async def _add(request: Request, body: CustomerBody) -> Response:
    exchange, partner_id = Exchange.of(request), caller_of(request)
    customer = Customer(
        customer_id=ids.customer_id(partner_id, body.reference),
        partner_id=partner_id,
        reference=body.reference,
        created_at=exchange.received_at,
    )
    with exchange.measured("record.customer"):
        customer = await desk_of(request).cards.methods.add_customer(customer)
    return envelope(exchange, Code.OK, CustomerView.of(customer), message="Customer known")


@router.get("/customers/{customer_id}", **_READ, **answers(CustomerView))
async def show_customer(request: Request, customer_id: CustomerId) -> Response:
    """One customer."""
    customer = await own_customer(request, customer_id)
    view = CustomerView.of(customer)
    return envelope(Exchange.of(request), Code.OK, view, message="Customer found")


@router.delete("/customers/{customer_id}", **_POST, **answers(ForgottenView))
async def forget_customer(request: Request, customer_id: CustomerId) -> Response:
    """Forget a customer with all saved methods. Payments stay as they are."""
    takes_nothing(request)
    return await once(request, partial(_forget, request, customer_id))


async def _forget(request: Request, customer_id: str) -> Response:
    customer = await own_customer(request, customer_id)
    await desk_of(request).cards.methods.forget_customer(caller_of(request), customer.customer_id)
    return envelope(Exchange.of(request), Code.OK, ForgottenView(), message="Customer forgotten")


@router.get("/customers/{customer_id}/methods", **_READ, **answers(MethodsView))
async def list_methods(request: Request, customer_id: CustomerId) -> Response:
    """A customer's saved cards."""
    exchange = Exchange.of(request)
    customer = await own_customer(request, customer_id)
    with exchange.measured("record.methods"):
        found = await desk_of(request).cards.methods.of_customer(
            caller_of(request), customer.customer_id
        )
    view = MethodsView(methods=[MethodView.of(each) for each in found])
    return envelope(exchange, Code.OK, view, message="Saved methods")


@router.delete("/customers/{customer_id}/methods/{token}", **_POST, **answers(ForgottenView))
async def forget_method(request: Request, customer_id: CustomerId, token: Token) -> Response:
    """Forget one saved card: it cannot be charged any more."""
    takes_nothing(request)
    return await once(request, partial(_forget_method, request, customer_id, token))


async def _forget_method(request: Request, customer_id: str, token: str) -> Response:
    customer = await own_customer(request, customer_id)
    methods, saved = desk_of(request).cards.methods, None
    if _TOKEN_LETTERS.issuperset(token):
        saved = await methods.saved(customer.partner_id, token)
    if saved is None or saved.customer_id != customer.customer_id:
        raise Refusal(Code.METHOD_UNKNOWN)
    await methods.forget(customer.partner_id, token)
    return envelope(Exchange.of(request), Code.OK, ForgottenView(), message="Method forgotten")
