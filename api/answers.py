"""The envelope: every answer, good or bad, is rendered here and nowhere else."""

from collections.abc import Mapping
from typing import Any, Final

import orjson
from pydantic import BaseModel
from starlette.responses import Response

from api.exchange import Exchange
from payments.domain.codes import Code

JSON: Final = "application/json"


class Refusal(Exception):
    """A "no" on its way out of a route. The code decides everything; `data` explains."""

    def __init__(
        self,
        code: Code,
        data: Mapping[str, Any] | None = None,
        *,
        retry_after_s: int | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        waiting = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
        super().__init__(code)
        self.headers = {**(headers or {}), **waiting}
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
