"""The API's side of a refund: begin it or find it, and never give money back twice."""

from datetime import timedelta

from temporalio.client import Client

from api.answers import Refusal
from api.updates import Over, Unheard, started
from payments.domain.codes import Code
from payments.domain.refund import Refund, RefundOrder
from payments.ports.payments import Refunds
from workflows import refund as refunding


class RefundDesk:
    """Raises Refusal for a "no"; not knowing is P9003."""

    def __init__(
        self, client: Client, refunds: Refunds, *, task_queue: str, wait: timedelta
    ) -> None:
        self._client = client
        self._refunds = refunds
        self._task_queue = task_queue
        self._wait = wait

    async def give(self, order: RefundOrder) -> Refund:
        """Begin the refund, or find it. PENDING when it takes longer than we wait."""
        start = refunding.refund_operation(order, self._task_queue)
        try:
            answer = await started(
                *(self._client, start, refunding.Refund.settled),
                # Each request asks anew: a run that was refused keeps its answers for ever,
                # and the next run of this reference is to be heard, not that one.
                update=f"settled:{order.trace}",
                wait=self._wait,
            )
        except (Over, Unheard):
            return await self._asked_before(order, Code.OUTCOME_UNKNOWN)
        if answer.refused is Code.REFERENCE_USED:
            return await self._asked_before(order, Code.REFERENCE_USED)
        if answer.refund is None:
            assert answer.refused is not None, "an answer is a refund or a refusal"
            raise Refusal(answer.refused)
        return _the_same(order, answer.refund)

    async def _asked_before(self, order: RefundOrder, otherwise: Code) -> Refund:
        found = await self._refunds.find(order.partner_id, order.refund_id)
        if found is None:
            raise Refusal(otherwise, retry_after_s=1 if otherwise is Code.OUTCOME_UNKNOWN else None)
        return _the_same(order, found)


def _the_same(order: RefundOrder, found: Refund) -> Refund:
    """The reference names one refund: of this payment, and of this amount."""
    if (found.payment_id, found.amount) != (order.payment_id, order.amount):
        raise Refusal(Code.REFERENCE_USED)
    return found
