"""The page of payouts that wait for people: what is held, why, who has spoken, and two buttons.

Two different operators let a payout go, one stops it; a token of their own says who they are.
"""

import re
from dataclasses import dataclass
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
from api.console.words import WAIT, said
from api.updates import Unheard
from payments.bootstrap import Gateway
from payments.domain import ids
from payments.domain.codes import Code
from payments.domain.payout import Leg, Payout, PayoutReview, PayoutStatus
from payments.domain.payout_legs import Source, Way, the_whole
from payments.ports.payouts import Payouts, Word
from payments.ports.reviewers import Reviewers
from workflows.payout import Payout as PayoutWorkflow

_PAYOUT: Final = re.compile(rf"{ids.PAYOUT_PREFIX}[0-9a-z]{{26}}")

log = structlog.get_logger("console")


class Decision(StrEnum):
    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Held:
    """One payout that waits, with what people have said, and its plan: what would go where.

    `elsewhere` is what payments brought and would go to another place.
    """

    payout: Payout
    words: tuple[Word, ...]
    legs: tuple[Leg, ...]
    elsewhere: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class PayoutConsole:
    payouts: Payouts
    reviewers: Reviewers
    client: Client

    @classmethod
    def of(cls, gateway: Gateway) -> Self:
        return cls(gateway.record.payouts, gateway.record.reviewers, gateway.client)

    async def held(self) -> list[Held]:
        waiting = await self.payouts.held()
        legs = await self.payouts.legs(waiting)
        return [
            Held(
                each,
                tuple(await self.payouts.words(each.payout_id)),
                legs.get(each.payout_id) or (the_whole(each),),
                tuple(
                    source
                    for source in await self.payouts.sources(each.payout_id)
                    if source.way is Way.ELSEWHERE
                ),
            )
            for each in waiting
        ]

    async def review(self, payout_id: str, word: PayoutReview) -> PayoutStatus:
        """Where it stands after the word. Raises Refusal."""
        handle: WorkflowHandle[PayoutWorkflow, PayoutStatus]
        handle = self.client.get_workflow_handle_for(PayoutWorkflow.run, ids.payout(payout_id))
        update = f"review:{word.by}:{word.approved}"
        try:
            answer = await said(
                handle.execute_update(PayoutWorkflow.review, word, id=update, rpc_timeout=WAIT),
                Code.PAYOUT_STATE,
            )
        except Unheard as error:
            raise Refusal(Code.ENGINE_UNAVAILABLE) from error
        assert answer.payout is not None, "a review answers the payout"
        return answer.payout.status


def routes(desk: PayoutConsole) -> list[Route]:
    pages = _Pages(desk)
    return [
        Route("/payouts", pages.held),
        Route("/payouts/{payout}/review", pages.review, methods=["POST"]),
    ]


class _Pages:
    def __init__(self, desk: PayoutConsole) -> None:
        self._desk = desk

    async def held(self, request: Request) -> Response:
        query = asked.query_of(request, "done")
        done = asked.one_of(query, "done", PayoutStatus)
        return page("payouts.html", held=await self._desk.held(), done=done)

    async def review(self, request: Request) -> Response:
        payout_id = request.path_params["payout"]
        if not _PAYOUT.fullmatch(payout_id):
            raise HTTPException(404, "There is no such payout.")
        form = await asked.form_of(request, "token", "decision")
        decision = asked.one_of(form, "decision", Decision)
        if decision is None:
            raise HTTPException(400, "A word is a yes or a no.")
        by = await self._desk.reviewers.named_by(form.get("token", ""))
        if by is None:
            raise HTTPException(403, "No reviewer has this token.")
        status = await self._desk.review(payout_id, PayoutReview(decision is Decision.APPROVE, by))
        log.info("console.done", what=f"payout.{decision}", payout=payout_id, by=by)
        return RedirectResponse(f"{ROOT}/payouts?done={status}", 303)
