"""What Stripe's own words for "no" mean to us."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from payments.domain.card import Decline
from payments.domain.charge import Operation
from payments.domain.codes import Code
from payments.domain.outcome import OutcomeKind
from payments.outside import wire
from payments.outside.wire import RawReply

# docs.stripe.com/declines/codes, and the error codes that say more than `card_declined`. What is
# not here is still a decline: CARD_DECLINED.
DECLINES: Final[Mapping[str, Code]] = {
    "approve_with_id": Code.DO_NOT_HONOR,
    "authentication_not_handled": Code.AUTHENTICATION_REQUIRED,
    "authentication_required": Code.AUTHENTICATION_REQUIRED,
    "call_issuer": Code.DO_NOT_HONOR,
    "card_velocity_exceeded": Code.LIMIT_EXCEEDED,
    "do_not_honor": Code.DO_NOT_HONOR,
    "expired_card": Code.EXPIRED_CARD,
    "fraudulent": Code.RISK_DECLINE,
    "generic_decline": Code.DO_NOT_HONOR,
    "incorrect_cvc": Code.WRONG_SECURITY_CODE,
    "insufficient_funds": Code.INSUFFICIENT_FUNDS,
    "invalid_cvc": Code.WRONG_SECURITY_CODE,
    "invalid_expiry_month": Code.EXPIRED_CARD,
    "invalid_expiry_year": Code.EXPIRED_CARD,
    "issuer_not_available": Code.BANK_UNAVAILABLE,
    "lost_card": Code.STOLEN_CARD,
    "merchant_blacklist": Code.RISK_DECLINE,
    "no_action_taken": Code.DO_NOT_HONOR,
    "payment_intent_authentication_failure": Code.AUTHENTICATION_FAILED,
    "pickup_card": Code.STOLEN_CARD,
    "processing_error": Code.BANK_UNAVAILABLE,
    "reenter_transaction": Code.BANK_UNAVAILABLE,
    "security_violation": Code.RISK_DECLINE,
    "stolen_card": Code.STOLEN_CARD,
    "try_again_later": Code.BANK_UNAVAILABLE,
    "withdrawal_count_limit_exceeded": Code.LIMIT_EXCEEDED,
}

_REFUSALS: Final[Mapping[tuple[Operation, str], Code]] = {
    (Operation.CAPTURE, "amount_too_large"): Code.CAPTURE_TOO_LARGE,
    (Operation.REFUND, "charge_already_refunded"): Code.REFUND_TOO_LARGE,
    (Operation.REFUND, "amount_too_large"): Code.REFUND_TOO_LARGE,
}
_OTHERWISE: Final[Mapping[Operation, Code]] = {
    Operation.AUTHORIZE: Code.CARD_DECLINED,
    Operation.CAPTURE: Code.PAYMENT_STATE,
    Operation.VOID: Code.PAYMENT_STATE,
    Operation.REFUND: Code.REFUND_FAILED,
}
_AT_THE_DOOR: Final = frozenset(
    {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
)
_NO: Final = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.PAYMENT_REQUIRED, HTTPStatus.NOT_FOUND})


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is no success, with the words of `error` that we decide on."""

    status: int
    error: Mapping[str, Any]
    retry_after_s: float | None = None

    @property
    def word(self) -> str:
        """The most telling of their codes."""
        return next(_words(self.error), "")

    @property
    def kind(self) -> OutcomeKind:
        if self.status in _AT_THE_DOOR or self.error.get("code") == "rate_limit":
            return OutcomeKind.NOT_SENT
        # Their key names another request, or the same one is still under way: something was sent
        # that we do not know the end of.
        if self.error.get("type") == "idempotency_error" or self.status not in _NO:
            return OutcomeKind.UNKNOWN
        return OutcomeKind.DECLINED if self.word else OutcomeKind.UNKNOWN

    def __str__(self) -> str:
        return f"HTTP {self.status} {self.word}".rstrip()


def refusal(reply: RawReply) -> Refusal:
    """Anything that is no answer of theirs has no words."""
    try:
        words = json.loads(reply.text)["error"]
    except (ValueError, TypeError, KeyError, RecursionError):
        words = {}
    return Refusal(
        status=reply.status,
        error=words if isinstance(words, dict) else {},
        retry_after_s=wire.retry_after(reply.headers),
    )


def decline(error: Mapping[str, Any]) -> Decline:
    """A card error, or the `last_payment_error` of a payment, with the networks' own codes."""
    known = (DECLINES[word] for word in _words(error) if word in DECLINES)
    return Decline(
        code=next(known, Code.CARD_DECLINED),
        raw=next(_words(error), "declined"),
        network_code=error.get("network_decline_code"),
        advice=error.get("network_advice_code"),
    )


def refused(operation: Operation, no: Refusal) -> Decline:
    if operation is Operation.AUTHORIZE:
        return decline(no.error)
    return Decline(_REFUSALS.get((operation, no.word), _OTHERWISE[operation]), no.word)


def _words(error: Mapping[str, Any]) -> Iterator[str]:
    """Their codes, the most telling first."""
    for name in ("decline_code", "code", "type"):
        word = error.get(name)
        if isinstance(word, str) and word:
            yield word
