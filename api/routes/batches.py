"""Batches: thousands of bill payments or payouts in one file, and what becomes of each."""

import asyncio
import hashlib
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api.answers import Refusal, envelope
from api.batch_kinds import POST, READ, Kind, for_product, kind_of_product
from api.batch_results import MEDIA_TYPES, results_file
from api.batch_rows import Judged, RowJudge, TooManyRows
from api.batch_schemas import BatchesQuery, BatchesView, BatchQuery, BatchView, ResultsQuery
from api.batches import Asked
from api.desk import desk_of
from api.documents import RowFlaw, answers
from api.exchange import Exchange
from api.once import once
from api.routes.owned import caller_of, own_batch
from api.row_files import Flaw, RowFormat, Unreadable
from api.strict import (
    FILES,
    LARGEST_FILE,
    StrictRoute,
    media_refused,
    needs_by_product,
    takes_nothing,
)
from payments.domain import ids
from payments.domain.batch import MOST_ROWS, Batch, NewBatch
from payments.domain.batch_row import BatchKind
from payments.domain.codes import Code
from payments.domain.partner import Product
from payments.ports.batches import RowsTaken

router = APIRouter(route_class=StrictRoute, tags=["batches"])

BatchId = Annotated[str, Path(pattern="^ba_[0-9a-z]{26}$")]
# Fifty thousand rows of two hundred bytes.
LARGEST: Final = 10 * 1024 * 1024
# Of bad rows so many are told; their number is told in any case.
MOST_FLAWS: Final = 1_000
_POST: Final = needs_by_product(POST)
_READ: Final = needs_by_product(READ)
_FILE: Final[dict[str, Any]] = {
    "required": True,
    "content": {each.value: {"schema": {"type": "string"}} for each in RowFormat},
}
_TAKES_FILE: Final[dict[str, Any]] = {
    "openapi_extra": {**_POST["openapi_extra"], LARGEST_FILE: LARGEST, "requestBody": _FILE}
}
_GIVES_FILE: Final[dict[str, Any]] = {
    "openapi_extra": {**_READ["openapi_extra"], FILES: [each.value for each in RowFormat]}
}


@router.post(
    "/batches",
    **_TAKES_FILE,
    **answers(BatchView, 409, also={202: "Every row is kept, and the batch has begun"}),
)
async def create_batch(request: Request, query: Annotated[BatchQuery, Query()]) -> Response:
    """Pay up to 50,000 bills, or pay out as often. Every row is looked at first; one bad row, and
    nothing is begun.
    """
    kind = for_product(BatchKind(query.kind), _product_of(request))
    judged = await _judged(request, kind, _format_of(request))
    if judged.flaws:
        raise _rows_refused(judged.flaws)
    new = _new(request, query, judged)
    return await once(request, partial(_create, request, kind, new))


async def _create(request: Request, kind: Kind, new: NewBatch) -> Response:
    exchange, desk = Exchange.of(request), desk_of(request).batches
    try:
        with exchange.measured("record.batch"):
            batch = await desk.accept(new)
    except RowsTaken as taken:
        reason = "this name names something already, or a row that is still to come"
        flaws = [Flaw(line, kind.used, reason, kind.reference) for line in taken.lines]
        raise _rows_refused(flaws) from None
    view = BatchView.of(batch, await desk.record.tally(batch.batch_id))
    if batch.ended_at is not None:
        return envelope(exchange, Code.OK, view, message="Batch found")
    return envelope(exchange, Code.PENDING, view, message="Batch accepted")


@router.get("/batches", **_READ, **answers(BatchesView))
async def list_batches(request: Request, query: Annotated[BatchesQuery, Query()]) -> Response:
    """Your batches of this token's product, newest first, a page at a time."""
    exchange, record = Exchange.of(request), desk_of(request).batches.record
    with exchange.measured("record.batches"):
        kind = kind_of_product(_product_of(request)).kind
        found = await record.latest(caller_of(request), query.limit + 1, query.after, kind)
    views = [BatchView.of(*each) for each in found[: query.limit]]
    last = views[-1].id if len(found) > len(views) else None
    view = BatchesView(batches=views, next=last)
    return envelope(exchange, Code.OK, view, message="Batches")


@router.get("/batches/{batch_id}", **_READ, **answers(BatchView))
async def show_batch(request: Request, batch_id: BatchId) -> Response:
    """How far a batch is."""
    batch, _ = await _own(request, batch_id)
    return await _shown(request, batch, "Batch found")


