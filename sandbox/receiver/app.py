"""The door of the receivers: takes what is posted, notes it, and answers as it was told to."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp

from sandbox.answers import (
    Answer,
    Hanging,
    NotHttp,
    Refused,
    Reset,
    application,
    read_content,
)
from sandbox.journal import Journal
from sandbox.moments import now, written
from sandbox.receiver.behaviour import Behaviour, Conduct, Setting
from sandbox.receiver.post import Came, Post

LONGEST_NAME: Final = 64
_NAME: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{LONGEST_NAME}}}", re.ASCII)
# Where a redirect leads: who follows it is seen there.
FOLLOWED: Final = "-followed"
_PIECE: Final = b'{"more":"' + b"x" * 16_384 + b'"}\n'
_NOT_HTTP: Final = b"\x00\xff\x16\x03 this is no HTTP\r\n\r\n"


@dataclass(frozen=True, slots=True)
class ReceiverDoor:
    post: Post
    journal: Journal
    conduct: Conduct

    def app(self) -> ASGIApp:
        return application([("POST", "/hooks/{name}", self.take), ("GET", "/health", _health)])

    async def take(self, request: Request) -> Response:
        name = known_name(request)
        raw = await read_content(request)
        setting = self.conduct.take(name)
        headers = {key.lower(): value for key, value in request.headers.items()}
        came = self.post.take(name, now(), headers, raw, setting.behaviour)
        # On the disk before anybody is told, as everywhere in this sandbox.
        await self.journal.synced()
        return await _answer(came, setting)


def known_name(request: Request) -> str:
    """Every name is a receiver."""
    name: str = request.path_params["name"]
    if _NAME.fullmatch(name) is None:
        raise Refused(404, "RECEIVER_NOT_FOUND")
    return name


def came_as_json(came: Came) -> dict[str, Any]:
    return {
        "number": came.number,
        "at": written(came.at),
        "headers": dict(came.headers),
        "body": came.body,
        "encoding": came.encoding,
        "behaviour": came.behaviour,
    }


async def _answer(came: Came, setting: Setting) -> Response:
    if setting.behaviour is Behaviour.SLOW:
        await asyncio.sleep(setting.delay_s)
    make = _MISBEHAVING.get(setting.behaviour)
    return make(came, setting) if make else Answer(200, {"received": came.number})


def _redirect(came: Came, _: Setting) -> Response:
    place = f"/hooks/{came.receiver[: LONGEST_NAME - len(FOLLOWED)]}{FOLLOWED}"
    return Response(status_code=307, headers={"Location": place})


def _busy(_: Came, setting: Setting) -> Response:
    busy = Answer(429, {"error": "TOO_MANY_REQUESTS"})
    busy.headers["Retry-After"] = str(setting.retry_after_s)
    return busy


def _endless(_: Came, setting: Setting) -> Response:
    return StreamingResponse(_for_ever(setting.delay_s), media_type="application/json")


_MISBEHAVING: Final[Mapping[Behaviour, Callable[[Came, Setting], Response]]] = {
    Behaviour.DEAD: lambda _, setting: Hanging(setting.delay_s),
    Behaviour.REFUSE: lambda *_: Reset(),
    Behaviour.REDIRECTING: _redirect,
    Behaviour.ENDLESS: _endless,
    Behaviour.GARBAGE: lambda *_: NotHttp(_NOT_HTTP),
    Behaviour.GONE: lambda *_: Answer(410, {"error": "GONE"}),
    Behaviour.BUSY: _busy,
    Behaviour.ERROR: lambda _, setting: Answer(setting.status, {"error": "ERROR"}),
}


async def _for_ever(pause_s: float) -> AsyncIterator[bytes]:
    """Until nobody listens any more."""
    while True:
        yield _PIECE
        await asyncio.sleep(pause_s)


async def _health(_: Request) -> Response:
    return Answer(200, {"state": "ready"})
