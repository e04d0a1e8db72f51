"""The shapes of card payments, refunds and customers, as partners write and read them."""

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, JsonValue, StringConstraints
from pydantic.functional_validators import BeforeValidator
from pydantic_core import PydanticCustomError

from api.free_text import Metadata, Reason
from api.method_schemas import (
    ActionTold,
    BankRedirectBody,
    CodeBody,
    MethodTold,
    action_told,
    method_told,
)
from api.paging import Moment, PageSize
from api.schemas import Amount, Asked, Told, TransactionId, rfc3339
from payments.domain.money import Money
from payments.domain.payment import Payment, PaymentStatus
from payments.domain.refund import Refund, RefundStatus
from payments.ports.inbox import InboundState
from payments.ports.methods import Customer, Method

_TAIL: Final = "[0-9a-z]{26}$"

Currency = Annotated[str, StringConstraints(pattern="^[A-Z]{3}$")]
PaymentId = Annotated[str, StringConstraints(pattern=f"^pay_{_TAIL}")]
CustomerId = Annotated[str, StringConstraints(pattern=f"^cus_{_TAIL}")]
MethodToken = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9_-]{4,128}$")]
# A name that is the partner's own; it names one object of its kind for ever.
Reference = TransactionId


def _status(text: object) -> object:
    if isinstance(text, str) and text in set(PaymentStatus):
        return PaymentStatus(text)
    raise PydanticCustomError("payment_status", "one of " + ", ".join(PaymentStatus))


class ClientTokenBody(Asked):
    """What the customer is about to pay, and which of your customers it is."""

    amount: Amount
    currency: Currency
    customer_id: CustomerId | None = None


# What goes together, for the OpenAPI document; api.card_orders holds partners to it.
_BY_CARD: Final[dict[str, JsonValue]] = {
    "required": ["paymentMethodToken"],
    "properties": {"paymentMethodToken": {"type": "string"}, "method": {"type": "null"}},
    "anyOf": [
        {"properties": {"saveMethod": {"const": False}}},
        {"required": ["customerId"], "properties": {"customerId": {"type": "string"}}},
    ],
}
_BY_METHOD: Final[dict[str, JsonValue]] = {
    "required": ["method"],
    "properties": {
        "method": {"type": "object"},
        "paymentMethodToken": {"type": "null"},
        "capture": {"const": True},
        "saveMethod": {"const": False},
    },
    "anyOf": [
        {"properties": {"method": {"properties": {"type": {"const": "code"}}}}},
        {"required": ["returnUrl"], "properties": {"returnUrl": {"type": "string"}}},
    ],
}


class PaymentBody(Asked):
    """A payment. `reference` is your own and names one payment for ever.

    By card: `paymentMethodToken`. By anything else: `method`, which always takes the money at once;
    at a bank with a `returnUrl`.
    `capture` false only reserves it. A saved card is named together with its customer.
    """

    model_config = ConfigDict(json_schema_extra={"oneOf": [_BY_CARD, _BY_METHOD]})

    amount: Amount
    currency: Currency
    payment_method_token: MethodToken | None = None
    method: BankRedirectBody | CodeBody | None = Field(None, discriminator="type")
    reference: Reference
    capture: bool = True
    customer_id: CustomerId | None = None
    save_method: bool = False
    return_url: str | None = Field(None, json_schema_extra={"format": "uri"})
    metadata: Metadata = Field(default_factory=dict)


class CaptureBody(Asked):
    """Without `amount`: everything that is left. `final` gives the rest back to the customer."""

    amount: Amount | None = None
    final: bool = False
    reference: Reference | None = None


class RefundBody(Asked):
    """Without `amount`: everything that is left. `reference` names one refund for ever."""

    amount: Amount | None = None
    reference: Reference
    reason: Reason | None = None


class CustomerBody(Asked):
    """`reference` is your own name for the customer, such as a number: nothing personal."""

    reference: Reference


class PaymentsQuery(Asked):
    """Which payments to list, newest first. `after` is the `next` of the page before."""

    status: Annotated[PaymentStatus, BeforeValidator(_status)] | None = None
    reference: Reference | None = None
    customer_id: CustomerId | None = None
    created_from: Moment | None = None
    created_before: Moment | None = None
    after: PaymentId | None = None
    limit: PageSize = 50


