"""What the fake provider is made of: how it takes a call, its ways to say no, and its books."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from payments.domain.card import Decline
from payments.domain.charge import Answer, Receipt
from payments.domain.codes import Code
from payments.domain.method import Bank
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.ports.provider import Capabilities


class How(StrEnum):
    """How the fake provider takes one call."""

    ORDINARY = "takes it and says so"
    CHALLENGE = "wants to see the customer first"
    LOSE_ANSWER = "takes it, the answer is lost"
    LOSE_REQUEST = "never gets it, and we cannot know"
    UNREACHABLE = "no connection, surely not sent"
    TOO_BUSY = "turns it away for longer than a customer waits"
    PENDING = "has it and decides later"
    WRONG_AMOUNT = "takes another amount"
    WRONG_CODE = "shows a code over another amount"
    WRONG_PAYEE = "takes it for somebody else"
    BREAK = "our adapter itself breaks after it was sent"
    ONLY_RESERVE = "reserves, although it was to take"


SOFT = Decline(Code.INSUFFICIENT_FUNDS, "51", "51")
HARD = Decline(Code.EXPIRED_CARD, "54", "54")
NEVER = Decline(Code.STOLEN_CARD, "43", "43")
STEP_UP = Decline(Code.AUTHENTICATION_REQUIRED, "65", "65")
FAILED_CHALLENGE = Decline(Code.AUTHENTICATION_FAILED, "failed")
WRONG_STATE = Decline(Code.PAYMENT_STATE, "WRONG_STATE")
REFUND_REFUSED = Decline(Code.REFUND_FAILED, "refused")

NOBODY = Answer(OutcomeKind.UNKNOWN, detail="no answer")
OPEN = frozenset({"AUTHORIZED", "CHALLENGE", "PENDING"})
DECIDED_AT = datetime(2026, 4, 30, 8, 21, tzinfo=UTC)
BANKS = (Bank("SUNNY", "Sunny Bank", "GB", ("GBP", "EUR")),)

CAPABILITIES = Capabilities(
    kind="sandbox",
    honours_idempotency_keys=True,
    settles_within=timedelta(seconds=30),
    authorization_lasts=timedelta(days=7),
    partial_captures=True,
    multiple_captures=True,
    partial_refunds=True,
    challenges=True,
    codes={"BR": "BRL"},
)


@dataclass
class Booked:
    """One payment in the provider's books."""

    state: str
    amount: Money
    payee: str
    sale: bool
    decline: Decline | None = None
    expires_at: datetime | None = None
    captures: dict[str, int] = field(default_factory=dict)
    refunds: dict[str, Answer] = field(default_factory=dict)
    # Of a payment by a code: the one that is shown, and what came for it.
    code: str | None = None
    receipts: list[Receipt] = field(default_factory=list)
