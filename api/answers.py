"""The envelope: every answer, good or bad, is rendered here and nowhere else."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException as FrameworkRefusal
from starlette.responses import Response

from api.exchange import Exchange
from payments.domain.codes import Code
from payments.ports.record import RecordUnavailable

JSON: Final = "application/json"


class Refusal(HTTPException):
    """A "no" on its way out of a route. The code decides everything; `data` explains.

    It is FastAPI's HTTPException so that the framework lets it pass from wherever it is raised.
    """

    def __init__(
        self,
        code: Code,
        data: Mapping[str, Any] | None = None,
        *,
        retry_after_s: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        waiting = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        super().__init__(code.meaning.http_status, headers={**(headers or {}), **waiting})
        self.code = code
        self.data = data


def field_refused(code: Code, field: str, reason: str) -> Refusal:
    """A refusal that names the field, as a dotted path."""
    return Refusal(code, {"field": field, "reason": reason})


def envelope(
    exchange: Exchange,
    code: Code,
    data: BaseModel | Mapping[str, Any] | None,
    *,
    message: str | None = None,
    http_status: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Render an answer. `http_status` and `message` default to the code's own."""
    meaning = code.meaning
    exchange.code = code
    shape = data.model_dump(mode="json", by_alias=True) if isinstance(data, BaseModel) else data
    body = orjson.dumps(
        {
            "status": meaning.status,
            "code": code,
            "message": message or meaning.message,
            "data": shape,
            "trace": exchange.trace,
        }
    )
    return Response(body, http_status or meaning.http_status, headers, media_type=JSON)


def refusal(exchange: Exchange, refused: Refusal) -> Response:
    return envelope(exchange, refused.code, refused.data, headers=refused.headers)


# What the framework refuses by itself, in our words.
_FRAMEWORK: Final[dict[int, Code]] = {
    HTTPStatus.BAD_REQUEST: Code.BODY_MALFORMED,
    HTTPStatus.NOT_FOUND: Code.ROUTE_UNKNOWN,
    HTTPStatus.METHOD_NOT_ALLOWED: Code.METHOD_REFUSED,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Code.BODY_TOO_LARGE,
}
# Malformed: the shape is wrong. Refused: the shape is right and the value is not.
_MALFORMED: Final = ("missing", "extra_forbidden", "amount_format", "_type", "_parsing", "unicode")


def _first_error(error: RequestValidationError) -> Refusal:
    """One field at a time, the first one, so that the answer stays readable."""
    first = error.errors()[0]
    path = [str(part) for part in first["loc"][1:]] or [str(first["loc"][0])]
    kind: str = first["type"]
    malformed = any(kind.endswith(ending) for ending in _MALFORMED)
    code = Code.FIELD_MALFORMED if malformed else Code.FIELD_REFUSED
    if path == ["body"]:
        code = Code.BODY_MALFORMED
    return field_refused(code, ".".join(path)[:200], str(first["msg"]))


def install_handlers(app: FastAPI) -> None:
    """Put every refusal of the framework and of ours into the envelope.

    Crashes are not handled here: the door around the app answers them, so that nothing escapes.
    """

    async def ours(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return refusal(Exchange.of(request), error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return refusal(Exchange.of(request), _first_error(error))

    async def framework(request: Request, error: Exception) -> Response:
        assert isinstance(error, FrameworkRefusal)
        code = _FRAMEWORK.get(error.status_code, Code.INTERNAL)
        return refusal(Exchange.of(request), Refusal(code, headers=error.headers))

    async def no_record(request: Request, _: Exception) -> Response:
        refused = Refusal(Code.RECORD_UNAVAILABLE, retry_after_s=1)
        return refusal(Exchange.of(request), refused)

    app.add_exception_handler(Refusal, ours)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(FrameworkRefusal, framework)
    app.add_exception_handler(RecordUnavailable, no_record)
