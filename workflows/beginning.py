"""How a payment is started, by everybody: which workflow it is, and under which name.

Together with its first update, `decided`. A reference names one payment for ever; only a run that
never began may be followed by another.
"""

from typing import Any

from temporalio.client import WithStartWorkflowOperation
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.types import MethodAsyncSingleParam

from payments.domain import ids
from payments.domain.method import words
from payments.domain.payment import PaymentOrder, PaymentStatus
from payments.temporal import AMOUNT_MINOR, PARTNER_ID, PAY_STATE
from workflows.any_payment import AnyPayment
from workflows.bank_payment import BankPayment
from workflows.card_payment import CardPayment


def begin_operation(
    order: PaymentOrder, task_queue: str
) -> WithStartWorkflowOperation[AnyPayment, PaymentStatus]:
    amount = order.amount
    story: MethodAsyncSingleParam[Any, PaymentOrder, PaymentStatus] = (
        CardPayment.run if order.card is not None else BankPayment.run
    )
    return WithStartWorkflowOperation(
        story,
        order,
        id=ids.payment(order.payment_id),
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        search_attributes=TypedSearchAttributes(
            [
                SearchAttributePair(PARTNER_ID, order.partner_id),
                SearchAttributePair(PAY_STATE, PaymentStatus.PROCESSING.value),
                SearchAttributePair(AMOUNT_MINOR, amount.minor),
            ]
        ),
        static_summary=f"{amount} {amount.currency} from {words(order.method)}"
        f" for {order.partner_id}",
        static_details=f"trace `{order.trace}`",
    )
