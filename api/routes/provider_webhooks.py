"""POST /v1/providers/{provider}/webhooks: where providers tell us what happened on their side."""

import re
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from api.answers import JSON, Refusal, envelope
from api.card_schemas import WebhookView
from api.desk import desk_of
from api.documents import answers
from api.exchange import Exchange
from api.strict import REDACTED_LATER, StrictRoute, media_refused, public
from payments.domain.codes import Code

router = APIRouter(route_class=StrictRoute, tags=["providers"])

_PROVIDER: Final = re.compile(r"[A-Z][A-Z0-9_]{0,39}", re.ASCII)
ProviderId = Annotated[str, Path(pattern=f"^{_PROVIDER.pattern}$")]
_BODY: Final[dict[str, Any]] = {
    "description": "Whatever the provider signed, byte for byte",
    "required": True,
    "content": {JSON: {"schema": {"type": "object"}}},
}
_DECLARED: Final[dict[str, Any]] = {
    "openapi_extra": {**public()["openapi_extra"], "requestBody": _BODY, REDACTED_LATER: True}
}


@router.post("/providers/{provider_id}/webhooks", **_DECLARED, **answers(WebhookView, 409))
async def take_webhook(request: Request, provider_id: ProviderId) -> Response:
    """For providers only. Its signature is the provider's own, over the raw bytes.

    2xx means that the event is stored and applied, or set aside; anything else: send it again.
    """
    exchange = Exchange.of(request)
    if _PROVIDER.fullmatch(provider_id) is None:
        raise Refusal(Code.PROVIDER_UNKNOWN)
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != JSON:
        raise media_refused(JSON)
    with exchange.measured("webhook"):
        event_id, state = await desk_of(request).cards.inbound.receive(
            provider_id, exchange.body, request.headers
        )
    view = WebhookView(event_id=event_id, state=state)
    return envelope(exchange, Code.OK, view, message="Event received")
