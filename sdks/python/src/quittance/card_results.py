"""What the calls for cards return: payments, refunds, customers, saved methods, client tokens.

`trace` names the one line in the gateway's request log that this value came from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Self

from quittance.reading import Envelope, Fields


class PaymentStatus(StrEnum):
    """CAPTURED, FAILED, CANCELED and EXPIRED are never left."""

    PROCESSING = "processing"
    REVIEW = "review"
    REQUIRES_ACTION = "requires_action"
    AUTHORIZED = "authorized"
    PARTIALLY_CAPTURED = "partially_captured"
    CAPTURED = "captured"
    FAILED = "failed"
    CANCELED = "canceled"
    EXPIRED = "expired"


class RefundStatus(StrEnum):
    """PENDING becomes SUCCEEDED or FAILED; those two are never left."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


_PENDING: Final = frozenset(
    {PaymentStatus.PROCESSING, PaymentStatus.REVIEW, PaymentStatus.REQUIRES_ACTION}
)
_FINAL: Final = frozenset(
    {
        PaymentStatus.CAPTURED,
        PaymentStatus.FAILED,
        PaymentStatus.CANCELED,
        PaymentStatus.EXPIRED,
    }
)


@dataclass(frozen=True, slots=True)
class ClientToken:
    """For your front end: the card fields at `fields_url` turn a card into a method token."""

    # Whoever has the token can enter a card for this payment, so it stays out of logs.
    client_token: str = field(repr=False)
    fields_url: str = field(repr=False)
    expires_at: datetime
    trace: str

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        fields = envelope.fields
        return cls(
            client_token=fields.text("clientToken"),
            fields_url=fields.text("fieldsUrl"),
            expires_at=fields.moment("expiresAt"),
            trace=envelope.trace,
        )


@dataclass(frozen=True, slots=True)
class NextAction:
    """Send the customer's browser to `url` before `expires_at`; it comes back to your returnUrl.

    Of a `display_code` there is a code to be paid in the customer's app: `copy_code` is its text,
    `qr_code` its picture as the src of an <img>, and `url` opens that app where they are.
    """

    type: str
    url: str
    expires_at: datetime
    copy_code: str | None = None
    qr_code: str | None = None


@dataclass(frozen=True, slots=True)
class BankRedirect:
    """How to pay at a bank: the customer is sent there by `next_action`, and comes back.

    `country` is the bank's (ISO 3166 alpha-2); without `bank` the customer chooses over there.
    """

    country: str
    bank: str | None = None


@dataclass(frozen=True, slots=True)
class DisplayCode:
    """How to pay by a code that the customer scans or pastes: `next_action` has it.

    `country` says whose scheme (ISO 3166 alpha-2): BR is PIX.
    """

    country: str


@dataclass(frozen=True, slots=True)
class Bank:
    """Where a customer can pay: `id` and `country` are those of a BankRedirect."""

    id: str
    name: str
    country: str
    currencies: tuple[str, ...]

    @classmethod
    def of(cls, fields: Fields) -> Self:
        return cls(
            id=fields.text("id"),
            name=fields.text("name"),
            country=fields.text("country"),
            currencies=fields.words("currencies"),
        )

    @classmethod
    def read_all(cls, envelope: Envelope) -> tuple[Self, ...]:
        return tuple(cls.of(each) for each in envelope.fields.rows("banks"))


