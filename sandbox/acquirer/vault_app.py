"""The vault's door for browsers: the hosted card fields, and the token that they are given."""

import logging
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from sandbox.acquirer.vault import CardTyped, Vault, objection
from sandbox.answers import Answer, Endpoint, Refused, StrictBody, invalid, read_body
from sandbox.journal import Journal

log = logging.getLogger("sandbox")


class CardBody(StrictBody, hide_input_in_errors=True):
    clientToken: Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]{1,2000}$")]  # noqa: N815
    number: Annotated[str, Field(max_length=40)]
    expMonth: int  # noqa: N815
    expYear: int  # noqa: N815
    cvc: Annotated[str, Field(max_length=10)]
    # Asked for and forgotten: a name is nobody's business here.
    holder: Annotated[str, Field(max_length=200)] | None = None


@dataclass(frozen=True, slots=True)
class VaultDoor:
    vault: Vault
    journal: Journal

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        return [("POST", "/vault/tokens", self.take)]

    async def take(self, request: Request) -> Response:
        _only_own_origin(request)
        body = await _read_card(request)
        # People write numbers in groups.
        number = body.number.replace(" ", "").replace("-", "")
        typed = CardTyped(number, body.expMonth, body.expYear, body.cvc)
        wrong = objection(typed)
        if wrong is not None:
            raise invalid(*wrong)
        made = self.vault.take(typed, body.clientToken)
        await self.journal.synced()
        log.info("token.made %s %s", made.token, made.card)
        answer = Answer(201, {"paymentMethodToken": made.token})
        answer.headers["Cache-Control"] = "no-store"
        return answer


async def _read_card(request: Request) -> CardBody:
    try:
        return await read_body(request, CardBody)
    except Refused as refused:
        if refused.details.get("field") in CardBody.model_fields:
            raise
        # Whatever the field is called, its name may be a card number too.
        raise invalid("body", "has a field that does not belong there, or is no JSON") from None


def _only_own_origin(request: Request) -> None:
    """A browser may send a card number here from our own page only.

    No other origin is ever allowed by a header either, so it could not even read the answer.
    """
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
        raise Refused(403, "ORIGIN_REFUSED")
