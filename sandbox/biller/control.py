"""The billers' part of the control door: behaviour, and bills paid at another counter."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from sandbox.answers import Answer, Body, Endpoint, Refused, StrictBody, invalid, read_body
from sandbox.biller.app import Period, bill_as_json
from sandbox.biller.behaviour import (
    DEFAULT_DELAY_MS,
    DEFAULT_REASON,
    ONLY_FOR_PAY,
    Behaviour,
    Conduct,
    Instruction,
    Operation,
    Setting,
)
from sandbox.biller.billers import BILLERS, BillId
from sandbox.biller.books import Books
from sandbox.faults import HANG_LIMIT_MS
from sandbox.journal import Journal

log = logging.getLogger("sandbox")

PAY_ONLY = frozenset({Operation.PAY})


class SettingBody(Body):
    behaviour: Behaviour = Behaviour.ORDINARY
    reason: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,39}$")] | None = None
    delayMs: Annotated[int, Field(ge=0, le=HANG_LIMIT_MS, strict=True)] | None = None  # noqa: N815
    times: Annotated[int, Field(ge=1, strict=True)] | None = None
    honourIdempotencyKeys: Annotated[bool, Field(strict=True)] = True  # noqa: N815
    operations: Annotated[frozenset[Operation], Field(min_length=1)] | None = None


class PayElsewhereBody(StrictBody):
    period: Period


@dataclass(frozen=True, slots=True)
class BillerControl:
    books: Books
    journal: Journal
    conduct: Conduct
    # All billers share one listener, so one that is down takes the others with it.
    open_or_close: Callable[[], Awaitable[None]]

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        biller = "/control/billers/{biller}"
        return [
            ("GET", biller, self.setting),
            ("POST", biller, self.tell),
            ("DELETE", biller, self.reset),
            ("POST", biller + "/bills/{number}/pay-elsewhere", self.pay_elsewhere),
        ]

    async def setting(self, request: Request) -> Response:
        return self._setting_answer(_biller(request))

    async def tell(self, request: Request) -> Response:
        biller = _biller(request)
        setting = _checked(await read_body(request, SettingBody))
        self.conduct.tell(biller, setting)
        log.info("biller.told %s %s", biller, setting.instruction.behaviour)
        await self.open_or_close()
        return self._setting_answer(biller)

    async def reset(self, request: Request) -> Response:
        biller = _biller(request)
        self.conduct.reset(biller)
        log.info("biller.reset %s", biller)
        await self.open_or_close()
        return self._setting_answer(biller)

    async def pay_elsewhere(self, request: Request) -> Response:
        biller, number = _biller(request), request.path_params["number"]
        body = await read_body(request, PayElsewhereBody)
        if not BILLERS[biller].knows(number):
            raise Refused(404, "BILL_NOT_FOUND")
        bill = BillId(biller, number, body.period)
        paid = self.books.pay_elsewhere(bill)
        await self.journal.synced()
        if not paid:
            raise Refused(409, "ALREADY_PAID")
        return Answer(200, bill_as_json(self.books, bill))

    def _setting_answer(self, biller: str) -> Response:
        setting = self.conduct.of(biller)
        instruction = setting.instruction
        declines = instruction.behaviour is Behaviour.DECLINE
        waits = instruction.behaviour in DEFAULT_DELAY_MS
        return Answer(
            200,
            {
                "biller": biller,
                "behaviour": instruction.behaviour,
                "reason": instruction.reason if declines else None,
                "delayMs": instruction.delay_ms if waits else None,
                "times": setting.times_left,
                "operations": [op for op in Operation if op in setting.operations],
                "honourIdempotencyKeys": setting.honour_idempotency_keys,
            },
        )


def _checked(body: SettingBody) -> Setting:
    """Refuse what would have no effect, so that nobody believes in a fault that never comes."""
    behaviour, operations = body.behaviour, body.operations or PAY_ONLY
    if body.reason is not None and behaviour is not Behaviour.DECLINE:
        raise invalid("reason", f"{behaviour} gives no reason; decline does")
    if body.delayMs is not None and behaviour not in DEFAULT_DELAY_MS:
        raise invalid("delayMs", f"{behaviour} does not wait; {', '.join(DEFAULT_DELAY_MS)} do")
    if behaviour in ONLY_FOR_PAY and operations != PAY_ONLY:
        raise invalid("operations", f"{behaviour} is an answer to pay alone")
    if behaviour is Behaviour.DOWN and (body.operations is not None or body.times is not None):
        raise invalid("behaviour", "down closes the whole listener until it is reset")
    if behaviour is Behaviour.ORDINARY and body.times is not None:
        raise invalid("times", "ordinary is for ever")
    instruction = Instruction(
        behaviour,
        body.reason or DEFAULT_REASON,
        DEFAULT_DELAY_MS.get(behaviour, 0) if body.delayMs is None else body.delayMs,
    )
    return Setting(instruction, operations, body.times, body.honourIdempotencyKeys)


def _biller(request: Request) -> str:
    biller: str = request.path_params["biller"]
    if biller not in BILLERS:
        raise Refused(404, "BILLER_NOT_FOUND")
    return biller
