"""POST /v1/client-tokens: what a front end needs to turn one customer's card into a method."""

from functools import partial
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import envelope
from api.card_schemas import ClientTokenBody, ClientTokenView
from api.client_tokens import Sale
from api.desk import desk_of
from api.documents import answers
from api.exchange import Exchange
from api.once import once
from api.routes.owned import caller_of, own_customer
from api.schemas import rfc3339
from api.strict import StrictRoute, needs
from payments.domain.codes import Code
from payments.domain.partner import Product, Scope

router = APIRouter(route_class=StrictRoute, tags=["payments"])


@router.post(
    "/client-tokens",
    **needs(Scope.POST_PAYMENT, Product.PAYMENTS),
    **answers(ClientTokenView),
)
async def issue_client_token(request: Request, body: ClientTokenBody) -> Response:
    """A token for one payment of this amount, for fifteen minutes. Give it to your front end.

    The card fields at `fieldsUrl` turn a card into a `paymentMethodToken`; no card number comes
    near you or us.
    """
    sale = desk_of(request).cards.orders.sale(caller_of(request), body)
    return await once(request, partial(_issue, request, sale))


async def _issue(request: Request, sale: Sale) -> Response:
    exchange, desk = Exchange.of(request), desk_of(request).cards
    if sale.customer_id is not None:
        await own_customer(request, sale.customer_id)
    token, expires_at = desk.client_tokens.issue(sale)
    view = ClientTokenView(
        client_token=token,
        expires_at=rfc3339(expires_at),
        fields_url=f"{desk.fields_url}?{urlencode({'clientToken': token})}",
    )
    return envelope(exchange, Code.OK, view, message="Client token issued")
