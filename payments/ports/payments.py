"""The record of card payments and refunds: written together with the ledger and the events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from payments.domain.card import Decline
from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.payment import (
    Assessment,
    Attempt,
    Begun,
    Fact,
    Payment,
    PaymentOrder,
    PaymentStatus,
)
from payments.domain.refund import Refund, RefundOrder, RefundStatus, Reserved
from payments.domain.routing import Decision, Retries, Routed


class MoveRefused(Exception):
    """The record does not allow this move: it has another final state. A person has to look."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which payments to list. `after` is the id of the last one of the page before."""

    status: PaymentStatus | None = None
    reference: str | None = None
    customer_id: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Named:
    """A payment that a provider speaks of, by the reference of one of its attempts.

    `attempt` is None while it is not in the record yet. `is_latest`: this attempt holds or took
    the payment's money, or will; an earlier one came to nothing. `cases` are the receipts of which
    we know that they pay for nothing.
    """

    payment: Payment
    attempt: Attempt | None
    is_latest: bool
    cases: frozenset[str] = frozenset()


class Payments(Protocol):
    """Each write is one SQL transaction: read model, ledger posting and outgoing event together.

    Every write is idempotent: the same call again changes nothing and returns the same. Writes
    raise RecordUnavailable when the database does not answer.
    """

    async def begin(self, order: PaymentOrder, assessment: Assessment, decision: Decision) -> Begun:
        """Write down that the payment begins, with risk's verdict and its route, as PROCESSING.

        Unless risk holds or blocks it, its first attempt at the first provider is written as well.
        Begun by this very order before, the verdict and the route of that time stand and are
        returned: rules and switches may have changed since. `refused` says why not:
        REFERENCE_USED (the partner's reference names another payment, or this one asked for again
        later), METHOD_USED (the method or its client token belongs to another payment, and it is
        not saved for the order's customer), ENGINE_UNAVAILABLE (after the order's deadline).
        """

    async def move(self, fact: Fact) -> Payment:
        """Move the payment, with its money and its event, along PAYMENT_MOVES.

        The same fact again, by its key, returns the payment as it stands. A payment with
        save_method keeps its card when it is authorised or captured. Raises MoveRefused, and
        LookupError when the payment was never begun like this.
        """

    async def attempted(
        self, attempt: Attempt, answer: Answer, then: Attempt | None = None
    ) -> None:
        """One attempt ended without moving the payment, and `then` is sent next. For the rules.

        What of the attempt was in suspense comes back.
        """

    async def suspend(self, attempt: Attempt) -> None:
        """The outcome is unknown: what may have been taken waits in suspense.

        With order.capture it does; what would only be reserved is not in the ledger yet. Nothing
        happens when the payment is not PROCESSING or REQUIRES_ACTION any more.
        """

    async def late(self, attempt: Attempt, amount: Money, *, captured: bool) -> None:
        """Money moved after we had said that it would not. It waits in suspense for its way back.

        Event `payment.late_success`. The payment's status stays.
        """

    async def reversed(self, attempt: Attempt, amount: Money, *, captured: bool) -> None:
        """The late money went back. Event `payment.reversed`."""

    async def find(self, partner_id: str, payment_id: str) -> Payment | None:
        """One partner's payment. One SQL statement."""

    async def by_reference(self, partner_id: str, reference: str) -> Payment | None:
        """One partner's payment by its own reference. One SQL statement."""

    async def list(self, partner_id: str, wanted: Filter) -> Sequence[Payment]:
        """One page, newest first."""

    async def decision(self, payment_id: str) -> Decision | None:
        """Why this payment went where it went. For operators."""

    async def routed(self, last: int) -> Sequence[Routed]:
        """The newest payments that were routed, for a dry run."""

    async def retries(self, partner_id: str, fingerprint: str, amount: Money) -> Retries:
        """What the networks' rules must know before this card is tried again. One statement."""

    async def attempt(self, reference: str) -> Attempt | None:
        """The attempt that a provider names by our reference, as it was sent, if it began."""

    async def named(self, reference: str) -> Named | None:
        """The payment one of whose attempts bears this reference. One SQL statement, no partner."""

    async def latest_attempt(self, payment_id: str) -> Attempt | None:
        """The attempt that holds or took the money."""


class Refunds(Protocol):
    """The guard: what is refunded and reserved together never exceeds what was captured and no
    dispute has taken.
    """

    async def reserve(self, order: RefundOrder) -> Reserved | Code:
        """Set the amount aside and write the refund as PENDING, in one statement under a row lock.

        Refused: PAYMENT_UNKNOWN, REFUND_TOO_LARGE, REFUND_NOT_POSSIBLE (nothing
        was captured), PAYMENT_DISPUTED (its money goes back that way), REFERENCE_USED (the
        reference names another refund), ENGINE_UNAVAILABLE (after the order's deadline).

        A leg of a payout takes what that one has set aside of the payment; PAYMENT_DISPUTED gives
        it back to the partner, for ever.
        """

    async def suspend(self, order: RefundOrder) -> None:
        """The outcome is unknown: the money waits in suspense."""

    async def settle(
        self, order: RefundOrder, status: RefundStatus, answer: Answer, decline: Decline | None
    ) -> Refund:
        """Post it, or give the reservation back. A final state is never left; raises MoveRefused
        when the opposite is final.
        """

    async def find(self, partner_id: str, refund_id: str) -> Refund | None: ...

    async def named(self, refund_id: str) -> Refund | None:
        """Whoever's it is: for what providers tell. One SQL statement."""

    async def of_payment(self, partner_id: str, payment_id: str) -> Sequence[Refund]: ...

    async def unfinished(self, after: str | None, most: int) -> Sequence[Refund]:
        """Those that a workflow has to be at work on, the oldest first, behind this one. A leg is
        its payout's own matter.
        """
