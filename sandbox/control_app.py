"""The control door: tell a biller how to behave, read its journal, see it all on one page."""

import logging
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from sandbox.answers import Answer, Refused, application, invalid, read_body
from sandbox.biller.app import Period, bill_as_json
from sandbox.biller.behaviour import (
    DEFAULT_DELAY_MS,
    DEFAULT_REASON,
    NUMBER_RULES,
    ONLY_FOR_PAY,
    Behaviour,
    Conduct,
    Instruction,
    Operation,
    Setting,
)
from sandbox.biller.billers import BILLERS, BillId
from sandbox.biller.books import Books
from sandbox.biller.entries import Entry
from sandbox.faults import HANG_LIMIT_MS
from sandbox.journal import Journal
from sandbox.listener import Listener

log = logging.getLogger("sandbox")

PAGE = Path(__file__).with_name("page.html")
PAY_ONLY = frozenset({Operation.PAY})


class SettingBody(BaseModel):
    model_config = ConfigDict(extra="forbid")
    behaviour: Behaviour = Behaviour.ORDINARY
    reason: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,39}$")] | None = None
    delayMs: Annotated[int, Field(ge=0, le=HANG_LIMIT_MS, strict=True)] | None = None  # noqa: N815
    times: Annotated[int, Field(ge=1, strict=True)] | None = None
    honourIdempotencyKeys: Annotated[bool, Field(strict=True)] = True  # noqa: N815
    operations: Annotated[frozenset[Operation], Field(min_length=1)] | None = None


class PayElsewhereBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    period: Period


@dataclass(frozen=True, slots=True)
class ControlDoor:
    books: Books
    journal: Journal
    conduct: Conduct
    biller_listener: Listener

    def app(self) -> Starlette:
        biller = "/control/billers/{biller}"
        return application(
            [
                ("GET", "/", self.page),
                ("GET", "/health", self.health),
                ("GET", "/journal", self.read_journal),
                ("GET", biller, self.setting),
                ("POST", biller, self.tell),
                ("DELETE", biller, self.reset),
                ("POST", biller + "/bills/{number}/pay-elsewhere", self.pay_elsewhere),
            ]
        )

    async def setting(self, request: Request) -> Response:
        return self._setting_answer(_biller(request))

    async def tell(self, request: Request) -> Response:
        biller = _biller(request)
        setting = _checked(await read_body(request, SettingBody))
        self.conduct.tell(biller, setting)
        log.info("biller.told %s %s", biller, setting.instruction.behaviour)
        await self._open_or_close()
        return self._setting_answer(biller)

    async def reset(self, request: Request) -> Response:
        biller = _biller(request)
        self.conduct.reset(biller)
        log.info("biller.reset %s", biller)
        await self._open_or_close()
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

    async def read_journal(self, request: Request) -> Response:
        questions = request.query_params
        unknown = sorted(set(questions) - {"biller", "billNumber", "reference"})
        if unknown:
            raise invalid(unknown[0], "ask by biller, billNumber and reference")
        asked = {
            "biller": questions.get("biller"),
            "bill_number": questions.get("billNumber"),
            "reference": questions.get("reference"),
        }
        # Taken in one moment; the wait only makes sure that all of it is on the disk.
        effects, arrivals = self.books.effects.find(**asked), self.books.arrivals.find(**asked)
        await self.journal.synced()
        return Answer(200, {"effects": _as_json(effects), "arrivals": _as_json(arrivals)})

    async def health(self, _: Request) -> Response:
        biller = "open" if self.biller_listener.is_open else "closed"
        content = {"state": "ready", "biller": self.biller_listener.url, "billerListener": biller}
        return Answer(200, content)

    async def page(self, _: Request) -> Response:
        rules = {ending: rule.story for ending, rule in NUMBER_RULES.items()}
        rules = {"00–89": "ordinary"} | rules | {"99": "does not exist: BILL_NOT_FOUND"}
        filled = Template(PAGE.read_text(encoding="utf-8")).substitute(
            biller_url=escape(self.biller_listener.url),
            rules="".join(
                f"<tr><td><code>{ending}</code></td><td>{escape(story)}</td></tr>"
                for ending, story in rules.items()
            ),
            billers="".join(
                f"<option value='{code}'>{code} ({biller.currency})</option>"
                for code, biller in BILLERS.items()
            ),
            behaviours="".join(f"<option>{behaviour}</option>" for behaviour in Behaviour),
        )
        return HTMLResponse(filled)

    async def _open_or_close(self) -> None:
        # All billers share one listener, so one that is down takes the others with it.
        if self.conduct.anybody_down:
            self.biller_listener.close()
        else:
            await self.biller_listener.open()

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


def _as_json(entries: list[Entry]) -> list[dict[str, Any]]:
    return [entry.as_json() for entry in entries]
