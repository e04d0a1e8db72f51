"""Steps of a payout in our record."""

from temporalio import activity

from activities import failures
from payments.domain.payout import Payout, PayoutAnswer, PayoutFact, PayoutOrder, Reviewed
from payments.ports.payouts import Payouts


class PayoutActivities:
    """Keys are the payout's id: the same write twice is one write."""

    def __init__(self, payouts: Payouts) -> None:
        self._payouts = payouts

    @activity.defn(name="payouts.begin")
    async def begin(self, order: PayoutOrder) -> PayoutAnswer:
        """Set the money aside and write down that the payout begins, or say why not."""
        with failures.translated():
            return await self._payouts.begin(order)

    @activity.defn(name="payouts.suspend")
    async def suspend(self, order: PayoutOrder) -> None:
        """Nobody knows whether the rail has it: the money waits in suspense."""
        with failures.translated():
            await self._payouts.suspend(order)

    @activity.defn(name="payouts.move")
    async def move(self, fact: PayoutFact) -> Payout:
        """Write what became of it: read model, ledger and event at once."""
        with failures.translated():
            return await self._payouts.move(fact)

    @activity.defn(name="payouts.conclude")
    async def conclude(self, order: PayoutOrder) -> Payout:
        """Write how a payout stands by its legs: the one ordered, or the one it is part of."""
        with failures.translated():
            return await self._payouts.conclude(order)

    @activity.defn(name="payouts.review")
    async def review(self, reviewed: Reviewed) -> Payout:
        """Keep an operator's word, and what of all their words together became of it."""
        with failures.translated():
            return await self._payouts.review(reviewed.order, reviewed.review)
