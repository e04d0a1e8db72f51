"""GET /txn/status: what became of a payment, from the record and never from the engine."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.answers import Refusal, envelope
from api.desk import desk_of
from api.documents import answers
from api.exchange import Exchange
from api.schemas import TransactionQuery, TransactionView
from api.strict import StrictRoute, needs
from payments.domain.bill import TransactionState
from payments.domain.codes import Code
from payments.domain.partner import Scope

router = APIRouter(route_class=StrictRoute, tags=["transactions"])


@router.get("/txn/status", **needs(Scope.READ_PAYMENT), **answers(TransactionView))
async def status(request: Request, query: Annotated[TransactionQuery, Query()]) -> Response:
    """The record of one transaction, by our id or by yours.

    A declined one answers OK: the question was answered; `data.state` and `data.declineCode` tell.
    """
    exchange = Exchange.of(request)
    assert exchange.partner_id is not None, "the route admits nobody without a token"
    with exchange.measured("record.find"):
        found = await desk_of(request).transactions.find(exchange.partner_id, query.transaction_id)
    if found is None:
        raise Refusal(Code.TRANSACTION_UNKNOWN)
    view = TransactionView.of(found)
    if found.state is TransactionState.PROCESSING:
        return envelope(exchange, Code.PENDING, view, http_status=200)
    return envelope(exchange, Code.OK, view, message=f"Transaction {found.state.lower()}")
