"""What goes between us and a card provider: operations, answers and questions."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from payments.domain.card import Decline
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt


class Operation(StrEnum):
    """Calls that move or reserve somebody's money."""

    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class ChallengeAsked:
    """The issuer wants to see the customer: send the browser to `url`."""

    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """How one call ended: exactly one of the five outcomes, and what belongs to it.

    `amount` and `payee` are what the provider says it authorised, captured or refunded, and for
    whom: what differs from the order was changed on the way and is never accepted. `captured` says
    whether the money moved or is only reserved. `retry_after_s` is a NOT_SENT provider's own wish.
    """

    kind: OutcomeKind
    reference: str | None = None
    decline: Decline | None = None
    challenge: ChallengeAsked | None = None
    amount: Money | None = None
    payee: str | None = None
    captured: bool = False
    at: datetime | None = None
    detail: str = ""
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What became of this call? `key` names a capture or refund; an attempt names itself.

    `sent_by` is the latest moment at which the last try can have left us.
    """

    attempt: Attempt
    operation: Operation
    sent_by: datetime
    key: str = ""
    amount: Money | None = None
