"""The acquirers' lines of the journal: what can happen there, written as JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from sandbox.acquirer.behaviour import Instruction, Operation
from sandbox.acquirer.dispute_entries import DisputeEntry
from sandbox.moments import written


class PaymentState(StrEnum):
    """AUTHORIZED lasts as long as anything can still be captured; then it is CAPTURED."""

    CHALLENGE = "CHALLENGE"
    PENDING = "PENDING"
    AUTHORIZED = "AUTHORIZED"
    CAPTURED = "CAPTURED"
    DECLINED = "DECLINED"
    VOIDED = "VOIDED"
    EXPIRED = "EXPIRED"


class Page(StrEnum):
    """Where a customer answers: an issuer's page, a bank's, or the own app's."""

    CHALLENGE = "challenge"
    BANK = "bank"
    CODE = "code"


class RefundState(StrEnum):
    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Order:
    """One request to authorise. Two requests are the same when all of this is the same."""

    reference: str
    amount_minor: int
    currency: str
    capture: bool
    method: str
    payee: str
    three_ds: Literal["auto", "required"]
    return_url: str | None
    # Without a card; at a bank without `bank` the customer chooses one of the country's.
    country: str | None = None
    bank: str | None = None


@dataclass(frozen=True, slots=True)
class Decline:
    reason: str
    network_code: str | None
    advice: str | None
    raw: str


@dataclass(frozen=True, slots=True)
class ThreeDs:
    result: Literal["none", "frictionless", "challenged", "failed"]
    version: str | None = None
    eci: str | None = None


NOT_AUTHENTICATED = ThreeDs("none")


@dataclass(frozen=True, slots=True)
class Challenge:
    """`then`: what the control door wants to happen once the customer has approved."""

    id: str
    expires_at: datetime
    page: Page = Page.CHALLENGE
    then: Instruction | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided about a payment; with `due_at`, it is decided again at that time."""

    state: PaymentState
    three_ds: ThreeDs = NOT_AUTHENTICATED
    decline: Decline | None = None
    challenge: Challenge | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request that may move money reached us, whatever became of it."""

    at: datetime
    acquirer: str
    operation: Operation
    payment: str
    reference: str | None = None
    amount: str | None = None
    currency: str | None = None
    key: str | None = None
    kind: Literal["arrived"] = "arrived"

    def as_json(self) -> dict[str, str | None]:
        return {
            "at": written(self.at),
            "kind": "arrival",
            "operation": self.operation,
            "acquirer": self.acquirer,
            "payment": self.payment,
            "reference": self.reference or self.payment,
            "amount": self.amount,
            "currency": self.currency,
            "idempotencyKey": self.key,
        }


@dataclass(frozen=True, slots=True)
class Opened:
    at: datetime
    acquirer: str
    id: str
    order: Order
    key: str | None
    verdict: Verdict
    kind: Literal["opened"] = "opened"


@dataclass(frozen=True, slots=True)
class Decided:
    at: datetime
    id: str
    verdict: Verdict
    kind: Literal["decided"] = "decided"


@dataclass(frozen=True, slots=True)
class BankChosen:
    at: datetime
    id: str
    bank: str
    kind: Literal["bank_chosen"] = "bank_chosen"


@dataclass(frozen=True, slots=True)
class Received:
    """Money came for a code. Without a verdict it pays for nothing."""

    at: datetime
    id: str
    receipt_id: str
    amount_minor: int
    verdict: Verdict | None
    kind: Literal["received"] = "received"


@dataclass(frozen=True, slots=True)
class Captured:
    at: datetime
    id: str
    capture_id: str
    reference: str
    amount_minor: int
    final: bool
    key: str | None
    kind: Literal["captured"] = "captured"


@dataclass(frozen=True, slots=True)
class Voided:
    at: datetime
    id: str
    key: str | None
    kind: Literal["voided"] = "voided"


@dataclass(frozen=True, slots=True)
class Refunded:
    at: datetime
    id: str
    refund_id: str
    reference: str
    amount_minor: int
    state: RefundState
    reason: str | None
    due_at: datetime | None
    key: str | None
    # Which receipt goes back, when it is not what was captured.
    receipt: str | None = None
    kind: Literal["refunded"] = "refunded"


@dataclass(frozen=True, slots=True)
class RefundDecided:
    at: datetime
    id: str
    refund_id: str
    state: RefundState
    reason: str | None
    kind: Literal["refund_decided"] = "refund_decided"


@dataclass(frozen=True, slots=True)
class TokenMade:
    """What the vault keeps of a card. Of the number: six digits, four digits and an HMAC."""

    at: datetime
    token: str
    client_token: str
    # The name of the test card, which says how it behaves.
    card: str
    last4: str
    exp_month: int
    exp_year: int
    fingerprint: str
    kind: Literal["token"] = "token"


@dataclass(frozen=True, slots=True)
class Delivered:
    """A webhook was taken, or given up: a restart does not send it again."""

    at: datetime
    event: str
    kind: Literal["delivered"] = "delivered"


Entry = (
    Arrived
    | Opened
    | Decided
    | BankChosen
    | Received
    | Captured
    | Voided
    | Refunded
    | RefundDecided
    | DisputeEntry
    | TokenMade
    | Delivered
)

_ADAPTER: TypeAdapter[Entry] = TypeAdapter(Annotated[Entry, Field(discriminator="kind")])


def as_line(entry: Entry) -> bytes:
    return _ADAPTER.dump_json(entry) + b"\n"


def entry_from(fields: Mapping[str, Any]) -> Entry:
    """Raises ValueError for a line that this program did not write."""
    return _ADAPTER.validate_python(fields)
