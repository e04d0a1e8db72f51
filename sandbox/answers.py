"""What goes back over the wire: a JSON answer, or one of the ways in which an answer goes wrong."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from sandbox import listener

LARGEST_BODY_BYTES = 64 * 1024

Endpoint = Callable[[Request], Awaitable[Response]]


class Body(BaseModel, extra="forbid"):
    """What a request brings: nothing that we do not know."""


class StrictBody(Body, strict=True):
    """What an API is asked; no text is read as a number here."""


Model = TypeVar("Model", bound=Body)


class Answer(Response):
    """A JSON answer."""

    media_type = "application/json"

    def __init__(self, status: int, content: Mapping[str, Any]) -> None:
        super().__init__(json.dumps(content, separators=(",", ":")).encode(), status)


class NoContent(Response):
    def __init__(self) -> None:
        super().__init__(status_code=204)


class Refused(Exception):
    """A request that is answered with an error and nothing else."""

    def __init__(self, status: int, error: str, **details: str) -> None:
        self.status, self.error, self.details = status, error, details
        super().__init__(error)


def invalid(field: str, message: str) -> Refused:
    return Refused(422, "INVALID", field=field, message=message)


class Hanging(Response):
    """Says nothing, until the caller gives up or the time is over; then the connection is cut."""

    def __init__(self, delay_s: float) -> None:
        super().__init__()
        self._delay_s = delay_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        try:
            await asyncio.wait_for(listener.disconnected(receive), self._delay_s)
        except TimeoutError:
            listener.cut(scope)
            await listener.disconnected(receive)


class Reset(Response):
    """The connection is reset instead of an answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        listener.reset(scope)
        await listener.disconnected(receive)


class NotHttp(Response):
    """Bytes instead of an answer; then the connection is closed."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        listener.say(scope, self._content)
        await listener.disconnected(receive)


class Garbage(Response):
    """HTTP is correct, but the JSON stops in the middle of a word."""

    media_type = "application/json"

    def __init__(self, answer: Response) -> None:
        whole = bytes(answer.body) or b'{"state":"RELEASED"}'
        super().__init__(whole[: len(whole) // 2], 200)


def server_error() -> Response:
    return Answer(500, {"error": "INTERNAL_ERROR"})


async def read_content(request: Request, largest: int = LARGEST_BODY_BYTES) -> bytes:
    content = await request.body()
    if len(content) > largest:
        raise Refused(413, "TOO_LARGE", message=f"at most {largest} bytes")
    return content


async def read_body(
    request: Request, model: type[Model], largest: int = LARGEST_BODY_BYTES
) -> Model:
    content = await read_content(request, largest)
    try:
        # Nothing at all asks for the defaults.
        return model.model_validate_json(content or b"{}")
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise invalid(field or "body", first["msg"]) from error


def application(routes: list[tuple[str, str, Endpoint]]) -> Starlette:
    """An application whose every answer is JSON, also for what it does not know."""

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return Answer(error.status, {"error": error.error} | error.details)

    async def unknown(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        name = "NO_SUCH_ROUTE" if error.status_code == 404 else "METHOD_NOT_ALLOWED"
        answer = Answer(error.status_code, {"error": name})
        answer.headers.update(error.headers or {})
        return answer

    return Starlette(
        routes=[Route(path, endpoint, methods=[method]) for method, path, endpoint in routes],
        exception_handlers={Refused: refused, HTTPException: unknown},
    )