@dataclass(frozen=True, slots=True)
class Payment:
    """One payment. What is not known yet, or never will be for this status and method, is None.

    `next_action` is there while the customer has to act, `decline_code` when it came to nothing.
    """

    id: str
    reference: str
    status: PaymentStatus
    amount: Decimal
    currency: str
    capture: bool
    amount_captured: Decimal
    amount_refunded: Decimal
    amount_disputed: Decimal
    amount_capturable: Decimal
    fee: Decimal | None
    card_brand: str | None
    card_last4: str | None
    bank_country: str | None
    bank: str | None
    code_country: str | None
    next_action: NextAction | None
    decline_code: str | None
    reason: str | None
    provider_code: str | None
    customer_id: str | None
    metadata: Mapping[str, str]
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    trace: str

    @property
    def is_pending(self) -> bool:
        """Somebody else has the next word: the customer, the provider or a reviewer."""
        return self.status in _PENDING

    @property
    def is_final(self) -> bool:
        return self.status in _FINAL

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        return cls.of(envelope.fields, envelope.trace)

    @classmethod
    def of(cls, fields: Fields, trace: str) -> Self:
        method = fields.inner("paymentMethod")
        kind, country = method.optional_text("type"), method.optional_text("country")
        return cls(
            id=fields.text("id"),
            reference=fields.text("reference"),
            status=fields.state("status", PaymentStatus),
            amount=fields.amount("amount"),
            currency=fields.text("currency"),
            capture=fields.flag("capture"),
            amount_captured=fields.amount("amountCaptured"),
            amount_refunded=fields.amount("amountRefunded"),
            amount_disputed=fields.amount("amountDisputed"),
            amount_capturable=fields.amount("amountCapturable"),
            fee=fields.optional_amount("fee"),
            card_brand=method.optional_text("brand"),
            card_last4=method.optional_text("last4"),
            bank_country=country if kind == "bank_redirect" else None,
            bank=method.optional_text("bank"),
            code_country=country if kind == "code" else None,
            next_action=_action(fields.inner("nextAction")) if fields.has("nextAction") else None,
            decline_code=fields.optional_text("declineCode"),
            reason=fields.optional_text("reason"),
            provider_code=fields.optional_text("providerCode"),
            customer_id=fields.optional_text("customerId"),
            metadata=fields.texts("metadata"),
            created_at=fields.moment("createdAt"),
            updated_at=fields.moment("updatedAt"),
            expires_at=fields.optional_moment("expiresAt"),
            trace=trace,
        )


def _action(fields: Fields) -> NextAction:
    is_code = fields.has("copyCode")
    return NextAction(
        fields.text("type"),
        fields.text("deeplink" if is_code else "url"),
        fields.moment("expiresAt"),
        fields.optional_text("copyCode"),
        fields.optional_text("qrCode"),
    )


@dataclass(frozen=True, slots=True)
class Refund:
    """`reason` is your own word for it; `decline_code` and `decline_reason` when it failed.

    `payout_id` when it is a leg of a payout.
    """

    id: str
    payment_id: str
    payout_id: str | None
    reference: str
    status: RefundStatus
    amount: Decimal
    currency: str
    reason: str | None
    decline_code: str | None
    decline_reason: str | None
    created_at: datetime
    trace: str

    @property
    def is_pending(self) -> bool:
        return self.status is RefundStatus.PENDING

    @property
    def is_final(self) -> bool:
        return not self.is_pending

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        return cls._of(envelope.fields, envelope.trace)

    @classmethod
    def read_all(cls, envelope: Envelope) -> tuple[Self, ...]:
        return tuple(cls._of(row, envelope.trace) for row in envelope.fields.rows("refunds"))

    @classmethod
    def _of(cls, fields: Fields, trace: str) -> Self:
        return cls(
            id=fields.text("id"),
            payment_id=fields.text("paymentId"),
            payout_id=fields.optional_text("payoutId"),
            reference=fields.text("reference"),
            status=fields.state("status", RefundStatus),
            amount=fields.amount("amount"),
            currency=fields.text("currency"),
            reason=fields.optional_text("reason"),
            decline_code=fields.optional_text("declineCode"),
            decline_reason=fields.optional_text("declineReason"),
            created_at=fields.moment("createdAt"),
            trace=trace,
        )


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer of yours, under your own reference; the gateway keeps nothing personal."""

    id: str
    reference: str
    created_at: datetime
    trace: str

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        fields = envelope.fields
        return cls(
            fields.text("id"), fields.text("reference"), fields.moment("createdAt"), envelope.trace
        )


@dataclass(frozen=True, slots=True)
class SavedMethod:
    """A customer's saved card: charge it by its token, together with that customer."""

    payment_method_token: str = field(repr=False)
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    created_at: datetime
    trace: str

    @classmethod
    def read_all(cls, envelope: Envelope) -> tuple[Self, ...]:
        return tuple(cls._of(row, envelope.trace) for row in envelope.fields.rows("methods"))

    @classmethod
    def _of(cls, fields: Fields, trace: str) -> Self:
        return cls(
            payment_method_token=fields.text("paymentMethodToken"),
            brand=fields.text("brand"),
            last4=fields.text("last4"),
            exp_month=fields.number("expMonth"),
            exp_year=fields.number("expYear"),
            created_at=fields.moment("createdAt"),
            trace=trace,
        )


def nothing(_envelope: Envelope) -> None:
    """For calls whose answer says no more than that it was done."""
