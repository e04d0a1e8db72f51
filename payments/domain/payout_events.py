"""What partners are told of payouts, by the names of the events."""

from typing import Final

from payments.domain.payout import PayoutStatus

# A payout that is queued was asked for by who would be told.
PAYOUT_EVENTS: Final[dict[PayoutStatus, str]] = {
    PayoutStatus.ON_HOLD: "payout.on_hold",
    PayoutStatus.SENT: "payout.sent",
    PayoutStatus.PAID: "payout.paid",
    PayoutStatus.PARTLY_PAID: "payout.partly_paid",
    PayoutStatus.FAILED: "payout.failed",
    PayoutStatus.RETURNED: "payout.returned",
    PayoutStatus.CANCELED: "payout.canceled",
}