@router.get(
    "/batches/{batch_id}/results",
    **_GIVES_FILE,
    responses={
        200: {
            "description": "A line for each row. Not in the envelope: the file itself, signed",
            "content": {each.value: {"schema": {"type": "string"}} for each in RowFormat},
        }
    },
    response_class=Response,
)
async def batch_results(
    request: Request, batch_id: BatchId, query: Annotated[ResultsQuery, Query()]
) -> Response:
    """What became of each row, as a file: at the end, or so far."""
    exchange = Exchange.of(request)
    batch, kind = await _own(request, batch_id)
    with exchange.measured("record.results"):
        record = desk_of(request).batches.record
        content = await results_file(record, batch.batch_id, kind.results, query.format)
    exchange.code = Code.OK
    name = f"{batch.reference}.{query.format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, headers=headers, media_type=MEDIA_TYPES[query.format])


@router.post("/batches/{batch_id}/pause", **_POST, **answers(BatchView, 409))
async def pause_batch(request: Request, batch_id: BatchId) -> Response:
    """Begin no more rows for now. Those under way come to their end."""
    takes_nothing(request)
    return await once(request, partial(_move, request, batch_id, Asked.PAUSE))


@router.post("/batches/{batch_id}/resume", **_POST, **answers(BatchView, 409))
async def resume_batch(request: Request, batch_id: BatchId) -> Response:
    """Go on with a paused batch."""
    takes_nothing(request)
    return await once(request, partial(_move, request, batch_id, Asked.RESUME))


@router.post("/batches/{batch_id}/cancel", **_POST, **answers(BatchView, 409))
async def cancel_batch(request: Request, batch_id: BatchId) -> Response:
    """Begin no more rows, ever. Those under way come to their end, and then the batch does."""
    takes_nothing(request)
    return await once(request, partial(_move, request, batch_id, Asked.CANCEL))


async def _move(request: Request, batch_id: str, asked: Asked) -> Response:
    batch, _ = await _own(request, batch_id)
    with Exchange.of(request).measured(f"engine.{asked}"):
        moved = await desk_of(request).batches.move(batch, asked)
    return await _shown(request, moved, f"The batch is {moved.status}")


async def _own(request: Request, batch_id: str) -> tuple[Batch, Kind]:
    """Of another product's token it is as much a wrong audience as any route of that product."""
    batch = await own_batch(request, batch_id)
    return batch, for_product(batch.kind, _product_of(request))


def _product_of(request: Request) -> Product:
    caller = Exchange.of(request).caller
    assert caller is not None and caller.product is not None, "the route admits nobody else"  # noqa: PT018
    return caller.product


async def _shown(request: Request, batch: Batch, message: str) -> Response:
    exchange = Exchange.of(request)
    with exchange.measured("record.tally"):
        tally = await desk_of(request).batches.record.tally(batch.batch_id)
    return envelope(exchange, Code.OK, BatchView.of(batch, tally), message=message)


def _format_of(request: Request) -> RowFormat:
    kind, _, parameters = request.headers.get("content-type", "").lower().partition(";")
    charset = parameters.strip().removeprefix("charset=").strip('"')
    if kind.strip() not in set(RowFormat) or charset not in {"", "utf-8"}:
        raise media_refused(" or ".join(RowFormat) + ", in UTF-8")
    return RowFormat(kind.strip())


async def _judged(request: Request, kind: Kind, format_: RowFormat) -> Judged:
    """In a thread, so that nobody else waits for it."""
    exchange, desk = Exchange.of(request), desk_of(request).batches
    with exchange.measured("record.rows"):
        rows = await kind.rows(desk, caller_of(request), exchange.received_at, exchange.body)
    try:
        return await asyncio.to_thread(RowJudge(rows).judge, exchange.body, format_)
    except Unreadable as error:
        raise Refusal(Code.FILE_MALFORMED, {"field": "body", "reason": str(error)}) from None
    except TooManyRows:
        raise Refusal(Code.TOO_MANY_ROWS, {"field": "body", "limitRows": MOST_ROWS}) from None


def _rows_refused(flaws: list[Flaw] | tuple[Flaw, ...]) -> Refusal:
    told = [
        RowFlaw(line=each.line, code=each.code, reason=each.reason, field=each.field)
        for each in flaws[:MOST_FLAWS]
    ]
    rows = [each.model_dump(by_alias=True, exclude_none=True) for each in told]
    first = f"line {flaws[0].line}"
    data = {"field": first, "reason": flaws[0].reason, "refusedRows": len(flaws), "rows": rows}
    return Refusal(Code.ROWS_REFUSED, data)


def _new(request: Request, query: BatchQuery, judged: Judged) -> NewBatch:
    exchange, partner_id = Exchange.of(request), caller_of(request)
    return NewBatch(
        batch_id=ids.batch_id(partner_id, query.reference),
        partner_id=partner_id,
        kind=BatchKind(query.kind),
        reference=query.reference,
        digest=hashlib.sha256(exchange.body).digest(),
        trace=exchange.trace,
        created_at=exchange.received_at,
        rows=judged.rows,
    )
