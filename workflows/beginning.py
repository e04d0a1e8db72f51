"""How a payment is started, by everybody: which workflow it is, and under which name.

Together with its first update, `decided`. A reference names one payment for ever; only a run that
never began may be followed by another.
"""

from typing import Any

from temporalio.client import WithStartWorkflowOperation
from temporalio.types import MethodAsyncSingleParam

from payments.domain import ids
from payments.domain.method import MethodType, type_of, words
from payments.domain.payment import PaymentOrder, PaymentStatus
from workflows.any_payment import AnyPayment
from workflows.bank_payment import BankPayment
from workflows.card_payment import CardPayment
from workflows.code_payment import CodePayment
from workflows.starting import found_by, operation


def begin_operation(
    order: PaymentOrder, task_queue: str
) -> WithStartWorkflowOperation[AnyPayment, PaymentStatus]:
    amount = order.amount
    stories: dict[MethodType, MethodAsyncSingleParam[Any, PaymentOrder, PaymentStatus]] = {
        MethodType.CARD: CardPayment.run,
        MethodType.BANK_REDIRECT: BankPayment.run,
        MethodType.CODE: CodePayment.run,
    }
    return operation(
        stories[type_of(order.method)],
        order,
        id=ids.payment(order.payment_id),
        task_queue=task_queue,
        attributes=found_by(order.partner_id, amount, state=PaymentStatus.PROCESSING),
        summary=f"{amount} {amount.currency} from {words(order.method)} for {order.partner_id}",
        details=f"trace `{order.trace}`",
    )
