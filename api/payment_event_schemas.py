"""What events of payments and refunds say, as the OpenAPI file describes it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from api.event_parts import Amount, Code, Currency, Happened, Moment


class Card(Happened):
    type: Literal["card"]
    brand: str
    last4: Annotated[str, StringConstraints(pattern=r"^\d{4}$")]


class BankRedirect(Happened):
    """`bank` of null: the customer chose it at the provider."""

    type: Literal["bank_redirect"]
    country: str
    bank: str | None


class PayCode(Happened):
    type: Literal["code"]
    country: str


class NextAction(Happened):
    """Send the customer's browser to `url` before `expiresAt`."""

    type: Literal["redirect"]
    url: str
    expires_at: Moment


class DisplayCode(Happened):
    """Show `copyCode` as a QR code or as text, or open `deeplink`, before `expiresAt`."""

    type: Literal["display_code"]
    deeplink: str
    copy_code: str
    expires_at: Moment


class PaymentData(Happened):
    id: str
    reference: str
    amount: Amount
    currency: Currency
    capture: bool
    amount_captured: Amount
    amount_refunded: Amount
    amount_capturable: Amount
    fee: Amount
    payment_method: Annotated[Card | BankRedirect | PayCode, Field(discriminator="type")]
    customer_id: str | None = None
    metadata: dict[str, str]
    created_at: Moment


class MovedData(PaymentData):
    updated_at: Moment
    expires_at: Moment | None = None


class ReviewData(MovedData):
    status: Literal["review"]


class ActionData(MovedData):
    status: Literal["requires_action"]
    next_action: Annotated[NextAction | DisplayCode, Field(discriminator="type")]


class AuthorizedData(MovedData):
    status: Literal["authorized"]


class CapturedData(MovedData):
    """`partially_captured` as long as more of it can be captured."""

    status: Literal["captured", "partially_captured"]


class EndedData(MovedData):
    """`declineCode` and `reason` say why; `providerCode` is the provider's own word for it."""

    decline_code: Code | None = None
    reason: str | None = None
    provider_code: str | None = None


class CanceledData(EndedData):
    status: Literal["canceled"]


class ExpiredData(EndedData):
    status: Literal["expired"]


class FailedData(EndedData):
    status: Literal["failed"]


class LateData(PaymentData):
    """`lateAmount` is what `attempt` took after the payment had ended with this status."""

    status: str
    attempt: str
    late_amount: Amount


class RefundData(Happened):
    """`reason` is your own word for it, `payoutId` the payout whose leg it is."""

    id: str
    payment_id: str
    payout_id: str | None = None
    reference: str
    amount: Amount
    currency: Currency
    reason: str | None = None
    created_at: Moment


class RefundSucceededData(RefundData):
    status: Literal["succeeded"]


class RefundFailedData(RefundData):
    status: Literal["failed"]
    decline_code: Code
    decline_reason: str
