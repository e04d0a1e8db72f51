"""A refund: its values and its states."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from payments.domain.codes import Code
from payments.domain.money import Money


class RefundStatus(StrEnum):
    """`succeeded` and `failed` are never left."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Reserved(StrEnum):
    """NOW: by this very write, so nothing was sent before it. BEFORE: by an earlier one; the refund
    may have been sent.
    """

    NOW = "now"
    BEFORE = "before"


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Input of the Refund workflow. `reference` is the partner's own and names one refund.

    With `payout_id` it is a leg of that payout, which has set its money aside.
    """

    refund_id: str
    payment_id: str
    partner_id: str
    reference: str
    amount: Money
    trace: str
    created_at: datetime
    deadline: datetime
    reason: str | None = None
    payout_id: str | None = None


@dataclass(frozen=True, slots=True)
class Refund:
    """The record of a refund, as partners are told."""

    refund_id: str
    payment_id: str
    partner_id: str
    reference: str
    amount: Money
    status: RefundStatus
    code: Code | None
    provider_reference: str | None
    reason: str | None
    created_at: datetime
    trace: str
    payout_id: str | None = None


def order_of(refund: Refund) -> RefundOrder:
    """What was ordered, for who goes on with it: it has begun, so its deadline has no meaning."""
    return RefundOrder(
        refund_id=refund.refund_id,
        payment_id=refund.payment_id,
        partner_id=refund.partner_id,
        reference=refund.reference,
        amount=refund.amount,
        trace=refund.trace,
        created_at=refund.created_at,
        deadline=refund.created_at,
        reason=refund.reason,
        payout_id=refund.payout_id,
    )


@dataclass(frozen=True, slots=True)
class RefundAnswer:
    """What Refund.settled answers: the refund as it stands, or why there is none."""

    refund: Refund | None = None
    refused: Code | None = None
