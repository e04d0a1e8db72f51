"""A dispute of a payment: its values, its states, and the one table of legal moves.

A warning asks before any money moves; a chargeback takes the money first. The provider decides, and
we follow: what it says is the truth, and every step on the way there is written and told.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind


class DisputeStatus(StrEnum):
    """Where a dispute is, as partners are told."""

    WARNING_NEEDS_RESPONSE = "warning_needs_response"
    WARNING_UNDER_REVIEW = "warning_under_review"
    WARNING_CLOSED = "warning_closed"
    NEEDS_RESPONSE = "needs_response"
    UNDER_REVIEW = "under_review"
    WON = "won"
    LOST = "lost"


_S = DisputeStatus
# The database refuses every other move; a test holds its trigger against this table.
DISPUTE_MOVES: Final[dict[DisputeStatus, frozenset[DisputeStatus]]] = {
    _S.WARNING_NEEDS_RESPONSE: frozenset(
        {_S.WARNING_UNDER_REVIEW, _S.WARNING_CLOSED, _S.NEEDS_RESPONSE}
    ),
    _S.WARNING_UNDER_REVIEW: frozenset({_S.WARNING_CLOSED, _S.NEEDS_RESPONSE}),
    _S.WARNING_CLOSED: frozenset(),
    _S.NEEDS_RESPONSE: frozenset({_S.UNDER_REVIEW, _S.WON, _S.LOST}),
    _S.UNDER_REVIEW: frozenset({_S.WON, _S.LOST}),
    _S.WON: frozenset(),
    _S.LOST: frozenset(),
}
CLOSED: Final = frozenset(status for status, moves in DISPUTE_MOVES.items() if not moves)
WARNINGS: Final = frozenset({_S.WARNING_NEEDS_RESPONSE, _S.WARNING_UNDER_REVIEW, _S.WARNING_CLOSED})
UNANSWERED: Final = frozenset({_S.WARNING_NEEDS_RESPONSE, _S.NEEDS_RESPONSE})
# In these the provider has taken the disputed money back, and a refund would give it a second time.
OPEN: Final = frozenset({_S.NEEDS_RESPONSE, _S.UNDER_REVIEW})
TAKING: Final = OPEN | {_S.LOST}


def steps(before: DisputeStatus | None, after: DisputeStatus) -> tuple[DisputeStatus, ...] | None:
    """The moves that lead there, one by one; None when none do. `before` of None: it is new.

    News may be missed, or come late: a chargeback that is lost when we first hear of it was opened
    before, and its money went then.
    """
    if before is after:
        return ()
    if before is None:
        first = _S.WARNING_NEEDS_RESPONSE if after in WARNINGS else _S.NEEDS_RESPONSE
        return (first, *(steps(first, after) or ()))
    if after in DISPUTE_MOVES[before]:
        return (after,)
    if _S.NEEDS_RESPONSE in DISPUTE_MOVES[before] and after in DISPUTE_MOVES[_S.NEEDS_RESPONSE]:
        return (_S.NEEDS_RESPONSE, after)
    return None


class DisputeReason(StrEnum):
    """Why the customer disputes it, in our words; the provider's own stand beside them."""

    FRAUDULENT = "fraudulent"
    DUPLICATE = "duplicate"
    NOT_RECEIVED = "not_received"
    NOT_AS_DESCRIBED = "not_as_described"
    CREDIT_NOT_PROCESSED = "credit_not_processed"
    SUBSCRIPTION_CANCELED = "subscription_canceled"
    UNRECOGNIZED = "unrecognized"
    GENERAL = "general"


class Response(StrEnum):
    """How a dispute is answered: fought with evidence, or accepted."""

    EVIDENCE = "evidence"
    ACCEPTANCE = "acceptance"


