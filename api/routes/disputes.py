"""Disputes: look at them, say something against them, answer the provider once."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from api.answers import Refusal, envelope, field_refused
from api.desk import desk_of
from api.dispute_schemas import (
    AllEvidenceView,
    DisputesQuery,
    DisputesView,
    DisputeView,
    EvidenceBody,
    EvidenceView,
    FileView,
    SubmitBody,
)
from api.documents import answers
from api.exchange import Exchange
from api.once import idempotency_key, once
from api.routes.owned import caller_of, own_dispute
from api.strict import (
    LARGEST_FILE,
    LONGEST_BODY,
    StrictRoute,
    media_refused,
    needs,
    takes_nothing,
)
from payments.domain import dispute as domain
from payments.domain.codes import Code
from payments.domain.dispute import Dispute, ResponseOrder, ResponseState
from payments.domain.evidence import LARGEST_FILE_BYTES, MOST_TEXT, MediaType, flaw_in
from payments.domain.partner import Product, Scope
from payments.ports.disputes import DisputeFilter

router = APIRouter(route_class=StrictRoute, tags=["disputes"])

DisputeId = Annotated[str, Path(pattern="^dp_[0-9a-z]{26}$")]
_READ: Final = needs(Scope.READ_PAYMENT, Product.PAYMENTS)
_POST: Final = needs(Scope.POST_PAYMENT, Product.PAYMENTS)
_TYPES: Final = ", ".join(MediaType)
_FILE: Final[dict[str, Any]] = {
    "openapi_extra": {
        **_POST["openapi_extra"],
        LARGEST_FILE: LARGEST_FILE_BYTES,
        "requestBody": {
            "description": "The file itself, at most 4 MiB",
            "required": True,
            "content": {
                each: {"schema": {"type": "string", "format": "binary"}} for each in MediaType
            },
        },
    }
}
# As long as all the texts of a version are when each letter is escaped as a surrogate pair.
_WORDS: Final[dict[str, Any]] = {
    "openapi_extra": {**_POST["openapi_extra"], LONGEST_BODY: 12 * MOST_TEXT + 65_536}
}
_STILL: Final = "The provider takes its time; ask again"


@router.get("/disputes", **_READ, **answers(DisputesView))
async def list_disputes(request: Request, query: Annotated[DisputesQuery, Query()]) -> Response:
    """Your disputes, newest first, a page at a time."""
    exchange = Exchange.of(request)
    wanted = DisputeFilter(query.status, query.payment_id, query.after, query.limit + 1)
    with exchange.measured("record.disputes"):
        found = await desk_of(request).disputes.records.list(caller_of(request), wanted)
    page = found[: query.limit]
    view = DisputesView(
        disputes=[DisputeView.of(each) for each in page],
        next=page[-1].dispute_id if len(found) > len(page) else None,
    )
    return envelope(exchange, Code.OK, view, message="Disputes")


@router.get("/disputes/{dispute_id}", **_READ, **answers(DisputeView))
async def show_dispute(request: Request, dispute_id: DisputeId) -> Response:
    """The record of one dispute."""
    dispute = await own_dispute(request, dispute_id)
    view = DisputeView.of(dispute)
    return envelope(Exchange.of(request), Code.OK, view, message=f"Dispute {dispute.status}")


@router.get("/disputes/{dispute_id}/evidence", **_READ, **answers(AllEvidenceView))
async def show_evidence(request: Request, dispute_id: DisputeId) -> Response:
    """Every version of the evidence, and the files; not what is in them."""
    exchange = Exchange.of(request)
    dispute = await own_dispute(request, dispute_id)
    evidence = desk_of(request).disputes.evidence
    with exchange.measured("record.evidence"):
        versions = await evidence.versions(dispute.dispute_id)
        files = await evidence.files(dispute.dispute_id)
    return envelope(exchange, Code.OK, AllEvidenceView.of(versions, files), message="Evidence")


@router.post("/disputes/{dispute_id}/files", **_FILE, **answers(FileView, 409))
async def give_file(request: Request, dispute_id: DisputeId) -> Response:
    """Give a file that evidence can name: a PDF, PNG or JPEG, as the body. The same file again is
    the same file. Only its beginning and end are looked at: nothing in it may be a card number.
    """
    return await once(request, partial(_give_file, request, dispute_id))


async def _give_file(request: Request, dispute_id: str) -> Response:
    exchange = Exchange.of(request)
    dispute = await own_dispute(request, dispute_id)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in set(MediaType):
        raise media_refused(_TYPES)
    media_type = MediaType(kind)
    flaw = flaw_in(exchange.body, media_type)
    if flaw is not None:
        raise field_refused(Code.FILE_REFUSED, "body", flaw)
    with exchange.measured("record.file"):
        file = await desk_of(request).disputes.evidence.keep_file(
            dispute.dispute_id, media_type, exchange.body, datetime.now(UTC)
        )
    if isinstance(file, Code):
        raise _not_now(dispute, file)
    return envelope(exchange, Code.OK, FileView.of(file), message="File kept")


@router.post("/disputes/{dispute_id}/evidence", **_WORDS, **answers(EvidenceView, 409))
async def add_evidence(request: Request, dispute_id: DisputeId, body: EvidenceBody) -> Response:
    """Keep the next version of the evidence. Nothing is sent until you submit it."""
    return await once(request, partial(_add_evidence, request, dispute_id, body))


async def _add_evidence(request: Request, dispute_id: str, body: EvidenceBody) -> Response:
    exchange = Exchange.of(request)
    dispute = await own_dispute(request, dispute_id)
    if not body.said and not body.enclosed:
        raise field_refused(Code.FIELD_REFUSED, "texts", "says nothing, and neither do files")
    if sum(map(len, body.said.values())) > MOST_TEXT:
        raise field_refused(Code.FIELD_REFUSED, "texts", f"more than {MOST_TEXT} characters in all")
    evidence = desk_of(request).disputes.evidence
    with exchange.measured("record.evidence"):
        added = await evidence.add(
            dispute.dispute_id,
            body.said,
            body.enclosed,
            trace=exchange.trace,
            at=datetime.now(UTC),
        )
    if added is Code.EVIDENCE_MISSING:
        kept = {each.file_id for each in await evidence.files(dispute.dispute_id)}
        unknown = next(about for about, file in body.enclosed.items() if file not in kept)
        raise field_refused(Code.FIELD_REFUSED, f"files.{unknown}", "no file of this dispute")
    if isinstance(added, Code):
        raise _not_now(dispute, added)
    return envelope(exchange, Code.OK, EvidenceView.of(added), message="Evidence kept")


@router.post(
    "/disputes/{dispute_id}/submit", **_POST, **answers(DisputeView, 409, also={202: _STILL})
)
async def submit_evidence(request: Request, dispute_id: DisputeId, body: SubmitBody) -> Response:
    """Send a version of the evidence to the provider. That is possible once."""
    return await once(request, partial(_submit, request, dispute_id, body))


async def _submit(request: Request, dispute_id: str, body: SubmitBody) -> Response:
    dispute = await own_dispute(request, dispute_id)
    version = body.version
    if version is None:
        versions = await desk_of(request).disputes.evidence.versions(dispute.dispute_id)
        if not versions:
            raise field_refused(Code.EVIDENCE_MISSING, "version", "nothing was said yet")
        version = versions[-1].version
    return await _respond(request, dispute, domain.Response.EVIDENCE, version)


@router.post(
    "/disputes/{dispute_id}/accept", **_POST, **answers(DisputeView, 409, also={202: _STILL})
)
async def accept_dispute(request: Request, dispute_id: DisputeId) -> Response:
    """Let the customer have the money. It cannot be taken back."""
    takes_nothing(request)
    return await once(request, partial(_accept, request, dispute_id))


async def _accept(request: Request, dispute_id: str) -> Response:
    dispute = await own_dispute(request, dispute_id)
    return await _respond(request, dispute, domain.Response.ACCEPTANCE, None)


async def _respond(
    request: Request, dispute: Dispute, response: domain.Response, version: int | None
) -> Response:
    exchange = Exchange.of(request)
    order = ResponseOrder(dispute.dispute_id, response, datetime.now(UTC), version)
    key = idempotency_key(request) or exchange.trace
    with exchange.measured("engine.dispute"):
        answered = await desk_of(request).disputes.respond(dispute, order, key=key)
    view = DisputeView.of(answered)
    if answered.response_state is ResponseState.SENDING:
        return envelope(exchange, Code.PENDING, view)
    return envelope(exchange, Code.OK, view, message=f"Dispute {answered.status}")


def _not_now(dispute: Dispute, code: Code) -> Refusal:
    return Refusal(code, {"reason": f"the dispute is {dispute.status}"})
