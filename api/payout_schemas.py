"""The shapes of payouts and of where they go, as partners write and read them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, JsonValue, StringConstraints
from pydantic.functional_validators import BeforeValidator
from pydantic_core import PydanticCustomError

from api.answers import field_refused
from api.card_schemas import Currency, CustomerId, MethodToken, Reference
from api.formats import Formatted
from api.free_text import Metadata, Visible
from api.method_schemas import Country
from api.paging import Moment, PageSize
from api.schemas import Amount, Asked, Told, rfc3339
from payments.domain import ids
from payments.domain.codes import Code
from payments.domain.destination import Destination, DestinationKind, DestinationState
from payments.domain.payout import ON_ITS_WAY, HoldReason, Leg, LegKind, Payout, PayoutStatus
from payments.domain.payout_legs import arrival

_TAIL: Final = "[0-9a-z]{26}$"
# ISO 13616: a country, two check digits, and the account by that country's own rules.
_IBAN: Final = "[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}"

PayoutId = Annotated[str, StringConstraints(pattern=f"^po_{_TAIL}")]
DestinationToken = Annotated[str, StringConstraints(pattern=f"^dst_{_TAIL}")]
Iban = Annotated[str, StringConstraints(pattern=f"^{_IBAN}$"), Formatted(_IBAN)]
Bic = Annotated[str, StringConstraints(pattern="^[A-Z0-9]{8}([A-Z0-9]{3})?$")]
AccountNumber = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9-]{4,34}$")]
BankCode = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9-]{2,20}$")]
Holder = Annotated[str, Field(min_length=1, max_length=140), Visible]


def _status(text: object) -> object:
    if isinstance(text, str) and text in set(PayoutStatus):
        return PayoutStatus(text)
    raise PydanticCustomError("payout_status", "one of " + ", ".join(PayoutStatus))


class IbanBody(Asked):
    """An account by its IBAN. A `bic` has to be of the same country; mostly it is not needed."""

    type: Literal["iban"]
    iban: Iban
    bic: Bic | None = None
    holder: Holder


class LocalAccountBody(Asked):
    """An account where there are no IBANs: its number, and the code of its bank in that country."""

    type: Literal["local"]
    country: Country
    account_number: AccountNumber
    bank_code: BankCode
    holder: Holder


class CardBody(Asked):
    """A card by its token: one that a customer has saved, or one fresh from the hosted fields."""

    type: Literal["card"]
    payment_method_token: MethodToken


class DestinationBody(Asked):
    """Where payouts may go. `reference` is your own and names one destination for ever.

    With `customerId` it belongs to that customer, and the closed loop holds for it.
    """

    reference: Reference
    currency: Currency
    customer_id: CustomerId | None = None
    account: Annotated[IbanBody | LocalAccountBody | CardBody, Field(discriminator="type")]


class DestinationsQuery(Asked):
    """All, or those of one customer."""

    customer_id: CustomerId | None = None


class DestinationView(Told):
    """`last4` is the end of its number, and all that is ever shown of it.

    `reason` is the rail's own word for why it was refused.
    """

    destination_token: str
    reference: str
    type: DestinationKind
    state: DestinationState
    reason: str | None = None
    country: str
    currency: str
    last4: str
    bank: str | None = None
    customer_id: str | None = None
    created_at: str

    @classmethod
    def of(cls, found: Destination) -> "DestinationView":
        return cls(
            destination_token=found.destination_id,
            reference=found.reference,
            type=found.kind,
            state=found.state,
            reason=found.reason,
            country=found.country,
            currency=found.currency,
            last4=found.shown,
            bank=found.bank,
            customer_id=found.customer_id,
            created_at=rfc3339(found.created_at),
        )


class DestinationsView(Told):
    destinations: list[DestinationView]


# One says where it goes, for the OpenAPI document; the body's own check holds partners to it.
_TO_ONE: Final[list[JsonValue]] = [
    {
        "required": [name],
        "properties": {name: {"type": "string"}, other: {"type": "null"}},
    }
    for name, other in (("destinationToken", "customerId"), ("customerId", "destinationToken"))
]


class PayoutBody(Asked):
    """A payout. `reference` is your own and names one payout for ever; the fee comes on top.

    With `customerId` instead of `destinationToken` all of it goes back by refunds, or nothing does.
    """

    model_config = ConfigDict(json_schema_extra={"oneOf": _TO_ONE})

    amount: Amount
    currency: Currency
    destination_token: DestinationToken | None = None
    customer_id: CustomerId | None = None
    reference: Reference
    metadata: Metadata = Field(default_factory=dict)

    @property
    def to(self) -> Mapping[str, str]:
        """The field that says where it goes. Raises Refusal unless it is one."""
        match self.destination_token, self.customer_id:
            case str(token), None:
                return {"destinationToken": token}
            case None, str(customer_id):
                return {"customerId": customer_id}
            case None, None:
                raise field_refused(
                    *(Code.FIELD_MALFORMED, "destinationToken", "this, or a customerId")
                )
            case _:
                raise field_refused(
                    *(Code.FIELD_REFUSED, "customerId", "a destination says whose it is")
                )


class PayoutsQuery(Asked):
    """Which payouts to list, newest first. `after` is the `next` of the page before."""

    status: Annotated[PayoutStatus, BeforeValidator(_status)] | None = None
    reference: Reference | None = None
    destination_token: DestinationToken | None = None
    created_from: Moment | None = None
    created_before: Moment | None = None
    after: PayoutId | None = None
    limit: PageSize = 50


class FundsQuery(Asked):
    currency: Currency


class FundsView(Told):
    """What you could pay out now: what you earned, less what went back, out, or is on its way."""

    currency: str
    available: str


class PayoutLegView(Told):
    """One part of a payout: a refund of `paymentId`, or a transfer to the destination."""

    number: int
    type: LegKind
    amount: str
    status: PayoutStatus
    payment_id: str | None = None
    refund_id: str | None = None
    failure_code: str | None = None
    failure_reason: str | None = None

    @classmethod
    def of(cls, payout_id: str, leg: Leg) -> "PayoutLegView":
        code = leg.code
        return cls(
            number=leg.number,
            type=leg.kind,
            amount=str(leg.amount),
            status=leg.status,
            payment_id=leg.payment_id,
            refund_id=ids.leg_refund(payout_id, leg.number) if leg.payment_id else None,
            failure_code=code,
            failure_reason=code.meaning.reason if code else None,
        )


class PayoutView(Told):
    """`legs` are its parts in their order, where a customer's money goes back by refunds.

    `customerId` only where no destination is named. `arrivalEstimate` is when what goes over a rail
    is there at the latest, if that keeps its word; nobody says it of a refund.

    `heldFor` says why people of ours look first, `failureCode` and `failureReason` why it came to
    nothing, or a part of it.
    """

    id: str
    reference: str
    status: PayoutStatus
    amount: str
    fee: str
    currency: str
    destination_token: str | None = None
    customer_id: str | None = None
    arrival_estimate: str | None = None
    held_for: HoldReason | None = None
    failure_code: str | None = None
    failure_reason: str | None = None
    legs: list[PayoutLegView] | None = None
    metadata: dict[str, str]
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, payout: Payout, legs: Sequence[Leg]) -> "PayoutView":
        code = payout.code
        estimate = arrival(payout.arrives_at, legs) if payout.status in ON_ITS_WAY else None
        return cls(
            id=payout.payout_id,
            reference=payout.reference,
            status=payout.status,
            amount=str(payout.amount),
            fee=str(payout.fee),
            currency=payout.amount.currency,
            destination_token=payout.destination_id,
            customer_id=payout.customer_id,
            arrival_estimate=rfc3339(estimate) if estimate else None,
            held_for=payout.held_for if payout.status is PayoutStatus.ON_HOLD else None,
            failure_code=code,
            failure_reason=code.meaning.reason if code else None,
            legs=[PayoutLegView.of(payout.payout_id, each) for each in legs] or None,
            metadata=payout.metadata,
            created_at=rfc3339(payout.created_at),
            updated_at=rfc3339(payout.updated_at),
        )


class PayoutsView(Told):
    """`next`, when there is more, is the `after` of the next page."""

    payouts: list[PayoutView]
    next: str | None = None
