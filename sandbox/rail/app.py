"""The rails' own door: verify an account, take a transfer, say what became of it, the statement."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from sandbox.acquirer.amounts import written as amount_written
from sandbox.acquirer.bodies import Amount, Country, Currency, Name
from sandbox.acquirer.desk import amount_of
from sandbox.acquirer.door import bearer, key_of, same
from sandbox.acquirer.vault import Vault
from sandbox.answers import Answer, Endpoint, Refused, StrictBody, invalid, read_body
from sandbox.faults import spoiled, unserved
from sandbox.rail.behaviour import ENDINGS, HANG_S, PAYS, RAILS, REFUSED_ENDING, Behaviour
from sandbox.rail.books import Order, Transfer
from sandbox.rail.house import RailHouse

log = logging.getLogger("sandbox")

Text = Annotated[str, Field(max_length=140)]


class AccountBody(StrictBody):
    kind: Literal["bank", "card"]
    country: Country
    number: Annotated[str, Field(min_length=2, max_length=128)]
    holder: Text = ""
    bankCode: Text = ""  # noqa: N815
    bic: Text = ""


class VerificationBody(StrictBody):
    account: AccountBody
    currency: Currency


class TransferBody(StrictBody):
    reference: Name
    amount: Amount
    currency: Currency
    payer: Name
    account: AccountBody


@dataclass(frozen=True, slots=True)
class RailDoor:
    house: RailHouse
    vault: Vault

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        rail = "/rails/{rail}"
        return [
            ("POST", rail + "/verifications", self.verify),
            ("POST", rail + "/transfers", self.send),
            ("GET", rail + "/transfers/{reference}", self.inquire),
            ("GET", rail + "/statement", self.statement),
        ]

    async def verify(self, request: Request) -> Response:
        rail = self._rail(request)
        body = await read_body(request, VerificationBody)
        behaviour = self.house.conduct.of(rail).behaviour
        if behaviour is Behaviour.REFUSE:
            return _unavailable()
        shown = self._shown(rail, body.account)
        if shown is None:
            return Answer(200, {"state": "REFUSED", "reason": "ACCOUNT_UNKNOWN"})
        if shown.endswith(REFUSED_ENDING):
            return Answer(200, {"state": "REFUSED", "reason": "NAME_DIFFERS"})
        return Answer(200, {"state": "VERIFIED", "reason": None})

    async def send(self, request: Request) -> Response:
        rail = self._rail(request)
        body = await read_body(request, TransferBody)
        key = key_of(request)
        # Before everything else, so that a request that is never answered is seen as well.
        again = bool(self.house.books.arrivals(rail, body.reference))
        self.house.came(rail, body.reference, key)
        log.info("transfer.arrived %s %s", rail, body.reference)
        shown = self._shown(rail, body.account)
        if shown is None:
            raise Refused(422, "ACCOUNT_UNKNOWN")
        behaviour = self.house.conduct.take(rail)
        if behaviour is Behaviour.ORDINARY:
            by_number = ENDINGS.get(shown[-2:], Behaviour.ORDINARY)
            on_the_wire = by_number.value.endswith("_effect")
            behaviour = Behaviour.ORDINARY if again and on_the_wire else by_number
        amount_minor = amount_of(body.amount, body.currency)
        order = Order(body.reference, amount_minor, body.currency, shown)

        async def take() -> Response:
            return _told(self.house.take(rail, order, key, behaviour), behaviour)

        return await self._under(behaviour, take)

    async def inquire(self, request: Request) -> Response:
        rail = self._rail(request)
        transfer = self.house.books.transfer(rail, request.path_params["reference"])
        if transfer is None:
            raise Refused(404, "TRANSFER_NOT_FOUND")
        await self.house.journal.synced()
        return _told(transfer, Behaviour.ORDINARY)

    async def statement(self, request: Request) -> Response:
        told = self.house.books.statement(self._rail(request))
        await self.house.journal.synced()
        return Answer(200, told)

    async def _under(
        self, behaviour: Behaviour, act: Callable[[], Awaitable[Response]]
    ) -> Response:
        """Act as the behaviour says; and never tell what is not on the disk yet."""
        answer = unserved(behaviour, HANG_S)
        if answer is None and behaviour is Behaviour.REFUSE:
            answer = _unavailable()
        if answer is None:
            try:
                answer = await act()
            except Refused as refused:
                answer = Answer(refused.status, {"error": refused.error} | refused.details)
            answer = spoiled(answer, behaviour, HANG_S)
        await self.house.journal.synced()
        return answer

    def _rail(self, request: Request) -> str:
        rail: str = request.path_params["rail"]
        if rail not in RAILS or not same(bearer(request), self.house.secrets[rail]):
            raise Refused(401, "UNAUTHORIZED")
        return rail

    def _shown(self, rail: str, account: AccountBody) -> str | None:
        """The end of its number; None when there is no such account."""
        if account.kind != PAYS[rail]:
            raise invalid("account.kind", f"{rail} pays to a {PAYS[rail]}")
        if account.kind == "bank":
            return account.number[-4:]
        made = self.vault.token(account.number)
        return None if made is None else made.last4


def _told(transfer: Transfer, behaviour: Behaviour) -> Response:
    content = transfer.as_json()
    if behaviour is Behaviour.LYING_AMOUNT:
        more = transfer.order.amount_minor + 1
        content["amount"] = amount_written(more, transfer.order.currency)
    return Answer(200, content)


def _unavailable() -> Response:
    answer = Answer(503, {"error": "UNAVAILABLE"})
    answer.headers["Retry-After"] = "1"
    return answer
