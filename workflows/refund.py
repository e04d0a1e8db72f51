"""Give captured money back to the card it came from.

POST …/refund -> settled -> refunds.reserve -> providers.refund
                         [-> unknown, pending, reserved before: refunds.suspend -> providers.ask]
                         -> refunds.settle -> SUCCEEDED | FAILED: the reservation is given back
"""

from temporalio import workflow
from temporalio.client import WithStartWorkflowOperation
from temporalio.common import TypedSearchAttributes

from activities.refunds import RefundActivities
from payments.domain import ids
from payments.domain.card_steps import GiveBack, RefundEnd
from payments.domain.charge import Answer
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt
from payments.domain.refund import RefundAnswer, RefundOrder, RefundStatus
from payments.temporal import PAY_STATE, PROVIDER
from workflows import charging, record
from workflows.asking import Bell
from workflows.door import door, refusal
from workflows.starting import found_by, operation
from workflows.uncancelled import to_its_end


def refund_operation(
    order: RefundOrder, task_queue: str
) -> WithStartWorkflowOperation["Refund", RefundStatus]:
    """How a refund is started, by everybody: together with its first update, `settled`.

    A reference names one refund for ever; only a run that never began may be followed by another.
    """
    return operation(
        Refund.run,
        order,
        id=ids.refund(order.refund_id),
        task_queue=task_queue,
        attributes=attributes_of(order),
        summary=summary_of(order),
        details=f"trace `{order.trace}`  \npayment `{order.payment_id}`",
    )


def attributes_of(order: RefundOrder) -> TypedSearchAttributes:
    return found_by(order.partner_id, order.amount, state=RefundStatus.PENDING)


def summary_of(order: RefundOrder) -> str:
    return f"{order.amount} {order.amount.currency} back for {order.partner_id}"


@workflow.defn(name="Refund")
class Refund:
    @workflow.init
    def __init__(self, order: RefundOrder) -> None:
        self._order = order
        self._bell = Bell()
        self._answer: RefundAnswer | None = None

    @workflow.run
    async def run(self, order: RefundOrder) -> RefundStatus:  # noqa: ARG002 read by __init__
        status = await to_its_end(self._story())
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._answer is not None and self._answer.refused is not None:
            # The record knows nothing of it, so the reference is free for another try.
            raise refusal(self._answer.refused)
        return status

    async def _story(self) -> RefundStatus:
        reserved = await record.write(RefundActivities.reserve, self._order, "set aside")
        if reserved.attempt is None:
            self._answer = RefundAnswer(refused=reserved.refused)
            return RefundStatus.FAILED
        return await self._give_back(reserved.attempt, may_be_sent=reserved.was_reserved)

    async def _give_back(self, attempt: Attempt, *, may_be_sent: bool) -> RefundStatus:
        workflow.set_current_details(f"**pending** at {attempt.provider} `{attempt.reference}`")
        back = GiveBack(attempt, self._order.refund_id, self._order.amount)
        answer = await charging.refund(
            back, self._bell, when_unknown=self._suspend, may_be_sent=may_be_sent
        )
        return await self._settle(attempt, answer)

    async def _suspend(self) -> None:
        await record.write(RefundActivities.suspend, self._order, "into suspense")

    async def _settle(self, attempt: Attempt, answer: Answer) -> RefundStatus:
        succeeded = answer.kind is OutcomeKind.ACCEPTED
        status = RefundStatus.SUCCEEDED if succeeded else RefundStatus.FAILED
        refund = await record.write(
            RefundActivities.settle, RefundEnd(self._order, status, answer), f"now {status}"
        )
        self._answer = RefundAnswer(refund)
        workflow.set_current_details(f"**{status}** at {attempt.provider} {answer.detail}")
        workflow.upsert_search_attributes(
            [PAY_STATE.value_set(status.value), PROVIDER.value_set(attempt.provider)]
        )
        return status

    # Doors

    @door("settled", "How the refund ended, or why it did not begin")
    async def settled(self) -> RefundAnswer:
        await workflow.wait_condition(lambda: self._answer is not None)
        assert self._answer is not None
        return self._answer

    @door("told", "A provider's webhook came: ask the provider now")
    async def told(self, event_id: str) -> RefundAnswer:  # noqa: ARG002 for history's readers
        """Empty when the provider was asked and does not know yet."""
        rung = self._bell.ring()
        await workflow.wait_condition(lambda: self._answer is not None or self._bell.heard >= rung)
        return self._answer or RefundAnswer()
