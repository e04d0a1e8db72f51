"""Disputes at Stripe: its words and ours, and how one is asked after and answered."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from payments.adapters.providers.answered_disputes import AnsweredDisputes
from payments.adapters.providers.stripe.amounts import ours
from payments.adapters.providers.stripe.client import REFERENCE, Client, Object
from payments.adapters.providers.stripe.errors import Refusal
from payments.domain.charge import Answer
from payments.domain.dispute import (
    DisputeReason,
    DisputeStatus,
    Found,
    became_of,
)
from payments.domain.evidence import EvidenceFile, EvidenceText, MediaType, Said
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.outside.wire import NeverLeft, NoAnswer
from payments.ports.provider import Capabilities, ProviderUnavailable

_MISSING: Final = "resource_missing"
# docs.stripe.com/api/disputes/object: their statuses are ours but for one. What was prevented took
# no money and asks for nothing any more.
_STATUSES: Final[Mapping[str, DisputeStatus]] = {
    **{status.value: status for status in DisputeStatus},
    "prevented": DisputeStatus.WARNING_CLOSED,
}
_REASONS: Final[Mapping[str, DisputeReason]] = {
    "credit_not_processed": DisputeReason.CREDIT_NOT_PROCESSED,
    "duplicate": DisputeReason.DUPLICATE,
    "fraudulent": DisputeReason.FRAUDULENT,
    "product_not_received": DisputeReason.NOT_RECEIVED,
    "product_unacceptable": DisputeReason.NOT_AS_DESCRIBED,
    "subscription_canceled": DisputeReason.SUBSCRIPTION_CANCELED,
    "unrecognized": DisputeReason.UNRECOGNIZED,
}
TEXTS: Final[Mapping[EvidenceText, str]] = {
    EvidenceText.EXPLANATION: "uncategorized_text",
    EvidenceText.PRODUCT_DESCRIPTION: "product_description",
    EvidenceText.ACTIVITY_LOG: "access_activity_log",
    EvidenceText.SERVICE_DATE: "service_date",
    EvidenceText.SHIPPING_CARRIER: "shipping_carrier",
    EvidenceText.SHIPPING_DATE: "shipping_date",
    EvidenceText.SHIPPING_TRACKING: "shipping_tracking_number",
    EvidenceText.REFUND_POLICY: "refund_policy_disclosure",
    EvidenceText.REFUND_REFUSAL: "refund_refusal_explanation",
    EvidenceText.CANCELLATION_POLICY: "cancellation_policy_disclosure",
    EvidenceText.CANCELLATION_REBUTTAL: "cancellation_rebuttal",
    EvidenceText.DUPLICATE: "duplicate_charge_explanation",
}
FILES: Final[Mapping[EvidenceFile, str]] = {
    EvidenceFile.RECEIPT: "receipt",
    EvidenceFile.CUSTOMER_COMMUNICATION: "customer_communication",
    EvidenceFile.CUSTOMER_SIGNATURE: "customer_signature",
    EvidenceFile.DELIVERY: "shipping_documentation",
    EvidenceFile.SERVICE: "service_documentation",
    EvidenceFile.REFUND_POLICY: "refund_policy",
    EvidenceFile.CANCELLATION_POLICY: "cancellation_policy",
    EvidenceFile.DUPLICATE: "duplicate_charge_documentation",
    EvidenceFile.OTHER: "uncategorized_file",
}
_ENDINGS: Final[Mapping[MediaType, str]] = {
    MediaType.PDF: "pdf",
    MediaType.PNG: "png",
    MediaType.JPEG: "jpg",
}
_ODD: Final = (ValueError, TypeError, KeyError, AttributeError, OverflowError)


def status_of(dispute: Object) -> DisputeStatus:
    """Raises KeyError for a status that we do not know."""
    return _STATUSES[str(dispute["status"])]


def due_at(dispute: Object) -> datetime | None:
    seconds = (dispute.get("evidence_details") or {}).get("due_by")
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def found(dispute: Object) -> Found:
    """Raises one of _ODD for what is no dispute of theirs."""
    amount = ours(dispute["amount"], dispute["currency"])
    intent = dispute.get("payment_intent")
    ours_ = intent.get("metadata") or {} if isinstance(intent, Mapping) else {}
    details = dispute.get("evidence_details") or {}
    reason = str(dispute.get("reason") or "general")
    return Found(
        reference=str(dispute["id"]),
        payment=ours_.get(REFERENCE),
        amount=amount,
        fee=fee_of(dispute),
        status=status_of(dispute),
        reason=_REASONS.get(reason, DisputeReason.GENERAL),
        raw_reason=reason,
        opened_at=datetime.fromtimestamp(dispute["created"], UTC),
        due_at=due_at(dispute),
        answered=int(details.get("submission_count") or 0) > 0,
        other_fees=tuple(fee for fee in _fees(dispute) if fee.currency != amount.currency),
    )


def fee_of(dispute: Object) -> Money:
    """What they keep in the payment's currency. Another one is not ours to convert: other_fees."""
    currency = str(dispute["currency"]).upper()
    mine = (fee for fee in _fees(dispute) if fee.currency == currency)
    return next(mine, Money(0, currency))


