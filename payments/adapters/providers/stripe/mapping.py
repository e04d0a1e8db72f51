"""Stripe's objects ↔ our values. Pure: one function for each question, tested as tables.

Another amount, currency or payee than the order's is told as it is: whoever asked decides, and what
was reserved is given back. Any other answer that does not fit the question is quarantined as
UNKNOWN.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from payments.adapters.providers.stripe.amounts import ours, theirs
from payments.adapters.providers.stripe.client import CAPTURE, PAYEE, REFERENCE, Object
from payments.adapters.providers.stripe.errors import Refusal, decline, refused
from payments.domain.card import Card, Decline
from payments.domain.charge import Answer, ChallengeAsked, Operation
from payments.domain.codes import Code
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt
from payments.domain.provider import ProviderKind
from payments.ports.provider import ProviderUnavailable

# Stripe names no end of a challenge; ours is that of the field.
CHALLENGE_LASTS: Final = timedelta(minutes=15)
_LIVING: Final = frozenset({"succeeded", "requires_capture", "requires_action", "processing"})

_ODD: Final = (ValueError, TypeError, KeyError, AttributeError, OverflowError)


def order(attempt: Attempt, method: str) -> dict[str, Any]:
    """What to ask for. Raises NotTheirs for an amount that cannot be said."""
    ordered = attempt.order
    asked: dict[str, Any] = {
        "amount": theirs(ordered.amount),
        "currency": ordered.amount.currency.lower(),
        "payment_method": method,
        "payment_method_types": ["card"],
        "capture_method": "automatic" if ordered.capture else "manual",
        "confirm": True,
        "metadata": {REFERENCE: attempt.reference, PAYEE: ordered.partner_id},
    }
    if ordered.return_url is not None:
        asked["return_url"] = ordered.return_url
    if attempt.challenge:
        asked["payment_method_options"] = {"card": {"request_three_d_secure": "challenge"}}
    return asked


def refusal(operation: Operation, no: Refusal) -> Answer:
    """A call that was answered with no success."""
    return Answer(
        no.kind,
        decline=refused(operation, no) if no.kind is OutcomeKind.DECLINED else None,
        detail=str(no),
        retry_after_s=no.retry_after_s if no.kind is OutcomeKind.NOT_SENT else None,
    )


def absent(*, settled: bool) -> Answer:
    """It is not there. `settled`: it would be visible by now."""
    if settled:
        return Answer(OutcomeKind.NOT_SENT, detail="they never had it")
    return Answer(OutcomeKind.UNKNOWN, detail="not there, too early to tell")


def authorization(intent: Object, attempt: Attempt) -> Answer:
    if not is_about(intent, attempt.reference):
        return _quarantined("another reference")
    try:
        return _authorization(intent)
    except _ODD as error:
        return _quarantined(str(error))


def is_dead_end(intent: Object) -> bool:
    """The issuer wants a challenge that no browser can be sent to: nobody gave a way back."""
    return intent.get("status") == "requires_action" and _challenge_url(intent) is None


def dead_end(intent: Object) -> Answer:
    return Answer(
        OutcomeKind.DECLINED,
        reference=intent.get("id"),
        decline=Decline(Code.AUTHENTICATION_REQUIRED, "requires_action"),
        detail="a challenge without a return URL",
    )


def capture(intent: Object, key: str, *, missing: Answer) -> Answer:
    """Stripe captures a payment once, so a captured one was captured by the key that it bears."""
    bears = (intent.get("metadata") or {}).get(CAPTURE)
    match intent.get("status"):
        case "succeeded" if bears in (None, key):
            return _captured(intent)
        case "requires_capture" | "processing":
            return missing
        case status:
            return Answer(
                OutcomeKind.DECLINED, decline=Decline(Code.PAYMENT_STATE, str(status or "none"))
            )


def void(intent: Object, *, missing: Answer) -> Answer:
    match intent.get("status"):
        case "canceled" | "requires_payment_method":
            return Answer(OutcomeKind.ACCEPTED, reference=intent.get("id"))
        case "succeeded":
            return Answer(
                OutcomeKind.DECLINED,
                decline=Decline(Code.PAYMENT_STATE, "succeeded"),
                captured=True,
                detail="captured already",
            )
        case _:
            return missing


def refund(row: Object, key: str) -> Answer:
    if not is_about(row, key):
        return _quarantined("another reference")
    try:
        reference, amount = str(row["id"]), ours(row["amount"], row["currency"])
        at = _moment(row["created"])
    except _ODD as error:
        return _quarantined(str(error))
    match row.get("status"):
        case "succeeded":
            return Answer(
                OutcomeKind.ACCEPTED, reference=reference, amount=amount, captured=True, at=at
            )
        case "pending" | "requires_action":
            return Answer(OutcomeKind.PENDING, reference=reference, amount=amount)
        case "failed" | "canceled" as status:
            raw = str(row.get("failure_reason") or status)
            return Answer(
                OutcomeKind.DECLINED,
                reference=reference,
                decline=Decline(Code.REFUND_FAILED, raw),
            )
        case status:
            return _quarantined(f"status {status!r}")


def the_one(intents: Sequence[Object]) -> Object:
    """Of several payments under one name, one that holds money before one that does not."""
    living = [intent for intent in intents if intent.get("status") in _LIVING]
    return (living or intents)[0]


def is_missing(no: Refusal) -> bool:
    return no.status == HTTPStatus.NOT_FOUND and bool(no.word)


def is_about(row: Object, reference: str) -> bool:
    return (row.get("metadata") or {}).get(REFERENCE) == reference


def card(method: Object, token: str) -> Card:
    """Raises ProviderUnavailable for what is no card."""
    try:
        told: Mapping[str, Any] = method["card"]
        return Card(
            token=token,
            brand=str(told["brand"]),
            # Stripe keeps it to itself.
            bin="",
            last4=str(told["last4"]),
            exp_month=int(told["exp_month"]),
            exp_year=int(told["exp_year"]),
            country=str(told.get("country") or ""),
            fingerprint=str(told["fingerprint"]),
            aliases={ProviderKind.STRIPE.value: token},
            tokenised_at=_moment(method["created"]),
        )
    except _ODD as error:
        raise ProviderUnavailable(f"no card: {error}") from error


def _authorization(intent: Object) -> Answer:
    reference, status = str(intent["id"]), intent["status"]
    payee = (intent.get("metadata") or {}).get(PAYEE)
    asked_for = ours(intent["amount"], intent["currency"])
    match status:
        case "succeeded" | "requires_capture":
            # Only their newer versions tell the sums beside the amount asked for.
            told = intent.get("amount_received" if status == "succeeded" else "amount_capturable")
            return Answer(
                OutcomeKind.ACCEPTED,
                reference=reference,
                amount=asked_for if told is None else ours(told, intent["currency"]),
                payee=payee,
                captured=status == "succeeded",
                at=_moment(intent["created"]),
            )
        case "requires_action":
            url = _challenge_url(intent)
            expires_at = _moment(intent["created"]) + CHALLENGE_LASTS
            return Answer(
                OutcomeKind.PENDING,
                reference=reference,
                challenge=None if url is None else ChallengeAsked(url, expires_at),
                amount=asked_for,
                payee=payee,
            )
        case "processing":
            return Answer(OutcomeKind.PENDING, reference=reference, detail="they decide later")
        case "requires_payment_method":
            no = decline(intent["last_payment_error"])
            return Answer(OutcomeKind.DECLINED, reference=reference, decline=no, detail=no.raw)
        case "canceled":
            raw = str(intent.get("cancellation_reason") or "canceled")
            no = Decline(Code.CARD_DECLINED, raw)
            return Answer(OutcomeKind.DECLINED, reference=reference, decline=no, detail="canceled")
        case _:
            return _quarantined(f"status {status!r}")


def _captured(intent: Object) -> Answer:
    try:
        told = intent.get("amount_received")
        return Answer(
            OutcomeKind.ACCEPTED,
            reference=str(intent["id"]),
            amount=None if told is None else ours(told, intent["currency"]),
            payee=(intent.get("metadata") or {}).get(PAYEE),
            captured=True,
        )
    except _ODD as error:
        return _quarantined(str(error))


def _challenge_url(intent: Object) -> str | None:
    action = intent.get("next_action") or {}
    url = (action.get("redirect_to_url") or {}).get("url")
    return url if isinstance(url, str) and url.startswith(("https://", "http://")) else None


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _quarantined(why: str) -> Answer:
    return Answer(OutcomeKind.UNKNOWN, detail=f"quarantined: {why}")
