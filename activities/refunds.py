"""Steps of a refund in our record: reserve, suspend, settle. One write each."""

from temporalio import activity

from activities import failures
from payments.domain.card_steps import RefundEnd, RefundReserved
from payments.domain.codes import Code
from payments.domain.refund import Refund, RefundOrder, Reserved
from payments.ports.payments import Payments, Refunds


class RefundActivities:
    """The key is the refund's id: the same write twice is one write."""

    def __init__(self, refunds: Refunds, payments: Payments) -> None:
        self._refunds = refunds
        self._payments = payments

    @activity.defn(name="refunds.reserve")
    async def reserve(self, order: RefundOrder) -> RefundReserved:
        """Set the amount aside, or say why not; and find out which attempt took it."""
        with failures.translated():
            reserved = await self._refunds.reserve(order)
            if isinstance(reserved, Code):
                return RefundReserved(refused=reserved)
            attempt = await self._payments.latest_attempt(order.payment_id)
        if attempt is None:
            return RefundReserved(refused=Code.REFUND_NOT_POSSIBLE)
        return RefundReserved(attempt=attempt, was_reserved=reserved is Reserved.BEFORE)

    @activity.defn(name="refunds.suspend")
    async def suspend(self, order: RefundOrder) -> None:
        """Nobody knows the outcome: the money waits in suspense."""
        with failures.translated():
            await self._refunds.suspend(order)

    @activity.defn(name="refunds.settle")
    async def settle(self, end: RefundEnd) -> Refund:
        """Write how it ended: read model, ledger and event at once."""
        with failures.translated():
            return await self._refunds.settle(end.order, end.status, end.answer, end.answer.decline)
