"""What goes between us and a provider: operations, answers and questions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from payments.domain import emv
from payments.domain.card import Decline
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt, PaymentOrder


class Operation(StrEnum):
    """Calls that move or reserve somebody's money."""

    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class ChallengeAsked:
    """The customer has to act: the browser is sent to `url`, or shows `copy_code` to be paid."""

    url: str
    expires_at: datetime
    copy_code: str | None = None

    def is_of(self, order: PaymentOrder) -> bool:
        """Whether what would be shown asks for what was ordered."""
        if order.display is None:
            return True
        try:
            asked = emv.asks_for(self.copy_code or "")
        except emv.CodeBroken:
            return False
        return asked == (order.amount, order.display.country)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came for a code. `id` is its own in the payment network, and only one bears it."""

    id: str
    amount: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class Reservation:
    """What can be done with reserved money, as its provider declares it: how long it can be taken,
    and whether in more than one part.
    """

    lasts: timedelta
    multiple: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """How one call ended: exactly one of the five outcomes, and what belongs to it.

    `amount` and `payee` are what the provider says it authorised, captured or refunded, and for
    whom: what differs from the order was changed on the way and is never accepted. `captured` says
    whether the money moved or is only reserved; then `reservation`, which our own step adds, says
    for how long. `retry_after_s` is a NOT_SENT provider's own wish. `receipts` is all that came for
    a code; then the `reference` of what was captured is that of the one that did it.
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
    reservation: Reservation | None = None
    receipts: tuple[Receipt, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether asking again would be of no use now. An open challenge is known: it is open."""
        if self.kind is OutcomeKind.PENDING:
            return self.challenge is not None
        return self.kind is not OutcomeKind.UNKNOWN

    def is_of(self, order: PaymentOrder) -> bool:
        """Whether what was accepted is what was ordered: nothing that is said of it differs."""
        same_amount = self.amount is None or self.amount == order.amount
        same_asked = self.challenge is None or self.challenge.is_of(order)
        return same_amount and same_asked and self.payee in (None, order.partner_id)


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
