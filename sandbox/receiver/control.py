"""The receivers' part of the control door: behaviour, and what came."""

import logging
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from sandbox.answers import Answer, Body, Endpoint, invalid, read_body
from sandbox.faults import HANG_LIMIT_MS
from sandbox.journal import Journal
from sandbox.moments import now
from sandbox.receiver.app import came_as_json, known_name
from sandbox.receiver.behaviour import (
    DEFAULT_DELAY_MS,
    DEFAULT_FAILURES,
    DEFAULT_RETRY_AFTER_S,
    DEFAULT_STATUS,
    Behaviour,
    Conduct,
    Setting,
)
from sandbox.receiver.post import Post

log = logging.getLogger("sandbox")

LARGEST_PAGE: Final = 1_000
MOST_SECONDS: Final = 1_000_000


class SettingBody(Body):
    behaviour: Behaviour = Behaviour.ORDINARY
    delayMs: Annotated[int, Field(ge=0, le=HANG_LIMIT_MS, strict=True)] | None = None  # noqa: N815
    retryAfterS: Annotated[int, Field(ge=0, le=MOST_SECONDS, strict=True)] | None = None  # noqa: N815
    status: Annotated[int, Field(ge=400, le=599, strict=True)] | None = None
    failures: Annotated[int, Field(ge=1, strict=True)] | None = None
    times: Annotated[int, Field(ge=1, strict=True)] | None = None


@dataclass(frozen=True, slots=True)
class ReceiverControl:
    post: Post
    journal: Journal
    conduct: Conduct

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        control, came = "/control/receivers/{name}", "/receiver/{name}/deliveries"
        return [
            ("GET", control, self.setting),
            ("POST", control, self.tell),
            ("DELETE", control, self.reset),
            ("GET", "/receiver", self.receivers),
            ("GET", came, self.deliveries),
            ("DELETE", came, self.forget),
        ]

    async def setting(self, request: Request) -> Response:
        return self._setting_answer(known_name(request))

    async def tell(self, request: Request) -> Response:
        name = known_name(request)
        setting = _checked(await read_body(request, SettingBody))
        self.conduct.tell(name, setting)
        log.info("receiver.told %s %s", name, setting.behaviour)
        return self._setting_answer(name)

    async def reset(self, request: Request) -> Response:
        name = known_name(request)
        self.conduct.reset(name)
        return self._setting_answer(name)

    async def receivers(self, _: Request) -> Response:
        return Answer(200, {"receivers": self.post.counts()})

    async def deliveries(self, request: Request) -> Response:
        name, questions = known_name(request), request.query_params
        unknown = sorted(set(questions) - {"after", "limit"})
        if unknown:
            raise invalid(unknown[0], "ask by after, limit")
        after, limit = _number(request, "after", 0), _number(request, "limit", LARGEST_PAGE)
        found = self.post.of(name, after, min(limit, LARGEST_PAGE))
        await self.journal.synced()
        return Answer(200, {"deliveries": [came_as_json(each) for each in found]})

    async def forget(self, request: Request) -> Response:
        name = known_name(request)
        self.post.forget(name, now())
        await self.journal.synced()
        return Answer(200, {"deliveries": []})

    def _setting_answer(self, name: str) -> Response:
        setting = self.conduct.of(name)
        told = setting.behaviour
        fails = told in {Behaviour.ERROR, Behaviour.FLAPPING}
        return Answer(
            200,
            {
                "receiver": name,
                "behaviour": told,
                "delayMs": setting.delay_ms if told in DEFAULT_DELAY_MS else None,
                "retryAfterS": setting.retry_after_s if told is Behaviour.BUSY else None,
                "status": setting.status if fails else None,
                "failures": setting.failures if told is Behaviour.FLAPPING else None,
                "times": setting.times_left,
            },
        )


def _checked(body: SettingBody) -> Setting:
    """Refuse what would have no effect, so that nobody believes in a fault that never comes."""
    told = body.behaviour
    if body.delayMs is not None and told not in DEFAULT_DELAY_MS:
        raise invalid("delayMs", f"{told} does not wait; {', '.join(DEFAULT_DELAY_MS)} do")
    if body.retryAfterS is not None and told is not Behaviour.BUSY:
        raise invalid("retryAfterS", f"{told} names no time; busy does")
    if body.status is not None and told not in {Behaviour.ERROR, Behaviour.FLAPPING}:
        raise invalid("status", f"{told} has its own; error and flapping answer what you say")
    if body.failures is not None and told is not Behaviour.FLAPPING:
        raise invalid("failures", f"{told} does not come and go; flapping does")
    if told is Behaviour.ORDINARY and body.times is not None:
        raise invalid("times", "ordinary is for ever")
    return Setting(
        told,
        DEFAULT_DELAY_MS.get(told, 0) if body.delayMs is None else body.delayMs,
        DEFAULT_RETRY_AFTER_S if body.retryAfterS is None else body.retryAfterS,
        body.status or DEFAULT_STATUS,
        body.failures or DEFAULT_FAILURES,
        body.times,
    )


def _number(request: Request, name: str, usual: int) -> int:
    text = request.query_params.get(name, str(usual))
    if not (text.isascii() and text.isdigit()):
        raise invalid(name, "a whole number")
    return int(text[:9])
