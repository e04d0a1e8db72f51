"""The pages of cases: money that came and pays for nothing, where it is, and whose it shall be."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, Self

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from temporalio.client import Client, WorkflowHandle

from api.answers import Refusal
from api.console import asked
from api.console.frame import ROOT, page
from api.console.listing import listed
from api.console.words import WAIT, operator_of, said
from api.routes.owned import is_id
from api.updates import Unheard
from payments.bootstrap import Gateway
from payments.domain import ids
from payments.domain.case import Case, CasePolicy, CaseStatus, Resolution
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.ports.cases import CaseFilter, Cases
from payments.ports.insight import AskedProvider, Insight
from payments.ports.ledger import Ledger, PostedEntry
from payments.ports.payments import Payments
from workflows.case import PaymentCase

# Each refund that the provider declined took a word of an operator.
_MOST_REFUNDS: Final = 50

log = structlog.get_logger("console")


class Done(StrEnum):
    """What became of a word. WAITING: it was said, and the provider has not answered yet."""

    REFUNDED = "refunded"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Moment:
    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class CaseConsole:
    cases: Cases
    payments: Payments
    ledger: Ledger
    insight: Insight
    client: Client

    @classmethod
    def of(cls, gateway: Gateway) -> Self:
        record = gateway.record
        return cls(record.cases, record.payments, record.ledger, record.insight, gateway.client)

    async def refunds(self, case: Case) -> Sequence[AskedProvider]:
        """What the provider was asked about its way back, and said."""
        keys = [ids.case_refund(case.case_id, n + 1) for n in range(_MOST_REFUNDS)]
        return await self.insight.asked([f"{case.attempt}:{key}" for key in keys])

    async def resolve(self, case: Case, word: Resolution) -> Done:
        """Raises Refusal when it does not wait for a word."""
        handle: WorkflowHandle[PaymentCase, CaseStatus | None]
        handle = self.client.get_workflow_handle_for(
            PaymentCase.run, ids.case(case.provider, case.receipt_id)
        )
        try:
            answer = await said(
                handle.execute_update(PaymentCase.resolve, word, rpc_timeout=WAIT),
                Code.PAYMENT_STATE,
            )
        except Unheard:
            return Done.WAITING
        return Done.DECLINED if answer.case is None else Done(answer.case.status)


def routes(desk: CaseConsole) -> list[Route]:
    pages, one = _Pages(desk), "/cases/{case}"
    return [
        Route("/cases", pages.cases),
        Route(one, pages.case),
        Route(f"{one}/resolve", pages.resolve, methods=["POST"]),
    ]


class _Pages:
    def __init__(self, desk: CaseConsole) -> None:
        self._desk = desk

    async def cases(self, request: Request) -> Response:
        query = asked.query_of(request, "partner", "status", "before")
        partner_id, status = asked.partner_of(query), asked.one_of(query, "status", CaseStatus)

        async def find(before: str | None, limit: int) -> Sequence[Case]:
            wanted = CaseFilter(status, after=before, limit=limit)
            return await self._desk.cases.list(partner_id, wanted)

        found = await listed(query, find, lambda each: each.case_id)
        return page(
            "cases.html", listed=found, partner=partner_id, status=status, statuses=list(CaseStatus)
        )

    async def case(self, request: Request) -> Response:
        query = asked.query_of(request, "done")
        case = await self._found(request)
        entries = await self._desk.ledger.entries(case.case_id)
        moments = _moments(case, entries, await self._desk.refunds(case))
        return page(
            "case.html",
            case=case,
            fee=Money(case.fee_minor, case.amount.currency),
            payment=await self._desk.payments.find(case.partner_id, case.payment_id),
            where=_where(entries),
            moments=sorted(moments, key=lambda each: each.at),
            done=asked.one_of(query, "done", Done),
        )

    async def resolve(self, request: Request) -> Response:
        form = await asked.form_of(request, "by", "policy")
        by, policy = operator_of(form), asked.one_of(form, "policy", CasePolicy)
        if policy in (None, CasePolicy.OPERATOR):
            raise HTTPException(400, "A word on a case is refund or accept.")
        case = await self._found(request)
        done = await self._desk.resolve(case, Resolution(CasePolicy(policy), by))
        log.info("console.done", what=f"case.{policy}", case=case.case_id, by=by)
        return RedirectResponse(f"{ROOT}/cases/{case.case_id}?done={done}", 303)

    async def _found(self, request: Request) -> Case:
        name = request.path_params["case"]
        case = await self._desk.cases.named(name) if is_id(name) else None
        if case is None:
            raise Refusal(Code.CASE_UNKNOWN)
        return case


def _where(entries: Sequence[PostedEntry]) -> list[tuple[str, Money]]:
    """The accounts that have something of it now."""
    sums: dict[str, Money] = {}
    for each in entries:
        before = sums.get(each.account)
        sums[each.account] = each.amount if before is None else before + each.amount
    return [(account, amount) for account, amount in sorted(sums.items()) if amount.minor]


def _moments(
    case: Case, entries: Sequence[PostedEntry], refunds: Sequence[AskedProvider]
) -> Iterator[Moment]:
    yield Moment(case.received_at, f"{case.provider} has the money")
    postings: dict[str, list[PostedEntry]] = defaultdict(list)
    for entry in entries:
        postings[entry.key].append(entry)
    for lines in postings.values():
        yield Moment(lines[0].posted_at, f"in the ledger: {lines[0].description}")
    for each in refunds:
        what = f"{each.operation} {each.reference.rpartition(':')[2]}"
        yield Moment(each.started_at, f"{case.provider} was asked, {what}: {each.outcome}")
    if case.closed_at is not None:
        yield Moment(case.closed_at, f"{case.status}, by {case.resolved_by}")
