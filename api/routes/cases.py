"""Cases: money that came for a code and paid for nothing. To look at; your policy decides."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api.answers import envelope
from api.case_schemas import CasesQuery, CasesView, CaseView
from api.desk import desk_of
from api.documents import answers
from api.exchange import Exchange
from api.routes.owned import caller_of, own_case
from api.strict import StrictRoute, needs
from payments.domain.codes import Code
from payments.domain.partner import Product, Scope
from payments.ports.cases import CaseFilter

router = APIRouter(route_class=StrictRoute, tags=["cases"])

CaseId = Annotated[str, Path(pattern="^case_[0-9a-z]{26}$")]
_READ = needs(Scope.READ_PAYMENT, Product.PAYMENTS)


@router.get("/cases", **_READ, **answers(CasesView))
async def list_cases(request: Request, query: Annotated[CasesQuery, Query()]) -> Response:
    """Your cases, newest first, a page at a time."""
    exchange = Exchange.of(request)
    wanted = CaseFilter(query.status, query.reason, query.payment_id, query.after, query.limit + 1)
    with exchange.measured("record.cases"):
        found = await desk_of(request).cards.cases.list(caller_of(request), wanted)
    page = found[: query.limit]
    more = page[-1].case_id if len(found) > query.limit else None
    view = CasesView(cases=[CaseView.of(each) for each in page], next=more)
    return envelope(exchange, Code.OK, view, message="Cases")


@router.get("/cases/{case_id}", **_READ, **answers(CaseView))
async def show_case(request: Request, case_id: CaseId) -> Response:
    """The record of one case."""
    case = await own_case(request, case_id)
    message = f"Case {case.status}"
    return envelope(Exchange.of(request), Code.OK, CaseView.of(case), message=message)
