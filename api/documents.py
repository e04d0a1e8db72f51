"""How answers stand in the OpenAPI file: the envelope around each shape, and the refusals."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, Generic, TypeVar

from api.schemas import Told
from payments.domain.codes import Code, Status

Data = TypeVar("Data")


class Envelope(Told, Generic[Data]):
    """Every answer of the partner API. `code` decides; `message` is for people and may change."""

    status: Status
    code: Code
    message: str
    data: Data
    trace: str


class RowFlaw(Told):
    """What is wrong with one line of a file; lines count from 1, the header included."""

    line: int
    code: str
    reason: str
    field: str | None = None


class Details(Told):
    """What a refusal says more: the field it is about, or how long to wait."""

    field: str | None = None
    reason: str | None = None
    scope: str | None = None
    audience: str | None = None
    server_time: str | None = None
    expires_at: str | None = None
    retry_after_s: int | None = None
    held_by_you: bool | None = None
    limit_bytes: int | None = None
    limit_rows: int | None = None
    refused_rows: int | None = None
    rows: list[RowFlaw] | None = None


class Refused(Envelope[Details | None]):
    """Nothing was done, or what `code` says."""


# Any route can refuse in these ways, before it has looked at its own business.
ANYWHERE: Final = (400, 401, 403, 404, 405, 406, 408, 413, 414, 415, 422, 429, 431, 500, 503)
SIGNATURE_HEADERS: Final[Mapping[str, str]] = {
    "Quittance-Trace": "The request's name; quote it in any question",
    "Quittance-Version": "The data version of this answer",
    "Content-Digest": "RFC 9530, sha-256 over the body",
    "Signature-Input": "RFC 9421",
    "Signature": "RFC 9421, Ed25519, with a key of /.well-known/jwks.json",
}


def answers(
    data: type[Told], *refusals: int, also: Mapping[int, str] | None = None
) -> dict[str, Any]:
    """A route's `responses`: its data, and the refusals beyond those that any route can give."""
    described = {HTTPStatus.OK: "Done", **(also or {})}
    good = {
        status: {"description": text}
        # A 304 has no body to describe.
        | ({} if status == HTTPStatus.NOT_MODIFIED else {"model": Envelope[data]})  # type: ignore[valid-type]  # one envelope per route
        for status, text in described.items()
    }
    return {"responses": {**good, **{status: {"model": Refused} for status in refusals}}}