def _fees(dispute: Object) -> list[Money]:
    """What their books say of it in all, for each currency in which they keep any."""
    sums: dict[str, int] = {}
    for row in dispute.get("balance_transactions") or []:
        currency = str(row["currency"]).upper()
        sums[currency] = sums.get(currency, 0) + int(row.get("fee") or 0)
    return [ours(minor, currency) for currency, minor in sorted(sums.items()) if minor > 0]


class StripeDisputes(AnsweredDisputes):
    def __init__(
        self, client: Client, capabilities: Capabilities, now: Callable[[], datetime]
    ) -> None:
        super().__init__(capabilities, now)
        self._client = client

    async def find(self, reference: str) -> Found | None:
        try:
            dispute = await self._client.dispute(reference)
            if isinstance(dispute, Refusal):
                if dispute.word == _MISSING:
                    return None
                raise ProviderUnavailable(str(dispute))
            there = found(dispute)
        except (NeverLeft, NoAnswer) as error:
            raise ProviderUnavailable(str(error)) from error
        except _ODD as error:
            raise ProviderUnavailable(f"unreadable dispute: {error}") from error
        if there.reference != reference:
            raise ProviderUnavailable("another dispute")
        return there

    async def respond(self, said: Said) -> Answer:
        try:
            earlier = await self._earlier(said)
            if earlier is not None:
                return earlier
            evidence = await self._evidence(said)
        except (NeverLeft, NoAnswer, ProviderUnavailable) as error:
            # A file that may be there answers nothing yet.
            return Answer(OutcomeKind.NOT_SENT, detail=str(error))
        if isinstance(evidence, Answer):
            return evidence
        try:
            if said.accepts:
                done = await self._client.accept(said.reference, key=said.key)
            else:
                done = await self._client.submit(said.reference, evidence, key=said.key)
        except NeverLeft as error:
            return Answer(OutcomeKind.NOT_SENT, detail=str(error))
        except NoAnswer as error:
            return Answer(OutcomeKind.UNKNOWN, detail=str(error))
        return _became(done, said)

    async def _evidence(self, said: Said) -> dict[str, str] | Answer:
        """By their names, with their ids of the files."""
        evidence = {TEXTS[about]: words for about, words in said.texts.items()}
        for each in said.enclosures:
            name = f"{each.about}.{_ENDINGS[each.media_type]}"
            key = f"{said.key}-{each.file_id}"
            given = await self._client.give_file(each.content, name, key=key)
            if isinstance(given, Refusal):
                declined = given.kind is OutcomeKind.DECLINED
                kind = OutcomeKind.DECLINED if declined else OutcomeKind.NOT_SENT
                return Answer(kind, detail=str(given), retry_after_s=given.retry_after_s)
            evidence[FILES[each.about]] = str(given["id"])
        return evidence


def _became(done: Object | Refusal, said: Said) -> Answer:
    if isinstance(done, Refusal):
        return Answer(done.kind, detail=str(done), retry_after_s=done.retry_after_s)
    try:
        there = found(done)
    except _ODD as error:
        return Answer(OutcomeKind.UNKNOWN, detail=f"quarantined: {error}")
    kind = became_of(said.response, there)
    if kind is OutcomeKind.ACCEPTED and there.reference == said.reference:
        return Answer(kind, reference=said.reference, detail=there.status)
    # Their status may follow a moment later.
    return Answer(OutcomeKind.UNKNOWN, detail=f"it is {there.status} there")
