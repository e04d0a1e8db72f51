"""What partners are told of card payments and refunds, by the names of the events."""

from typing import Final

from payments.domain.payment import PaymentStatus
from payments.domain.refund import RefundStatus

# A payment that is back in processing has nothing to tell: its next move will.
PAYMENT_EVENTS: Final[dict[PaymentStatus, str]] = {
    PaymentStatus.REVIEW: "payment.review",
    PaymentStatus.REQUIRES_ACTION: "payment.requires_action",
    PaymentStatus.AUTHORIZED: "payment.authorized",
    PaymentStatus.PARTIALLY_CAPTURED: "payment.captured",
    PaymentStatus.CAPTURED: "payment.captured",
    PaymentStatus.CANCELED: "payment.canceled",
    PaymentStatus.EXPIRED: "payment.expired",
    PaymentStatus.FAILED: "payment.failed",
}
LATE_SUCCESS: Final = "payment.late_success"
REVERSED: Final = "payment.reversed"
REFUND_EVENTS: Final[dict[RefundStatus, str]] = {
    RefundStatus.SUCCEEDED: "refund.succeeded",
    RefundStatus.FAILED: "refund.failed",
}
