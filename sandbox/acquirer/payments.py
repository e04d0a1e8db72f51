"""One payment at an acquirer: what is reserved, taken and given back, and how it is told."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.acquirer.amounts import written as amount_written
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


@dataclass(slots=True)
class Refund:
    """Only a pending refund ever changes."""

    at: datetime
    refund_id: str
    reference: str
    amount_minor: int
    state: RefundState
    reason: str | None
    due_at: datetime | None


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

    @classmethod
    def opened(cls, entry: Opened) -> "Payment":
        order = entry.order
        return cls(entry.id, entry.acquirer, order, entry.key, entry.at, bank=order.bank)

    @property
    def capturable_minor(self) -> int:
        return self.authorized_minor - self.captured_minor - self.voided_minor

    @property
    def refunded_minor(self) -> int:
        return self._refunds_minor(RefundState.SUCCEEDED)

    @property
    def refundable_minor(self) -> int:
        """What a pending refund has asked for is spoken for."""
        return self.captured_minor - self.refunded_minor - self._refunds_minor(RefundState.PENDING)

    def _refunds_minor(self, state: RefundState) -> int:
        return sum(refund.amount_minor for refund in self.refunds.values() if refund.state is state)

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
        if self.state is PaymentState.CHALLENGE and self.challenge is not None:
            told["challenge"] = {
                "url": f"{public_url}/{self.challenge.page}/{self.challenge.id}",
                "expiresAt": written(self.challenge.expires_at),
            }
        return told


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
