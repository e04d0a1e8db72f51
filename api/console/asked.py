"""What a page is asked with: its query and its form, where only what is known is taken."""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, TypeVar
from urllib.parse import parse_qsl
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request

from api.delivery_names import ref_of
from payments.domain import ids
from payments.domain.webhook import DeliveryRef

_LARGEST_FORM: Final = 4_096
_FORM: Final = "application/x-www-form-urlencoded"
_PARTNER: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ENDPOINT: Final = re.compile(rf"{ids.ENDPOINT_PREFIX}[0-9a-z]{{26}}")
_DELIVERY: Final = re.compile(r"evt_[0-9a-z]{26}(\.[1-9][0-9]{0,5})?")
# As a browser's own field for a date and a time has it.
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", re.ASCII)

E = TypeVar("E", bound=StrEnum)
Asked = dict[str, str]


def query_of(request: Request, *names: str) -> Asked:
    """What is not empty of the query. Raises HTTPException for what the page does not know."""
    return _known(request.query_params.multi_items(), names)


async def form_of(request: Request, *names: str) -> Asked:
    """The same of a form."""
    kind = request.headers.get("content-type", _FORM).partition(";")[0].strip().lower()
    if kind != _FORM:
        raise HTTPException(415, "A form is sent as a browser sends it.")
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            raise HTTPException(413, "The form is too large.")
    return _known(parse_qsl(body.decode("latin-1"), keep_blank_values=True), names)


def _known(fields: Sequence[tuple[str, str]], names: Sequence[str]) -> Asked:
    asked = Asked()
    for name, value in fields:
        if name not in names or name in asked:
            raise HTTPException(400, f"This page is asked with {', '.join(names) or 'nothing'}.")
        asked[name] = value.strip()
    return {name: value for name, value in asked.items() if value}


def partner_of(asked: Asked) -> str | None:
    value = asked.get("partner")
    if value is not None and not _PARTNER.fullmatch(value):
        raise HTTPException(400, "That is no partner's name.")
    return value


def one_of(asked: Asked, name: str, kind: type[E]) -> E | None:
    value = asked.get(name)
    if value is not None and value not in set(kind):
        raise HTTPException(400, f"{name} is one of {', '.join(kind)}.")
    return None if value is None else kind(value)


def endpoint_named(name: str) -> str:
    """Raises HTTPException for what no endpoint can be called."""
    if not _ENDPOINT.fullmatch(name):
        raise HTTPException(404, "There is no such webhook endpoint.")
    return name


def event_named(name: str, http_status: int = 404) -> UUID:
    """Raises HTTPException for what no event can be called."""
    with suppress(ValueError):
        return ids.event_of_name(name)
    raise HTTPException(http_status, "There is no such event.")


def delivery_named(name: str, endpoint_id: str) -> DeliveryRef:
    """Raises HTTPException for what no delivery can be called."""
    if not _DELIVERY.fullmatch(name):
        raise HTTPException(400, "There is no such page; begin with the first one.")
    with suppress(ValueError):
        return ref_of(name, endpoint_id)
    raise HTTPException(400, "There is no such event.")


def moment_of(asked: Asked, name: str) -> datetime:
    """In UTC, as the page says. Raises HTTPException."""
    value = asked.get(name, "")
    if _MOMENT.fullmatch(value):
        with suppress(ValueError):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
    raise HTTPException(400, f"{name} is a date and a time in UTC, such as 2026-04-30T08:21.")
