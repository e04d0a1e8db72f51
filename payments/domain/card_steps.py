"""What goes in and out of the steps of card payments: small values that Temporal keeps for us."""

from dataclasses import dataclass
from datetime import datetime

from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.payment import Attempt
from payments.domain.refund import RefundOrder, RefundStatus


@dataclass(frozen=True, slots=True)
class Onward:
    """An attempt ended without success, or was never sent: may the payment go on, and where?

    `providers` are those that may still be tried, in order. `answer` of None: nothing was sent.
    """

    attempt: Attempt
    providers: tuple[str, ...]
    challenge: bool
    answer: Answer | None = None


@dataclass(frozen=True, slots=True)
class Capture:
    """Take a part of what an attempt reserved. `final` gives the rest back."""

    attempt: Attempt
    key: str
    amount: Money
    final: bool


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Give captured money back to its source, or with `receipt` that one. Key: the refund's id."""

    attempt: Attempt
    key: str
    amount: Money
    receipt: str | None = None


@dataclass(frozen=True, slots=True)
class ChallengeOrder:
    """Input of the Challenge workflow."""

    attempt: Attempt
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class LateMoney:
    """What a provider holds of an attempt whose payment does not want it any more."""

    attempt: Attempt
    amount: Money
    captured: bool


@dataclass(frozen=True, slots=True)
class RefundReserved:
    """The attempt that took the money which now goes back, or why it does not. Exactly one.

    `was_reserved` when the record knew it already: whoever did that may have sent it before he was
    lost.
    """

    attempt: Attempt | None = None
    refused: Code | None = None
    was_reserved: bool = False


@dataclass(frozen=True, slots=True)
class RefundEnd:
    order: RefundOrder
    status: RefundStatus
    answer: Answer
