"""Take one card payment."""

from temporalio import workflow
from temporalio.client import WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from payments.domain import ids
from payments.domain.payment import (
    CaptureOrder,
    Payment,
    PaymentAnswer,
    PaymentOrder,
    PaymentStatus,
    Review,
)
from workflows.door import door


def begin_operation(
    order: PaymentOrder, task_queue: str
) -> WithStartWorkflowOperation["CardPayment", PaymentStatus]:
    """How a payment is started, by everybody: together with its first update, `decided`.

    A reference names one payment for ever; only a run that never began may be followed by another.
    """
    return WithStartWorkflowOperation(
        CardPayment.run,
        order,
        id=ids.payment(order.payment_id),
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
    )


@workflow.defn(name="CardPayment")
class CardPayment:
    @workflow.init
    def __init__(self, order: PaymentOrder) -> None:
        self._order = order

    @workflow.run
    async def run(self, order: PaymentOrder) -> PaymentStatus:
        raise NotImplementedError

    @door("decided", "The first decision on the payment")
    async def decided(self, content: str) -> PaymentAnswer:
        raise NotImplementedError

    @door("capture", "Take all or a part of what is reserved")
    async def capture(self, order: CaptureOrder) -> PaymentAnswer:
        raise NotImplementedError

    @door("cancel", "Give back what is reserved and not taken")
    async def cancel(self, trace: str) -> PaymentAnswer:
        raise NotImplementedError

    @door("confirm", "The customer's browser came back: ask the provider now")
    async def confirm(self, trace: str) -> PaymentAnswer:
        raise NotImplementedError

    @door("told", "A provider's webhook came: ask the provider now")
    async def told(self, event_id: str) -> PaymentAnswer:
        raise NotImplementedError

    @door("review", "A person's word on a payment that risk holds")
    async def review(self, review: Review) -> PaymentAnswer:
        raise NotImplementedError

    @workflow.query(name="payment", description="The payment as it stands")
    def payment(self) -> Payment:
        raise NotImplementedError
