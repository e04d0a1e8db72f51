"""What the acquirer's own words for "no" mean to us."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from payments.domain.card import Decline
from payments.domain.charge import Operation
from payments.domain.codes import Code

# Why the issuer said no. A reason we do not know is still a decline: CARD_DECLINED.
DECLINES: Final[Mapping[str, Code]] = {
    "ACCOUNT_BLOCKED": Code.ACCOUNT_BLOCKED,
    "AUTHENTICATION_FAILED": Code.AUTHENTICATION_FAILED,
    "AUTHENTICATION_REQUIRED": Code.AUTHENTICATION_REQUIRED,
    "BANK_UNAVAILABLE": Code.BANK_UNAVAILABLE,
    "CUSTOMER_CANCELED": Code.CUSTOMER_CANCELED,
    "DO_NOT_HONOR": Code.DO_NOT_HONOR,
    "EXPIRED_CARD": Code.EXPIRED_CARD,
    "INSUFFICIENT_FUNDS": Code.INSUFFICIENT_FUNDS,
    "LIMIT_EXCEEDED": Code.LIMIT_EXCEEDED,
    "LOST_CARD": Code.STOLEN_CARD,
    "RISK_DECLINE": Code.RISK_DECLINE,
    "STOLEN_CARD": Code.STOLEN_CARD,
    "WRONG_SECURITY_CODE": Code.WRONG_SECURITY_CODE,
}

# Why the acquirer itself refused. What is not here is refused for a reason of the operation.
_REFUSALS: Final[Mapping[tuple[Operation, str], Code]] = {
    # Another provider may well reach it.
    (Operation.AUTHORIZE, "BANK_NOT_FOUND"): Code.BANK_UNAVAILABLE,
    (Operation.AUTHORIZE, "SCHEME_NOT_FOUND"): Code.BANK_UNAVAILABLE,
    (Operation.CAPTURE, "AMOUNT_TOO_LARGE"): Code.CAPTURE_TOO_LARGE,
    (Operation.REFUND, "AMOUNT_TOO_LARGE"): Code.REFUND_TOO_LARGE,
    (Operation.REFUND, "WRONG_STATE"): Code.REFUND_NOT_POSSIBLE,
}
_OTHERWISE: Final[Mapping[Operation, Code]] = {
    Operation.AUTHORIZE: Code.CARD_DECLINED,
    Operation.CAPTURE: Code.PAYMENT_STATE,
    Operation.VOID: Code.PAYMENT_STATE,
    Operation.REFUND: Code.REFUND_FAILED,
}

REFUSING: Final = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}
    | {HTTPStatus.UNPROCESSABLE_ENTITY}
)
# Turned away at the door, before anybody looked at what was asked. A 503 is one of them only with
# the acquirer's own word for it; without, it may be somebody between us, after the effect.
_AT_THE_DOOR: Final = frozenset(
    {
        (HTTPStatus.UNAUTHORIZED, "UNAUTHORIZED"),
        (HTTPStatus.NOT_FOUND, "ACQUIRER_NOT_FOUND"),
        (HTTPStatus.SERVICE_UNAVAILABLE, "UNAVAILABLE"),
    }
)
# Something was sent under this name or key that we do not know of.
NAME_TAKEN: Final = frozenset({"REFERENCE_USED", "KEY_REUSED"})


def turned_away(status: int, error: str) -> bool:
    return status == HTTPStatus.TOO_MANY_REQUESTS or (status, error) in _AT_THE_DOOR


def refusal(operation: Operation, error: str) -> Decline:
    code = _REFUSALS.get((operation, error), _OTHERWISE[operation])
    return Decline(code, error)
