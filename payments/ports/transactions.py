"""The record of bill payments: what status requests are answered from, written with the ledger."""

from typing import Protocol

from payments.domain.bill import (
    Begun,
    BillPayment,
    LockRequest,
    LockState,
    Refused,
    Transaction,
)
from payments.domain.outcome import Outcome
from payments.domain.row import RowRef


class SettledOtherwise(Exception):
    """The record has the opposite final outcome. It stays; a person has to look at both."""


class Transactions(Protocol):
    """Each write is one SQL transaction: read model, ledger posting and outgoing event together.

    Every write is idempotent: the same call again changes nothing and returns the same.
    """

    async def begin(self, payment: BillPayment, row: RowRef | None = None) -> Begun | Refused:
        """Write down that the payment is about to be sent. The partner's own id is unique for ever.

        NOW only to who wrote it down; to everybody after that, BEFORE.

        Refused: TRANSACTION_ID_USED (it names another payment), LOCK_USED (the lock already has
        another one), BILL_ALREADY_PAID (a payment of this bill is under way or done: the
        database's last guard). For a batch's `row` also
        TRANSACTION_ID_USED when it is not under way any more.
        """

    async def suspend(self, payment: BillPayment) -> None:
        """The outcome is unknown: the money waits in suspense until it is known."""

    async def settle(self, payment: BillPayment, outcome: Outcome) -> Transaction:
        """Write the final outcome, ACCEPTED or DECLINED. A final state is never left.

        Raises SettledOtherwise when the opposite outcome is final already.
        """

    async def close_lock(self, lock: LockRequest, end: LockState) -> BillPayment | None:
        """A lock ended as EXPIRED (write the event `bill.lock_expired`) or RELEASED (no event).

        Nothing moves. Returns a payment of this lock that the record still calls PROCESSING: it was
        begun, and then the engine and the worker both lost the update that carried it. Nobody else
        would ever end it, so the workflow asks the biller after it and settles it.
        """

    async def find(self, partner_id: str, transaction_id: str) -> Transaction | None:
        """One partner's transaction, by our id or by theirs. One SQL statement."""

    async def of_lock(self, partner_id: str, lock_id: str) -> Transaction | None:
        """The latest transaction of one of the partner's locks."""
