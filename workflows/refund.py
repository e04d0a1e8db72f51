"""Give captured money back to the card it came from."""

from temporalio import workflow
from temporalio.client import WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from payments.domain import ids
from payments.domain.payment import RefundAnswer, RefundOrder, RefundStatus
from workflows.door import door


def refund_operation(
    order: RefundOrder, task_queue: str
) -> WithStartWorkflowOperation["Refund", RefundStatus]:
    """How a refund is started, by everybody: together with its first update, `settled`."""
    return WithStartWorkflowOperation(
        Refund.run,
        order,
        id=ids.refund(order.refund_id),
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
    )


@workflow.defn(name="Refund")
class Refund:
    @workflow.init
    def __init__(self, order: RefundOrder) -> None:
        self._order = order

    @workflow.run
    async def run(self, order: RefundOrder) -> RefundStatus:
        raise NotImplementedError

    @door("settled", "How the refund ended")
    async def settled(self) -> RefundAnswer:
        raise NotImplementedError

    @door("told", "A provider's webhook came: ask the provider now")
    async def told(self, event_id: str) -> RefundAnswer:
        raise NotImplementedError
