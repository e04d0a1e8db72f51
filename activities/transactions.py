"""Steps in our own record: begin, suspend, settle a payment; close a lock. One write each."""

from temporalio import activity

from activities import failures
from payments.domain.bill import BillPayment, Refused, Transaction
from payments.domain.lock import ClosedLock, Settlement
from payments.ports.transactions import Transactions


class TransactionActivities:
    """Keys are the transaction id and the lock id: the same write twice is one write."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    @activity.defn(name="transactions.begin")
    async def begin(self, payment: BillPayment) -> Refused | None:
        """Write down that the payment is about to be sent, or why it must not be."""
        with failures.translated():
            begun = await self._transactions.begin(payment)
        return begun if isinstance(begun, Refused) else None

    @activity.defn(name="transactions.suspend")
    async def suspend(self, payment: BillPayment) -> None:
        """Nobody knows the outcome: the money waits in suspense."""
        with failures.translated():
            await self._transactions.suspend(payment)

    @activity.defn(name="transactions.settle")
    async def settle(self, settlement: Settlement) -> Transaction:
        """Write the final outcome: read model, ledger and event at once."""
        with failures.translated():
            return await self._transactions.settle(settlement.payment, settlement.outcome)

    @activity.defn(name="transactions.close_lock")
    async def close_lock(self, closed: ClosedLock) -> BillPayment | None:
        """Write the lock's end. Returns a payment that was begun under it and then lost."""
        with failures.translated():
            return await self._transactions.close_lock(closed.lock, closed.end)
