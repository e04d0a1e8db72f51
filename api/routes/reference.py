"""What anybody may read: the code table, the public keys, and whether we are well."""

import asyncio
from typing import Final

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import JSON, Refusal, envelope
from api.desk import desk_of
from api.documents import answers
from api.exchange import Exchange
from api.schemas import CodesView, CodeView, HealthView
from api.strict import StrictRoute, public
from payments.domain.codes import MEANINGS, Code

router = APIRouter(route_class=StrictRoute, tags=["reference"])
health = APIRouter(route_class=StrictRoute, tags=["reference"])
well_known = APIRouter(route_class=StrictRoute, tags=["reference"])

_CODES: Final = CodesView(
    codes=[
        CodeView(
            code=code,
            http_status=meaning.http_status,
            status=meaning.status,
            retryable=meaning.retryable,
            actor=meaning.actor,
            reason=meaning.reason,
            message=meaning.message,
        )
        for code, meaning in MEANINGS.items()
    ]
)


@router.get("/codes", **public(), **answers(CodesView))
async def codes(request: Request) -> Response:
    """Every code an answer can carry, and who should act on it."""
    return envelope(Exchange.of(request), Code.OK, _CODES, message="The code table")


@health.get("/health", **public(), **answers(HealthView))
async def ready(request: Request) -> Response:
    """Ready to take money: the record and the engine both answer."""
    async with asyncio.timeout(3):
        refused = await desk_of(request).ready()
    if refused is not None:
        raise Refusal(refused, retry_after_s=1)
    return envelope(Exchange.of(request), Code.OK, HealthView(state="ready"), message="Ready")


@health.get("/health/live", **public(), **answers(HealthView))
async def live(request: Request) -> Response:
    """The process runs."""
    return envelope(Exchange.of(request), Code.OK, HealthView(state="live"), message="Live")


@well_known.get("/.well-known/jwks.json", **public(), responses={200: {"description": "RFC 7517"}})
async def jwks(request: Request) -> Response:
    """The public keys of tokens and answers. No envelope: RFC 7517 says what a key set is."""
    keys = [key for ring in desk_of(request).key_rings for key in ring.jwks()]
    Exchange.of(request).code = Code.OK
    headers = {"Cache-Control": "public, max-age=300"}
    return Response(orjson.dumps({"keys": keys}), headers=headers, media_type=JSON)
