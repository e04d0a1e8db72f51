"""What the calls for payouts return: payouts, destinations, funds.

`trace` names the one line in the gateway's request log that this value came from.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Self

from quittance.reading import Envelope, Fields


class PayoutStatus(StrEnum):
    """FAILED, RETURNED and CANCELED are never left. PAID may still become RETURNED.

    PARTLY_PAID: some legs came to nothing, or you took back its transfer; that money is back.
    """

    QUEUED = "queued"
    ON_HOLD = "on_hold"
    SENT = "sent"
    PAID = "paid"
    PARTLY_PAID = "partly_paid"
    FAILED = "failed"
    RETURNED = "returned"
    CANCELED = "canceled"


class DestinationState(StrEnum):
    """Money goes to VERIFIED ones only."""

    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    REFUSED = "refused"


_OPEN: Final = frozenset({PayoutStatus.QUEUED, PayoutStatus.ON_HOLD, PayoutStatus.SENT})


@dataclass(frozen=True, slots=True)
class Iban:
    """A bank account by its IBAN, without spaces."""

    iban: str = field(repr=False)
    holder: str = field(repr=False)
    bic: str | None = None


@dataclass(frozen=True, slots=True)
class LocalAccount:
    """A bank account in a country without IBANs: its number and the code of its bank."""

    country: str
    account_number: str = field(repr=False)
    bank_code: str
    holder: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CardAccount:
    """A card by the token of a saved method, or one fresh from the card fields."""

    payment_method_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where payouts may go: `destination_token` names it, `last4` is all that is shown of it."""

    destination_token: str
    reference: str
    type: str
    state: DestinationState
    reason: str | None
    country: str
    currency: str
    last4: str
    bank: str | None
    customer_id: str | None
    created_at: datetime
    trace: str

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        return cls._of(envelope.fields, envelope.trace)

    @classmethod
    def read_all(cls, envelope: Envelope) -> tuple[Self, ...]:
        rows = envelope.fields.rows("destinations")
        return tuple(cls._of(fields, envelope.trace) for fields in rows)

    @classmethod
    def _of(cls, fields: Fields, trace: str) -> Self:
        return cls(
            destination_token=fields.text("destinationToken"),
            reference=fields.text("reference"),
            type=fields.text("type"),
            state=fields.state("state", DestinationState),
            reason=fields.optional_text("reason"),
            country=fields.text("country"),
            currency=fields.text("currency"),
            last4=fields.text("last4"),
            bank=fields.optional_text("bank"),
            customer_id=fields.optional_text("customerId"),
            created_at=fields.moment("createdAt"),
            trace=trace,
        )


@dataclass(frozen=True, slots=True)
class PayoutLeg:
    """One part of a payout: a refund of `payment_id`, or a transfer to the destination.

    `type` is "refund" or "transfer".
    """

    number: int
    type: str
    amount: Decimal
    status: PayoutStatus
    payment_id: str | None
    refund_id: str | None
    failure_code: str | None
    failure_reason: str | None

    @classmethod
    def of(cls, fields: Fields) -> Self:
        return cls(
            number=fields.number("number"),
            type=fields.text("type"),
            amount=fields.amount("amount"),
            status=fields.state("status", PayoutStatus),
            payment_id=fields.optional_text("paymentId"),
            refund_id=fields.optional_text("refundId"),
            failure_code=fields.optional_text("failureCode"),
            failure_reason=fields.optional_text("failureReason"),
        )


@dataclass(frozen=True, slots=True)
class Payout:
    """`legs` are its parts, where a customer's money goes back by refunds; otherwise empty.

    `customer_id` only of one that goes back to a customer without a destination.
    `fee` comes on top of `amount`. `arrival_estimate` is while it is on its way.

    `held_for` says why people look first, `failure_code` and `failure_reason` why it came to
    nothing.
    """

    id: str
    reference: str
    status: PayoutStatus
    amount: Decimal
    fee: Decimal
    currency: str
    destination_token: str | None
    customer_id: str | None
    arrival_estimate: datetime | None
    held_for: str | None
    failure_code: str | None
    failure_reason: str | None
    legs: tuple[PayoutLeg, ...]
    metadata: Mapping[str, str]
    created_at: datetime
    updated_at: datetime
    trace: str

    @property
    def is_pending(self) -> bool:
        """Somebody else has the next word: the rail, or people of the gateway."""
        return self.status in _OPEN

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        return cls.of(envelope.fields, envelope.trace)

    @classmethod
    def of(cls, fields: Fields, trace: str) -> Self:
        return cls(
            id=fields.text("id"),
            reference=fields.text("reference"),
            status=fields.state("status", PayoutStatus),
            amount=fields.amount("amount"),
            fee=fields.amount("fee"),
            currency=fields.text("currency"),
            destination_token=fields.optional_text("destinationToken"),
            customer_id=fields.optional_text("customerId"),
            arrival_estimate=fields.optional_moment("arrivalEstimate"),
            held_for=fields.optional_text("heldFor"),
            failure_code=fields.optional_text("failureCode"),
            failure_reason=fields.optional_text("failureReason"),
            legs=tuple(map(PayoutLeg.of, fields.rows("legs") if fields.has("legs") else ())),
            metadata=fields.texts("metadata"),
            created_at=fields.moment("createdAt"),
            updated_at=fields.moment("updatedAt"),
            trace=trace,
        )


@dataclass(frozen=True, slots=True)
class Funds:
    """What you could pay out now. Below zero when more went back than you had."""

    currency: str
    available: Decimal
    trace: str

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        fields = envelope.fields
        return cls(fields.text("currency"), fields.amount("available"), envelope.trace)
