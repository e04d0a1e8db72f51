"""A payout: its values, its states, and the one table of legal moves."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.payout_terms import PayoutLimits
from payments.domain.row import RowRef


class PayoutStatus(StrEnum):
    """Where a payout is, as partners are told.

    `queued` also while nobody knows whether the rail has it. `paid` may still become `returned`.
    `partly_paid`: some of its legs came to nothing, and that money is the partner's again; the
    partner may have taken back the transfer.
    """

    QUEUED = "queued"
    ON_HOLD = "on_hold"
    SENT = "sent"
    PAID = "paid"
    PARTLY_PAID = "partly_paid"
    FAILED = "failed"
    RETURNED = "returned"
    CANCELED = "canceled"


_S = PayoutStatus
# A payout begins as `queued`, or as `on_hold` when people have to look first.
# The database refuses every other move; a test holds its trigger against this table.
PAYOUT_MOVES: Final[dict[PayoutStatus, frozenset[PayoutStatus]]] = {
    _S.QUEUED: frozenset({_S.SENT, _S.FAILED, _S.CANCELED}),
    _S.ON_HOLD: frozenset({_S.QUEUED, _S.CANCELED}),
    _S.SENT: frozenset({_S.PAID, _S.PARTLY_PAID, _S.FAILED, _S.RETURNED}),
    _S.PAID: frozenset({_S.PARTLY_PAID, _S.RETURNED}),
    _S.PARTLY_PAID: frozenset({_S.RETURNED}),
    _S.FAILED: frozenset(),
    _S.RETURNED: frozenset(),
    _S.CANCELED: frozenset(),
}


def came_by(standing: PayoutStatus, status: PayoutStatus) -> bool:
    """Whether a payout that stands like this is in that status, or may have been in it before.

    A worker that dies after two moves leaves both in the record, and none of them in the engine.
    """
    return standing is status or any(came_by(standing, after) for after in PAYOUT_MOVES[status])


# It is still to be there.
ON_ITS_WAY: Final = frozenset({_S.QUEUED, _S.ON_HOLD, _S.SENT})
# The money is the partner's again.
GIVEN_BACK: Final = frozenset({_S.FAILED, _S.RETURNED, _S.CANCELED})


class HoldReason(StrEnum):
    """Why people look first: the amount, or money that would not go back where it came from."""

    AMOUNT = "amount"
    CLOSED_LOOP = "closed_loop"


@dataclass(frozen=True, slots=True)
class PayoutOrder:
    """Input of the Payout workflow. Where the money goes is a token: no account is in here.

    `reference` is the partner's own and names one payout for ever; the id is derived from both.
    `fee` comes on top of the amount. Limits are a snapshot. Without a destination, whose rail and
    arrival it has, all of it goes back to `customer_id` by refunds.
    """

    payout_id: str
    partner_id: str
    reference: str
    amount: Money
    fee: Money
    destination_id: str | None
    rail: str | None
    limits: PayoutLimits
    arrives_at: datetime | None
    trace: str
    created_at: datetime
    # After it nobody waits for the answer any more, so nothing is begun.
    deadline: datetime
    # SHA-256 of what was asked, hex: tells the same payout asked again from another one.
    content: str
    metadata: dict[str, str] | None = None
    # The payout whose leg this is: what it needs was set aside with that one.
    part_of: str | None = None
    # Of the batch that it is a part of.
    row: RowRef | None = None
    # Only where no destination says whose money goes back.
    customer_id: str | None = None

    @property
    def total(self) -> Money:
        """What the partner's funds must bear."""
        return self.amount + self.fee

    @property
    def carrier(self) -> str:
        """The rail of a payout that goes over one."""
        assert self.rail is not None, "all of it goes back by refunds"
        return self.rail


@dataclass(frozen=True, slots=True)
class Payout:
    """The record of a payout, as partners are told."""

    payout_id: str
    partner_id: str
    reference: str
    amount: Money
    fee: Money
    destination_id: str | None
    rail: str | None
    status: PayoutStatus
    held_for: HoldReason | None
    code: Code | None
    raw_code: str | None
    rail_reference: str | None
    suspended: bool
    arrives_at: datetime | None
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime
    trace: str
    # The order's: whoever asks again is told whether it is the same question.
    content: str
    # It goes back by refunds, and over a rail only what they do not take: see Leg.
    by_legs: bool = False
    customer_id: str | None = None


class LegKind(StrEnum):
    """A refund of a payment, or a transfer to the payout's destination."""

    REFUND = "refund"
    TRANSFER = "transfer"


@dataclass(frozen=True, slots=True)
class Leg:
    """One part of a payout, numbered from 1. `payment_id` is what a refund gives back, `arrives_at`
    when a transfer is there if its rail keeps its word.
    """

    number: int
    kind: LegKind
    amount: Money
    status: PayoutStatus
    code: Code | None = None
    payment_id: str | None = None
    arrives_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PayoutAnswer:
    """What the doors of a payout answer: the payout as it stands, or why not.

    Both are empty when the rail was asked and there is no news. `legs` only as it begins, and of a
    payout that goes by them. `was_begun` when the record knew it already: whoever began it may have
    handed it over before he was lost.
    """

    payout: Payout | None = None
    refused: Code | None = None
    legs: tuple[Leg, ...] = ()
    was_begun: bool = False


@dataclass(frozen=True, slots=True)
class PayoutReview:
    """One operator's word on a payout that is held. It takes two of them to let it go."""

    approved: bool
    by: str


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A word on a payout, and what of all words together became of it."""

    order: PayoutOrder
    review: PayoutReview


@dataclass(frozen=True, slots=True)
class PayoutFact:
    """What became of a payout, for the record: one move with its money and its event."""

    order: PayoutOrder
    status: PayoutStatus
    at: datetime
    code: Code | None = None
    raw_code: str | None = None
    rail_reference: str | None = None
    arrives_at: datetime | None = None
