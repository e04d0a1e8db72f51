"""A payment: its values, its states, and the one table of legal moves."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from payments.domain.card import Card, Decline
from payments.domain.card_terms import CardTerms
from payments.domain.codes import Code
from payments.domain.method import BankRedirect, DisplayCode, Method
from payments.domain.money import Money
from payments.domain.routing import Decision


class PaymentStatus(StrEnum):
    """Where a payment is, as partners are told.

    `captured` is also the end of a payment whose rest was given back: the amounts tell.
    """

    PROCESSING = "processing"
    REVIEW = "review"
    REQUIRES_ACTION = "requires_action"
    AUTHORIZED = "authorized"
    PARTIALLY_CAPTURED = "partially_captured"
    CAPTURED = "captured"
    CANCELED = "canceled"
    EXPIRED = "expired"
    FAILED = "failed"


_S = PaymentStatus
# The database refuses every other move; a test holds its trigger against this table.
PAYMENT_MOVES: Final[dict[PaymentStatus, frozenset[PaymentStatus]]] = {
    _S.PROCESSING: frozenset(
        {_S.REVIEW, _S.REQUIRES_ACTION, _S.AUTHORIZED, _S.CAPTURED, _S.FAILED, _S.CANCELED}
    ),
    _S.REVIEW: frozenset({_S.PROCESSING, _S.FAILED, _S.CANCELED, _S.EXPIRED}),
    _S.REQUIRES_ACTION: frozenset(
        {_S.PROCESSING, _S.AUTHORIZED, _S.CAPTURED, _S.FAILED, _S.CANCELED, _S.EXPIRED}
    ),
    _S.AUTHORIZED: frozenset({_S.PARTIALLY_CAPTURED, _S.CAPTURED, _S.CANCELED, _S.EXPIRED}),
    _S.PARTIALLY_CAPTURED: frozenset({_S.PARTIALLY_CAPTURED, _S.CAPTURED}),
    _S.CAPTURED: frozenset(),
    _S.CANCELED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.FAILED: frozenset(),
}
FINAL: Final = frozenset(status for status, moves in PAYMENT_MOVES.items() if not moves)


@dataclass(frozen=True, slots=True)
class PaymentOrder:
    """Input of the workflows of payments. The terms are a snapshot.

    `reference` is the partner's own and names one payment for ever; the id is derived from both.
    """

    payment_id: str
    partner_id: str
    reference: str
    amount: Money
    capture: bool
    # The method: this, `bank` or `display`.
    card: Card | None
    terms: CardTerms
    trace: str
    created_at: datetime
    # After it nobody waits for the answer any more, so nothing is begun.
    deadline: datetime
    # SHA-256 of what was asked, hex: tells the same payment asked again from another one.
    content: str
    return_url: str | None = None
    customer_id: str | None = None
    save_method: bool = False
    metadata: dict[str, str] | None = None
    bank: BankRedirect | None = None
    display: DisplayCode | None = None

    @property
    def method(self) -> Method:
        method = self.card or self.bank or self.display
        assert method is not None, "an order without a method"
        return method


class Verdict(StrEnum):
    """What risk says."""

    PASS = "pass"
    STEP_UP = "step_up"
    HOLD = "hold"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Assessment:
    """Risk's verdict and the name of the rule that spoke."""

    verdict: Verdict
    rule: str


@dataclass(frozen=True, slots=True)
class Begun:
    """The payment is in the record; this is how it goes on. `refused` says why it does not."""

    assessment: Assessment | None = None
    decision: Decision | None = None
    refused: Code | None = None

    @property
    def forbidden(self) -> Code | None:
        """Why nothing may be sent of a payment that is in the record."""
        if self.assessment is not None and self.assessment.verdict is Verdict.BLOCK:
            return Code.RISK_DECLINE
        if self.decision is None or self.decision.providers:
            return None
        return Code.NETWORK_FORBIDS if self.decision.by_network else Code.NO_ROUTE


