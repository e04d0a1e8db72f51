"""The pages of batches: which there are, how far one is, and an operator's hand on it."""

from collections.abc import Sequence

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from api.answers import Refusal
from api.batches import LEADS_TO, Asked, BatchDesk
from api.console import asked
from api.console.frame import ROOT, page
from api.console.listing import listed
from api.routes.owned import is_id
from payments.domain.batch import BATCH_MOVES, Batch, Tally
from payments.domain.codes import Code

log = structlog.get_logger("console")


def routes(desk: BatchDesk) -> list[Route]:
    pages, one = _Pages(desk), "/batches/{batch}"
    return [
        Route("/batches", pages.batches),
        Route(one, pages.batch),
        Route(f"{one}/cancel", pages.ask_cancel),
        Route(f"{one}/{{what}}", pages.move, methods=["POST"]),
    ]


class _Pages:
    def __init__(self, desk: BatchDesk) -> None:
        self._desk = desk

    async def batches(self, request: Request) -> Response:
        query = asked.query_of(request, "partner", "before")
        partner_id, record = asked.partner_of(query), self._desk.record

        async def find(before: str | None, limit: int) -> Sequence[tuple[Batch, Tally]]:
            return await record.latest(partner_id, limit, before)

        found = await listed(query, find, lambda each: each[0].batch_id)
        return page("batches.html", listed=found, partner=partner_id)

    async def batch(self, request: Request) -> Response:
        asked.query_of(request)
        batch = await self._found(request)
        moves = BATCH_MOVES[batch.status]
        return page(
            "batch.html",
            batch=batch,
            tally=await self._desk.record.tally(batch.batch_id),
            can=[each.value for each, to in LEADS_TO.items() if to in moves],
        )

    async def ask_cancel(self, request: Request) -> Response:
        asked.query_of(request)
        batch = await self._found(request)
        tally = await self._desk.record.tally(batch.batch_id)
        return page("cancel_batch.html", batch=batch, tally=tally)

    async def move(self, request: Request) -> Response:
        await asked.form_of(request)
        batch, what = await self._found(request), request.path_params["what"]
        if what not in set(Asked):
            raise HTTPException(404, "There is no such page.")
        await self._desk.move(batch, Asked(what))
        log.info("console.batch", batch=batch.batch_id, what=what)
        return RedirectResponse(f"{ROOT}/batches/{batch.batch_id}", 303)

    async def _found(self, request: Request) -> Batch:
        name = request.path_params["batch"]
        found = await self._desk.record.get(name) if is_id(name) else None
        if found is None:
            raise Refusal(Code.BATCH_UNKNOWN)
        return found
