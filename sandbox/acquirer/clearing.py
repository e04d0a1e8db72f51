"""Does what has to wait: late decisions, challenges that expire, refunds; also after a restart."""

import asyncio
from datetime import datetime, timedelta

from sandbox.acquirer.desk import Desk
from sandbox.acquirer.dispute_desk import DisputeDesk
from sandbox.acquirer.entries import PaymentState
from sandbox.acquirer.payments import Payment
from sandbox.journal import Journal
from sandbox.moments import now

_LONGEST_SLEEP_S = 86_400.0
# A loop may wake a moment before the wall clock is there.
_EARLY = timedelta(seconds=1)


class Clearing:
    """At most one task per payment, which wakes for whatever comes first."""

    def __init__(self, desk: Desk, journal: Journal) -> None:
        self._desk = desk
        self._journal = journal
        self._waiting: dict[str, asyncio.Task[None]] = {}

    def resume(self) -> None:
        """Take up what the journal says is still waiting."""
        for payment in self._desk.books.due():
            self.watch(payment)

    def watch(self, payment: Payment) -> None:
        """To be called after every change of a payment; costs nothing when nothing waits."""
        waiting = self._waiting.pop(payment.id, None)
        if waiting is not None:
            waiting.cancel()
        if next_moment(payment) is not None:
            self._waiting[payment.id] = asyncio.create_task(self._wait(payment))

    async def cleared(self, payment: Payment) -> None:
        """Return once the payment is no longer pending. Its caller may leave; the payment stays."""
        waiting = self._waiting.get(payment.id)
        if payment.state is PaymentState.PENDING and waiting is not None:
            await asyncio.wait({waiting})

    async def stop(self) -> None:
        """What is still waiting is in the journal for the next start."""
        waiting = list(self._waiting.values())
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    async def _wait(self, payment: Payment) -> None:
        while (moment := next_moment(payment)) is not None:
            # Longer than a day is looked at again: a loop's clock is no calendar.
            await asyncio.sleep(min((moment - now()).total_seconds(), _LONGEST_SLEEP_S))
            if now() < moment - _EARLY:
                continue
            self._desk.come_due(payment, max(moment, now()))
            DisputeDesk(self._desk.books).come_due(payment, max(moment, now()))
            await self._journal.synced()
        self._waiting.pop(payment.id, None)


def next_moment(payment: Payment) -> datetime | None:
    moments = [refund.due_at for refund in payment.refunds.values()]
    moments += [dispute.waits_until for dispute in payment.disputes.values()]
    moments.append(payment.due_at)
    if payment.state is PaymentState.CHALLENGE and payment.challenge is not None:
        moments.append(payment.challenge.expires_at)
    return min((moment for moment in moments if moment is not None), default=None)