class ClientTokenView(Told):
    client_token: str
    expires_at: str
    fields_url: str


class PaymentView(Told):
    """A payment as the record has it. `declineCode` and `reason` only when it came to nothing.

    `nextAction` only while the customer has to act.
    """

    id: str
    reference: str
    status: PaymentStatus
    amount: str
    currency: str
    capture: bool
    amount_captured: str
    amount_refunded: str
    amount_disputed: str
    amount_capturable: str
    fee: str | None = None
    payment_method: MethodTold
    next_action: ActionTold | None = None
    decline_code: str | None = None
    reason: str | None = None
    provider_code: str | None = None
    customer_id: str | None = None
    metadata: dict[str, str]
    created_at: str
    updated_at: str
    expires_at: str | None = None

    @classmethod
    def of(cls, payment: Payment) -> "PaymentView":
        def money(minor: int) -> str:
            return str(Money(minor, payment.amount.currency))

        code, acting = payment.code, payment.status is PaymentStatus.REQUIRES_ACTION
        return cls(
            id=payment.payment_id,
            reference=payment.reference,
            status=payment.status,
            amount=str(payment.amount),
            currency=payment.amount.currency,
            capture=payment.capture,
            amount_captured=money(payment.captured_minor),
            amount_refunded=money(payment.refunded_minor),
            amount_disputed=money(payment.disputed_minor),
            amount_capturable=money(payment.capturable_minor),
            fee=money(payment.fee_minor) if payment.captured_minor else None,
            payment_method=method_told(payment),
            next_action=(
                action_told(payment.next_action) if acting and payment.next_action else None
            ),
            decline_code=code,
            reason=code.meaning.reason if code else None,
            provider_code=payment.raw_code,
            customer_id=payment.customer_id,
            metadata=payment.metadata,
            created_at=rfc3339(payment.created_at),
            updated_at=rfc3339(payment.updated_at),
            expires_at=rfc3339(payment.expires_at) if payment.expires_at else None,
        )


class PaymentsView(Told):
    """`next` is there while there are more."""

    payments: list[PaymentView]
    next: str | None = None


class RefundView(Told):
    """`reason` is your own word for it; `declineCode` and `declineReason` when it failed.

    `payoutId` when it is a leg of a payout.
    """

    id: str
    payment_id: str
    payout_id: str | None = None
    reference: str
    status: RefundStatus
    amount: str
    currency: str
    reason: str | None = None
    decline_code: str | None = None
    decline_reason: str | None = None
    created_at: str

    @classmethod
    def of(cls, refund: Refund) -> "RefundView":
        code = refund.code
        return cls(
            id=refund.refund_id,
            payment_id=refund.payment_id,
            payout_id=refund.payout_id,
            reference=refund.reference,
            status=refund.status,
            amount=str(refund.amount),
            currency=refund.amount.currency,
            reason=refund.reason,
            decline_code=code,
            decline_reason=code.meaning.reason if code else None,
            created_at=rfc3339(refund.created_at),
        )


class RefundsView(Told):
    refunds: list[RefundView]


class CustomerView(Told):
    id: str
    reference: str
    created_at: str

    @classmethod
    def of(cls, customer: Customer) -> "CustomerView":
        return cls(
            id=customer.customer_id,
            reference=customer.reference,
            created_at=rfc3339(customer.created_at),
        )


class ForgottenView(Told):
    """It is gone, and cannot be used any more."""

    state: Literal["FORGOTTEN"] = "FORGOTTEN"


class MethodView(Told):
    """A saved card: charge it again by its token, together with its customer."""

    payment_method_token: str
    brand: str
    last4: str
    exp_month: int
    exp_year: int
    created_at: str

    @classmethod
    def of(cls, method: Method) -> "MethodView":
        card = method.card
        return cls(
            payment_method_token=card.token,
            brand=card.brand,
            last4=card.last4,
            exp_month=card.exp_month,
            exp_year=card.exp_year,
            created_at=rfc3339(method.created_at),
        )


class MethodsView(Told):
    methods: list[MethodView]


class WebhookView(Told):
    """Where the provider's event stands with us."""

    event_id: str
    state: InboundState
