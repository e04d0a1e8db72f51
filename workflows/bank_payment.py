"""Take one payment from a customer's bank account: the customer says yes at their own bank.

POST /payments -> decided -> as told in any_payment.py -> REQUIRES_ACTION (redirect)
      came back, webhook -> providers.look -> CAPTURED | FAILED | still open: wait on
                                              the bank thinks: PROCESSING, asked until it knows
POST …/cancel, time-out -> providers.void -> CANCELED, EXPIRED | too late: CAPTURED

A bank takes the money at once or not at all: nothing is reserved, so there is nothing to capture.
"""

from temporalio import workflow

from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.payment import Attempt, PaymentOrder, PaymentStatus
from workflows.acting import acted
from workflows.any_payment import AnyPayment
from workflows.reversal import send_back


@workflow.defn(name="BankPayment")
class BankPayment(AnyPayment):
    @workflow.init
    def __init__(self, order: PaymentOrder) -> None:
        super().__init__(order, acted)

    @workflow.run
    async def run(self, order: PaymentOrder) -> PaymentStatus:  # noqa: ARG002 read by __init__
        return await self._to_the_end()

    async def _accepted(self, attempt: Attempt, answer: Answer) -> None:
        if not answer.captured:
            # Not what was ordered, and nobody would ever take what is only reserved.
            await self._standing.failed(attempt, Code.CHALLENGE_CHANGED)
            await send_back(attempt)
            return
        await self._standing.to(
            *(PaymentStatus.CAPTURED, attempt),
            answer=answer,
            key=attempt.reference,
            captured=self._order.amount,
        )
