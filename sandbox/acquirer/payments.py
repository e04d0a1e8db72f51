"""One payment at an acquirer: what is reserved, taken and given back, and how it is told."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.acquirer.amounts import written as amount_written
from sandbox.acquirer.codes import code_for
from sandbox.acquirer.disputes import Dispute
from sandbox.acquirer.entries import (
    NOT_AUTHENTICATED,
    Challenge,
    Decline,
    Opened,
    Order,
    PaymentState,
    RefundState,
    ThreeDs,
)
from sandbox.acquirer.methods import CODE
from sandbox.moments import written

# States in which money is reserved or taken, or may still be.
LIVING = frozenset(
    {
        PaymentState.CHALLENGE,
        PaymentState.PENDING,
        PaymentState.AUTHORIZED,
        PaymentState.CAPTURED,
    }
)
UNDECIDED = frozenset({PaymentState.CHALLENGE, PaymentState.PENDING})


@dataclass(frozen=True, slots=True)
class Capture:
    at: datetime
    capture_id: str
    reference: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came for a code."""

    at: datetime
    receipt_id: str
    amount_minor: int


@dataclass(slots=True)
class Refund:
    """Only a pending refund ever changes. `receipt`: that one goes back, not what was captured."""

    at: datetime
    refund_id: str
    reference: str
    amount_minor: int
    state: RefundState
    reason: str | None
    due_at: datetime | None
    receipt: str | None = None


@dataclass(slots=True)
class Payment:
    id: str
    acquirer: str
    order: Order
    key: str | None
    created_at: datetime
    state: PaymentState = PaymentState.PENDING
    three_ds: ThreeDs = NOT_AUTHENTICATED
    decline: Decline | None = None
    challenge: Challenge | None = None
    due_at: datetime | None = None
    decided_at: datetime | None = None
    authorized_minor: int = 0
    captured_minor: int = 0
    voided_minor: int = 0
    captures: list[Capture] = field(default_factory=list)
    refunds: dict[str, Refund] = field(default_factory=dict)
    disputes: dict[str, Dispute] = field(default_factory=dict)
    # The rest was given back on request, which may be asked again.
    released: bool = False
    # How often anything changed, so that a reader can put what it was told into its order.
    sequence: int = 0
    # The one that was ordered, or else chosen.
    bank: str | None = None
    receipts: list[Receipt] = field(default_factory=list)
    # The receipt that is what was captured.
    paid_by: str | None = None

    @classmethod
    def opened(cls, entry: Opened) -> "Payment":
        order = entry.order
        return cls(entry.id, entry.acquirer, order, entry.key, entry.at, bank=order.bank)

    @property
    def capturable_minor(self) -> int:
        return self.authorized_minor - self.captured_minor - self.voided_minor

    @property
    def refunded_minor(self) -> int:
        done = [one for one in self.refunds.values() if one.state is RefundState.SUCCEEDED]
        return sum(one.amount_minor for one in done)

    def refundable_minor(self, receipt: str | None) -> int:
        """Of what was captured, or of a receipt. What a pending refund asked for is spoken for."""
        came = self.captured_minor
        if receipt is not None:
            came = sum(one.amount_minor for one in self.receipts if one.receipt_id == receipt)
        gone = [
            one
            for one in self.refunds.values()
            if one.receipt == receipt and one.state is not RefundState.FAILED
        ]
        return came - sum(one.amount_minor for one in gone)

    def capture_named(self, reference: str) -> Capture | None:
        return next((one for one in self.captures if one.reference == reference), None)

    def refund_named(self, reference: str) -> Refund | None:
        return next((one for one in self.refunds.values() if one.reference == reference), None)

    def as_json(self, public_url: str) -> dict[str, Any]:
        order, currency = self.order, self.order.currency
        told: dict[str, Any] = {
            "id": self.id,
            "reference": order.reference,
            "state": self.state,
            "amount": amount_written(order.amount_minor, currency),
            "currency": currency,
            "payee": order.payee,
            "authorizedAmount": amount_written(self.authorized_minor, currency),
            "capturedAmount": amount_written(self.captured_minor, currency),
            "refundedAmount": amount_written(self.refunded_minor, currency),
            "voidedAmount": amount_written(self.voided_minor, currency),
            "threeDS": {
                "result": self.three_ds.result,
                "version": self.three_ds.version,
                "eci": self.three_ds.eci,
            },
            "captures": [_capture_as_json(one, currency) for one in self.captures],
            "refunds": [_refund_as_json(one, currency) for one in self.refunds.values()],
            "createdAt": written(self.created_at),
            "decidedAt": written(self.decided_at) if self.decided_at is not None else None,
            "sequence": self.sequence,
        }
        if self.disputes:
            disputes = self.disputes.values()
            told["disputes"] = [one.as_json(order.reference, currency) for one in disputes]
        if order.country is not None:
            told |= {"country": order.country} | ({"bank": self.bank} if self.bank else {})
        if self.state is PaymentState.DECLINED and self.decline is not None:
            told["decline"] = {
                "reason": self.decline.reason,
                "networkCode": self.decline.network_code,
                "advice": self.decline.advice,
                "raw": self.decline.raw,
            }
        if order.method == CODE:
            told["receipts"] = [_receipt_as_json(one, currency) for one in self.receipts]
        if self.challenge is not None and (
            self.state is PaymentState.CHALLENGE or order.method == CODE
        ):
            told["challenge"] = self._challenge_as_json(self.challenge, public_url)
        return told

    def _challenge_as_json(self, challenge: Challenge, public_url: str) -> dict[str, str]:
        url = f"{public_url}/{challenge.page}/{challenge.id}"
        code = {"copyCode": code_for(self.order, url)} if self.order.method == CODE else {}
        return {"url": url, "expiresAt": written(challenge.expires_at), **code}


def _receipt_as_json(receipt: Receipt, currency: str) -> dict[str, str]:
    return {
        "id": receipt.receipt_id,
        "amount": amount_written(receipt.amount_minor, currency),
        "at": written(receipt.at),
    }


def _capture_as_json(capture: Capture, currency: str) -> dict[str, str]:
    return {
        "reference": capture.reference,
        "id": capture.capture_id,
        "amount": amount_written(capture.amount_minor, currency),
        "at": written(capture.at),
    }


def _refund_as_json(refund: Refund, currency: str) -> dict[str, str]:
    told = {
        "reference": refund.reference,
        "id": refund.refund_id,
        "amount": amount_written(refund.amount_minor, currency),
        "state": str(refund.state),
        "at": written(refund.at),
    }
    return told | ({"reason": refund.reason} if refund.reason is not None else {})
