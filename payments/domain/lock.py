"""What goes in and out of a bill lock's doors and steps: small values that Temporal keeps for us.

They live here, and not beside the workflow, because the sandbox loads workflow files afresh for
every run; a value's class must be the same on both sides.
"""

from dataclasses import dataclass
from datetime import datetime

from payments.domain.bill import (
    BillPayment,
    Lock,
    LockRequest,
    LockState,
    PayOrder,
    Refused,
    Transaction,
)
from payments.domain.money import Money
from payments.domain.outcome import Outcome


@dataclass(frozen=True, slots=True)
class LockAnswer:
    """What acquire answers: a lock, or why not. Exactly one of the two."""

    lock: Lock | None = None
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class PayAnswer:
    """What pay answers: the settled transaction, or why nothing was begun. Exactly one."""

    transaction: Transaction | None = None
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class LockView:
    """Where a lock is now. `lock` is None until it was granted.

    For the API itself: `lock_id` says whether a second caller is the holder. Never shown whole to
    another partner.
    """

    lock_id: str
    partner_id: str
    state: LockState
    expires_at: datetime
    lock: Lock | None
    transaction_id: str | None


@dataclass(frozen=True, slots=True)
class HoldAnswer:
    """What the biller says to a hold: the amount that is owed, or why not. Exactly one."""

    amount: Money | None = None
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class Inquiry:
    """What became of this payment, which left us at `sent_by` at the latest?"""

    payment: BillPayment
    sent_by: datetime


@dataclass(frozen=True, slots=True)
class Settlement:
    """A payment and the outcome to write down."""

    payment: BillPayment
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ClosedLock:
    """A lock and the state it ended in without a payment."""

    lock: LockRequest
    end: LockState


def granted(request: LockRequest, amount: Money, *, run_id: str, locked_at: datetime) -> Lock:
    return Lock(
        lock_id=request.lock_id,
        run_id=run_id,
        bill=request.bill,
        amount=amount,
        fee=request.agreement.fee(amount),
        locked_at=locked_at,
        expires_at=locked_at + request.ttl,
    )


def accepted(lock: Lock, partner_id: str, order: PayOrder, accepted_at: datetime) -> BillPayment:
    return BillPayment(
        transaction_id=order.transaction_id,
        partner_id=partner_id,
        partner_transaction_id=order.partner_transaction_id,
        lock_id=lock.lock_id,
        bill=lock.bill,
        amount=lock.amount,
        fee=lock.fee,
        locked_at=lock.locked_at,
        accepted_at=accepted_at,
        trace=order.trace,
    )
