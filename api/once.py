"""Idempotency: the first answer to a key is the only one."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import Request
from starlette.responses import Response

from api.answers import Refusal
from api.desk import desk_of
from api.exchange import Exchange
from payments.domain.codes import Code
from payments.ports.answers import AnswerStore, ClaimState, Scope, StoredAnswer

HEADER: Final = "Idempotency-Key"
_KEY: Final = re.compile(r"[!-~]{1,255}", re.ASCII)
# A repeat waits this long for the first request, in growing steps, before it is told to come back.
_WAITS_S: Final = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)


def idempotency_key(request: Request) -> str | None:
    """The key, or None without one. Raises Refusal for two of them or an impossible one."""
    keys = request.headers.getlist(HEADER)
    if not keys:
        return None
    if len(keys) > 1 or _KEY.fullmatch(keys[0]) is None:
        raise Refusal(Code.KEY_MALFORMED, {"field": HEADER})
    return keys[0]


async def once(request: Request, work: Callable[[], Awaitable[Response]]) -> Response:
    """Do the work once per key. The claim is the first durable write of the request.

    The door keeps the finished answer, signature and all, because only there it is finished.
    """
    key = idempotency_key(request)
    if key is None:
        return await work()
    exchange = Exchange.of(request)
    assert exchange.partner_id is not None, "an anonymous request cannot hold a claim"
    scope = Scope(exchange.partner_id, exchange.endpoint, key)
    match await _claim(desk_of(request).answers, scope, exchange.fingerprint):
        case ClaimState.CLAIMED:
            exchange.claim = scope
            return await work()
        case ClaimState.MISMATCH:
            raise Refusal(Code.KEY_REUSED, {"field": HEADER})
        case ClaimState.IN_FLIGHT:
            raise Refusal(Code.KEY_IN_FLIGHT, retry_after_s=1)
        case StoredAnswer() as stored:
            exchange.replay = stored
            return Response()


async def _claim(
    answers: AnswerStore, scope: Scope, fingerprint: bytes
) -> ClaimState | StoredAnswer:
    for wait_s in _WAITS_S:
        claimed = await answers.claim(scope, fingerprint)
        if claimed is not ClaimState.IN_FLIGHT:
            return claimed
        await asyncio.sleep(wait_s)
    return await answers.claim(scope, fingerprint)
