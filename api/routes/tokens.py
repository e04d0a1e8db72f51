"""POST /auth/token: a signed, one-time request becomes an access token for fifteen minutes."""

import re
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from api.access import TokenRequest
from api.answers import envelope
from api.desk import desk_of
from api.documents import answers
from api.exchange import Exchange
from api.schemas import TokenBody, TokenView
from api.strict import StrictRoute, public
from payments.domain.codes import Code

router = APIRouter(route_class=StrictRoute, tags=["tokens"])

_TIMESTAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
_NONCE: Final = re.compile(r"[!-~]{8,64}", re.ASCII)
_SIGNATURE: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)


def _well_formed(body: TokenBody) -> TokenRequest | None:
    """None for what nobody could have signed: it gets the one refusal that says nothing."""
    if _NONCE.fullmatch(body.nonce) is None or _SIGNATURE.fullmatch(body.signature) is None:
        return None
    if _TIMESTAMP.fullmatch(body.timestamp) is None or not 1 <= len(body.api_key) <= 100:
        return None
    try:
        at = datetime.fromisoformat(body.timestamp)
    except ValueError:
        return None
    return TokenRequest(
        body.api_key, body.timestamp, at, body.nonce, body.signature, body.scope, body.audience
    )


@router.post("/auth/token", **public(), **answers(TokenView))
async def issue_token(request: Request, body: TokenBody) -> Response:
    """Exchange a signed request for an access token.

    `signature` is the lower-case hex HMAC-SHA256, keyed with the secret, over `apiKey`, `timestamp`
    and `nonce` joined by line feeds. A request works once, within 60 seconds of our clock.
    """
    access = desk_of(request).access
    token, scope = await access.issue(request, _well_formed(body))
    view = TokenView(access_token=token, expires_in=access.ttl_s, scope=scope)
    return envelope(Exchange.of(request), Code.OK, view, message="Token issued")
