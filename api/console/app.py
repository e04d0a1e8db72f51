"""The console as an app: its pages, and a page too for whatever goes wrong."""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from api.answers import Refusal
from api.console import frame
from payments.ports.record import RecordUnavailable


def console(pages: Sequence[Route], names: tuple[str, ...] = ()) -> ASGIApp:
    """These pages, to be mounted at frame.ROOT. `names`: see frame.OwnPagesOnly."""
    app = Starlette(
        routes=[
            Route("/", _start),
            Route("/console.css", _styles),
            *pages,
        ],
        middleware=[Middleware(frame.OwnPagesOnly, names=names)],
        exception_handlers={
            HTTPException: _no,
            Refusal: _refusal,
            RecordUnavailable: _without_the_record,
            Exception: _crash,
        },
    )
    return frame.with_headers(app)


async def _start(_: Request) -> Response:
    return RedirectResponse(f"{frame.ROOT}/webhooks", 303)


async def _styles(_: Request) -> Response:
    return Response(frame.STYLES, media_type="text/css")


async def _no(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    what = error.detail
    if what == status.phrase:
        what = _OWN_WORDS.get(status, what)
    answer = frame.refused(request, status, what)
    answer.headers.update(error.headers or {})
    return answer


_LOOK_FIRST = "What you have just asked for may be done: look before you ask for it again."
_OWN_WORDS = {
    HTTPStatus.NOT_FOUND: "There is no such page.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This page cannot be asked that way.",
}


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    meaning = error.code.meaning
    return frame.refused(request, meaning.http_status, f"{meaning.message}.")


async def _without_the_record(request: Request, error: Exception) -> Response:
    del error
    return frame.refused(request, 503, f"The record does not answer. {_LOOK_FIRST}")


async def _crash(request: Request, error: Exception) -> Response:
    """The server that runs us logs the error itself."""
    del error
    what = f"Something of ours broke, and the operator app's log has it. {_LOOK_FIRST}"
    return frame.refused(request, 500, what)
