"""The banks that a customer can be sent to, so that your checkout can show them."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.answers import Refusal, envelope
from api.bank_schemas import BanksQuery, BanksView, BankView
from api.desk import desk_of
from api.documents import answers
from api.exchange import Exchange
from api.strict import StrictRoute, needs
from payments.domain.codes import Code
from payments.domain.partner import Product, Scope

router = APIRouter(route_class=StrictRoute, tags=["payments"])


@router.get("/banks", **needs(Scope.READ_PAYMENT, Product.PAYMENTS), **answers(BanksView))
async def list_banks(request: Request, query: Annotated[BanksQuery, Query()]) -> Response:
    """Banks for `method.bank` of a payment, at most a minute old. Without it the customer chooses
    at the provider.
    """
    exchange = Exchange.of(request)
    with exchange.measured("provider.banks"):
        listed = await desk_of(request).cards.banks.listed()
    if not listed.banks and not listed.is_whole:
        raise Refusal(Code.PROVIDER_UNAVAILABLE, retry_after_s=5)
    offered = listed.offered(query.country, query.currency)
    view = BanksView(banks=[BankView.of(bank) for bank in offered])
    return envelope(exchange, Code.OK, view, message="Banks")
