"""What webhooks say of payouts."""

from typing import Literal

from api.event_parts import Amount, Code, Currency, Happened, Moment


class LegData(Happened):
    number: int
    type: Literal["refund", "transfer"]
    amount: Amount
    status: Literal["queued", "on_hold", "sent", "paid", "failed", "returned", "canceled"]
    payment_id: str | None = None
    refund_id: str | None = None
    failure_code: Code | None = None
    failure_reason: str | None = None


class PayoutData(Happened):
    id: str
    reference: str
    amount: Amount
    fee: Amount
    currency: Currency
    destination_token: str | None = None
    customer_id: str | None = None
    metadata: dict[str, str]
    created_at: Moment
    updated_at: Moment
    legs: list[LegData] | None = None


class PayoutHeldData(PayoutData):
    status: Literal["on_hold"]
    held_for: Literal["amount", "closed_loop"]
    arrival_estimate: Moment | None = None


class PayoutSentData(PayoutData):
    """`arrivalEstimate` is when what goes over a rail is there at the latest, by its own word."""

    status: Literal["sent"]
    arrival_estimate: Moment | None = None


class PayoutPaidData(PayoutData):
    status: Literal["paid"]


class PayoutPartlyPaidData(PayoutData):
    """Some of its legs came to nothing, and that money is back. It may come again, with less.

    Without a reason when nothing failed, and you took back its transfer.
    """

    status: Literal["partly_paid"]
    failure_code: Code | None = None
    failure_reason: str | None = None


class PayoutFailedData(PayoutData):
    status: Literal["failed"]
    failure_code: Code
    failure_reason: str


class PayoutReturnedData(PayoutData):
    """It was sent, perhaps paid, and came back: `fee` stays."""

    status: Literal["returned"]
    failure_code: Code
    failure_reason: str


class PayoutCanceledData(PayoutData):
    """With a reason when people of ours would not let it go."""

    status: Literal["canceled"]
    failure_code: Code | None = None
    failure_reason: str | None = None
