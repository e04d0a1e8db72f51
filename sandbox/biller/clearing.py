"""Books the effect of an accepted payment when its time has come, also after a restart."""

import asyncio

from sandbox.biller.books import Books, Payment, PaymentState
from sandbox.journal import Journal
from sandbox.moments import now


class Clearing:
    def __init__(self, books: Books, journal: Journal) -> None:
        self._books = books
        self._journal = journal
        self._waiting: dict[str, asyncio.Task[None]] = {}

    def resume(self) -> None:
        """Take up what the journal says is still pending."""
        for payment in self._books.pending.values():
            self.watch(payment)

    def watch(self, payment: Payment) -> None:
        receipt = payment.receipt
        assert receipt is not None
        if receipt not in self._waiting:
            self._waiting[receipt] = asyncio.create_task(self._clear(payment, receipt))

    async def cleared(self, payment: Payment) -> None:
        """Return once the payment is no longer pending. Its caller may leave; the payment stays."""
        if payment.state is PaymentState.PENDING and payment.receipt is not None:
            await asyncio.shield(self._waiting[payment.receipt])

    async def stop(self) -> None:
        """What is still pending waits in the journal for the next start."""
        waiting = list(self._waiting.values())
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _clear(self, payment: Payment, receipt: str) -> None:
        try:
            assert payment.due_at is not None
            await asyncio.sleep((payment.due_at - now()).total_seconds())
            self._books.clear(receipt)
            await self._journal.synced()
        finally:
            del self._waiting[receipt]