@dataclass(frozen=True, slots=True)
class NextAction:
    """What the customer has to do before `expires_at`: follow `url`, or pay `copy_code`."""

    type: str
    url: str
    expires_at: datetime
    copy_code: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    """The record of a payment, as partners are told. Amounts are in the payment's currency."""

    payment_id: str
    partner_id: str
    reference: str
    amount: Money
    capture: bool
    status: PaymentStatus
    card_brand: str | None
    card_last4: str | None
    captured_minor: int
    refunded_minor: int
    refund_reserved_minor: int
    fee_minor: int
    provider: str | None
    provider_reference: str | None
    code: Code | None
    raw_code: str | None
    next_action: NextAction | None
    customer_id: str | None
    return_url: str | None
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    trace: str
    # The order's: whoever asks again is told whether it is the same question.
    content: str = ""
    bank: BankRedirect | None = None
    # What providers have taken back of it in disputes, and how many of these are still open.
    disputed_minor: int = 0
    open_disputes: int = 0
    display: DisplayCode | None = None
    paid_out_minor: int = 0  # Back to the card, by payouts.

    @property
    def capturable_minor(self) -> int:
        """What is reserved and not taken yet."""
        open_ = self.status in (PaymentStatus.AUTHORIZED, PaymentStatus.PARTIALLY_CAPTURED)
        return self.amount.minor - self.captured_minor if open_ else 0

    @property
    def refundable_minor(self) -> int:
        """What can still be given back: never what a dispute has taken already."""
        back = self.refunded_minor + self.refund_reserved_minor + self.paid_out_minor
        gone = back + self.disputed_minor
        return max(self.captured_minor - gone, 0)


@dataclass(frozen=True, slots=True)
class PaymentAnswer:
    """What the doors of a payment answer: the payment as it stands, or why not. Exactly one."""

    payment: Payment | None = None
    refused: Code | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A person's word on a payment that risk holds."""

    approved: bool
    by: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One authorisation sent to one provider. `number` counts the payment's attempts from 1.

    `reference` is `{payment_id}-{number}`: our name for it at the provider and its idempotency key.
    """

    order: PaymentOrder
    number: int
    provider: str
    challenge: bool = False

    @property
    def reference(self) -> str:
        return f"{self.order.payment_id}-{self.number}"


def nothing_sent(order: PaymentOrder) -> Attempt:
    """Stands in the facts of a payment of which nothing was sent to anybody."""
    return Attempt(order, number=0, provider="")


def begun(order: PaymentOrder) -> Payment:
    """The payment as it stands before its first move."""
    return Payment(
        payment_id=order.payment_id,
        partner_id=order.partner_id,
        reference=order.reference,
        amount=order.amount,
        capture=order.capture,
        status=PaymentStatus.PROCESSING,
        card_brand=order.card.brand if order.card else None,
        card_last4=order.card.last4 if order.card else None,
        captured_minor=0,
        refunded_minor=0,
        refund_reserved_minor=0,
        fee_minor=0,
        provider=None,
        provider_reference=None,
        code=None,
        raw_code=None,
        next_action=None,
        customer_id=order.customer_id,
        return_url=order.return_url,
        metadata=order.metadata or {},
        created_at=order.created_at,
        updated_at=order.created_at,
        expires_at=None,
        trace=order.trace,
        content=order.content,
        bank=order.bank,
        display=order.display,
    )


@dataclass(frozen=True, slots=True)
class CaptureOrder:
    """Input of CardPayment.capture: `amount` of None is everything that is left. `key` names it."""

    key: str
    trace: str
    amount: Money | None = None
    final: bool = False


@dataclass(frozen=True, slots=True)
class Fact:
    """What became of an attempt, for the record: one move of the payment with its money.

    `captured` is the part that this move captures, `decline` why it failed. The record derives
    ledger legs and event from `status` and these.
    """

    attempt: Attempt
    status: PaymentStatus
    at: datetime
    key: str
    provider_reference: str | None = None
    captured: Money | None = None
    fee: Money | None = None
    decline: Decline | None = None
    code: Code | None = None
    next_action: NextAction | None = None
    expires_at: datetime | None = None
