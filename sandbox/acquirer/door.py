"""What the acquirers' doors have in common: who may come in, and how a request is answered."""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from sandbox.acquirer.behaviour import Behaviour, Conduct, Instruction
from sandbox.acquirer.clearing import Clearing
from sandbox.acquirer.desk import Desk
from sandbox.acquirer.entries import Arrived
from sandbox.answers import Answer, Refused, invalid
from sandbox.faults import spoiled, unserved
from sandbox.journal import Journal

log = logging.getLogger("sandbox")


@dataclass(frozen=True, slots=True)
class Door:
    desk: Desk
    journal: Journal
    conduct: Conduct
    clearing: Clearing
    secrets: Mapping[str, str]
    # Where the customer's browser finds the pages.
    public_url: str

    async def _under(
        self, instruction: Instruction, act: Callable[[], Awaitable[Response]]
    ) -> Response:
        """Act as the instruction says; and never tell what is not on the disk yet."""
        behaviour, delay_s = instruction.behaviour, instruction.delay_s
        answer = unserved(behaviour, delay_s)
        if answer is None and behaviour is Behaviour.REFUSE:
            answer = Answer(503, {"error": "UNAVAILABLE"})
            answer.headers["Retry-After"] = "1"
        if answer is None:
            started = asyncio.get_running_loop().time()
            try:
                answer = await act()
            except Refused as refused:
                answer = Answer(refused.status, {"error": refused.error} | refused.details)
            if behaviour is Behaviour.SLOW:
                # An authorisation has done its waiting inside.
                waited_s = asyncio.get_running_loop().time() - started
                await asyncio.sleep(max(0.0, delay_s - waited_s))
            answer = spoiled(answer, behaviour, delay_s)
        await self.journal.synced()
        return answer

    def _arrive(self, arrived: Arrived) -> None:
        """Before everything else, so that a request that is never answered is seen as well."""
        self.desk.books.enter(arrived)
        log.info("%s.arrived %s %s", arrived.operation, arrived.acquirer, arrived.payment)

    def _acquirer(self, request: Request) -> str:
        acquirer: str = request.path_params["acquirer"]
        secret = self.secrets.get(acquirer)
        if secret is None or not same(bearer(request), secret):
            raise Refused(401, "UNAUTHORIZED")
        return acquirer


def bearer(request: Request) -> str:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return given if scheme.lower() == "bearer" else ""


def same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode(), secret.encode())


def key_of(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= 255 and all("!" <= char <= "~" for char in key)):
        raise invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters")
    return key
