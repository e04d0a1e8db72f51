"""What the rail's own words for "no" mean to us."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from payments.domain.codes import Code

# Why a transfer came to nothing. A reason we do not know is still a no: PAYOUT_REJECTED.
REASONS: Final[Mapping[str, Code]] = {
    "ACCOUNT_CLOSED": Code.ACCOUNT_CLOSED,
    "ACCOUNT_UNKNOWN": Code.ACCOUNT_UNKNOWN,
    "BENEFICIARY_REFUSED": Code.BENEFICIARY_REFUSED,
    "NAME_DIFFERS": Code.BENEFICIARY_REFUSED,
}
REFUSING: Final = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}
    | {HTTPStatus.UNPROCESSABLE_ENTITY}
)
# Turned away at the door, before anybody looked at what was asked. A 503 is one of them only with
# the rail's own word for it; without, it may be somebody between us, after the effect.
_AT_THE_DOOR: Final = frozenset(
    {
        (HTTPStatus.UNAUTHORIZED, "UNAUTHORIZED"),
        (HTTPStatus.SERVICE_UNAVAILABLE, "UNAVAILABLE"),
    }
)
# Something was sent under this name or key that we do not know of.
NAME_TAKEN: Final = frozenset({"REFERENCE_USED", "KEY_REUSED"})


def turned_away(status: int, error: str) -> bool:
    return status == HTTPStatus.TOO_MANY_REQUESTS or (status, error) in _AT_THE_DOOR


def code_of(reason: str | None) -> Code:
    return REASONS.get(reason or "", Code.PAYOUT_REJECTED)
