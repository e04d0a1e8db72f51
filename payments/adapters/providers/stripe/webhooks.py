"""Stripe's webhooks: verify the very bytes, then read."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import stripe

from payments.adapters.providers.stripe.amounts import ours
from payments.adapters.providers.stripe.client import REFERENCE
from payments.adapters.providers.stripe.disputes import due_at, fee_of, status_of
from payments.domain import ids
from payments.domain.charge import Operation
from payments.domain.dispute import DisputeOrder
from payments.ports.provider import (
    DisputeTold,
    ForgedWebhook,
    Meaning,
    Says,
    Told,
    UnreadableWebhook,
)

TOLERANCE: Final = timedelta(minutes=5)

_PAYMENT: Final[Mapping[str, Says]] = {
    "processing": Says.PENDING,
    "requires_action": Says.CHALLENGE,
    "requires_capture": Says.AUTHORIZED,
    "succeeded": Says.CAPTURED,
    "requires_payment_method": Says.DECLINED,
    "canceled": Says.VOIDED,
}
_REFUND: Final[Mapping[str, Says]] = {
    "pending": Says.REFUND_PENDING,
    "requires_action": Says.REFUND_PENDING,
    "succeeded": Says.REFUND_SUCCEEDED,
    "failed": Says.REFUND_FAILED,
    "canceled": Says.REFUND_FAILED,
}
_ODD: Final = (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError)


def told(
    raw: bytes, headers: Mapping[str, str], secrets: Sequence[str], now: datetime, provider: str
) -> Told:
    header = next((headers[name] for name in headers if name.lower() == "stripe-signature"), "")
    _at_about(header, now)
    if not any(_is_signed(raw, header, secret) for secret in secrets):
        raise ForgedWebhook("no signature fits")
    try:
        return _read(json.loads(raw), provider)
    except _ODD as error:
        raise UnreadableWebhook(str(error)) from error


def _is_signed(raw: bytes, header: str, secret: str) -> bool:
    try:
        # Its own tolerance looks at the wall clock and to one side only; ours stands above.
        return bool(stripe.WebhookSignature.verify_header(raw, header, secret, tolerance=None))
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False


def _at_about(header: str, now: datetime) -> None:
    try:
        seconds = next(part[2:] for part in header.split(",") if part.startswith("t="))
        signed_at = datetime.fromtimestamp(int(seconds), UTC)
    except (StopIteration, ValueError, OverflowError, OSError) as error:
        raise ForgedWebhook("no time of signing") from error
    if abs(now - signed_at) > TOLERANCE:
        raise ForgedWebhook("signed too long ago, or in the future")


def _read(event: Mapping[str, Any], provider: str) -> Told:
    event_id, kind = str(event["id"]), str(event["type"])
    at = datetime.fromtimestamp(event["created"], UTC)
    about: Mapping[str, Any] = event["data"]["object"]
    match about.get("object"):
        case "payment_intent":
            return _payment(event_id, kind, at, about)
        case "refund":
            return _refund(event_id, kind, at, about)
        case "dispute":
            return _dispute(event_id, kind, at, about, provider)
        case _:
            return Told(event_id, kind, Meaning.UNKNOWN, at=at)


def _payment(event_id: str, kind: str, at: datetime, intent: Mapping[str, Any]) -> Told:
    reference = (intent.get("metadata") or {}).get(REFERENCE)
    if reference is None:
        # Somebody else uses the same account over there.
        return Told(event_id, kind, Meaning.UNKNOWN, at=at)
    says = _PAYMENT.get(str(intent.get("status")), Says.NOTHING)
    sums = {Says.CAPTURED: "amount_received", Says.AUTHORIZED: "amount_capturable"}
    units = intent.get(sums.get(says, "amount"))
    return Told(
        event_id,
        kind,
        Meaning.PAYMENT,
        reference=reference,
        operation=Operation.AUTHORIZE,
        amount=ours(intent["amount"] if units is None else units, intent["currency"]),
        says=says,
        at=at,
    )


def _refund(event_id: str, kind: str, at: datetime, refund: Mapping[str, Any]) -> Told:
    reference = (refund.get("metadata") or {}).get(REFERENCE)
    if reference is None:
        return Told(event_id, kind, Meaning.UNKNOWN, at=at)
    return Told(
        event_id,
        kind,
        Meaning.REFUND,
        reference=reference,
        operation=Operation.REFUND,
        amount=ours(refund["amount"], refund["currency"]),
        says=_REFUND.get(str(refund.get("status")), Says.NOTHING),
        at=at,
    )


def _dispute(
    event_id: str, kind: str, at: datetime, dispute: Mapping[str, Any], provider: str
) -> Told:
    """Whether it is about a payment of ours is not in it: the provider is asked."""
    reference = str(dispute["id"])
    dispute_id = ids.dispute_id(provider, reference)
    return Told(
        event_id,
        kind,
        Meaning.DISPUTE,
        reference=dispute_id,
        amount=ours(dispute["amount"], dispute["currency"]),
        at=at,
        dispute=DisputeTold(
            DisputeOrder(dispute_id, provider, reference),
            status_of(dispute),
            fee_of(dispute),
            due_at(dispute),
        ),
    )