class ResponseState(StrEnum):
    """SENDING until the provider knows · TAKEN · REFUSED, and another one may be sent."""

    SENDING = "sending"
    TAKEN = "taken"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Found:
    """A dispute as its provider tells it now. Amounts are in the payment's currency; `other_fees`
    are what it keeps in others, which no book of ours has.

    `reference` is the provider's name of it, `payment` our own name of the attempt it is about,
    None when that is none of ours. `fee` is what the provider keeps at the moment for its trouble.
    `answered`: it has our evidence, or our acceptance, in the stage that it is in.
    """

    reference: str
    payment: str | None
    amount: Money
    fee: Money
    status: DisputeStatus
    reason: DisputeReason
    raw_reason: str
    opened_at: datetime
    due_at: datetime | None
    answered: bool
    other_fees: tuple[Money, ...] = ()


@dataclass(frozen=True, slots=True)
class DisputeOrder:
    """Input of the Dispute workflow, and how a dispute is named. `reference` is the provider's."""

    dispute_id: str
    provider: str
    reference: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a provider told of one dispute, and when we asked."""

    order: DisputeOrder
    found: Found
    at: datetime


@dataclass(frozen=True, slots=True)
class Dispute:
    """The record of a dispute, as partners are told.

    `taken_minor` is what the provider has taken back at the moment, with its fee. `returned_minor`
    is what of the disputed amount had gone back already when it was taken, by refunds or by other
    disputes: money that is gone twice. `reminded` counts the reminders of `due_at`.
    """

    dispute_id: str
    payment_id: str
    partner_id: str
    provider: str
    reference: str
    amount: Money
    status: DisputeStatus
    reason: DisputeReason
    raw_reason: str
    fee_minor: int
    taken_minor: int
    returned_minor: int
    due_at: datetime | None
    reminded: int
    response: Response | None
    response_version: int | None
    response_state: ResponseState | None
    opened_at: datetime
    updated_at: datetime
    closed_at: datetime | None

    @property
    def order(self) -> DisputeOrder:
        return DisputeOrder(self.dispute_id, self.provider, self.reference)

    @property
    def fee(self) -> Money:
        return Money(self.fee_minor, self.amount.currency)

    @property
    def can_be_answered(self) -> bool:
        """Whether it waits for an answer, and none is with the provider or on its way."""
        is_answered = self.response_state in (ResponseState.SENDING, ResponseState.TAKEN)
        return self.status in UNANSWERED and not is_answered


def became_of(response: Response, found: Found) -> OutcomeKind:
    """What a provider says has become of an answer of ours. NOT_SENT: it still waits for one."""
    if found.status in UNANSWERED:
        return OutcomeKind.NOT_SENT
    is_taken = found.answered or (response is Response.ACCEPTANCE and found.status in CLOSED)
    return OutcomeKind.ACCEPTED if is_taken else OutcomeKind.DECLINED


def taken_minor(status: DisputeStatus, amount: Money, fee: Money) -> int:
    """What the provider has taken back in this status, in minor units."""
    return (amount.minor if status in TAKING else 0) + fee.minor


class Unopened(StrEnum):
    """Why a dispute that a provider told of is not in the record. NOT_THERE: it does not know it
    itself. NO_MONEY_YET: by what we know its payment is still under way.
    """

    NOT_THERE = "not_there"
    NO_PAYMENT = "no_payment"
    NO_MONEY_YET = "no_money_yet"
    OTHER_MONEY = "other_money"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a sighting left in the record: the dispute, or why there is none. Exactly one.

    `contradicts`: what the provider tells now cannot follow what stands in the record for ever.
    """

    dispute: Dispute | None = None
    unopened: Unopened | None = None
    contradicts: bool = False


@dataclass(frozen=True, slots=True)
class ResponseOrder:
    """Answer the dispute: with the evidence of this version, or by accepting it (no version)."""

    dispute_id: str
    response: Response
    at: datetime
    version: int | None = None


@dataclass(frozen=True, slots=True)
class DisputeAnswer:
    """What the doors of a dispute answer: the dispute as it stands, and why not if it did not."""

    dispute: Dispute | None = None
    refused: Code | None = None
    unopened: Unopened | None = None
