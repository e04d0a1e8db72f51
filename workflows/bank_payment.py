"""Take one payment from a customer's bank account: the customer says yes at their own bank.

POST /payments -> decided -> as told in any_payment.py -> REQUIRES_ACTION (redirect)
      came back, webhook -> providers.look -> CAPTURED | FAILED | still open: wait on
                                              the bank thinks: PROCESSING, asked until it knows
POST …/cancel, time-out -> providers.void -> CANCELED, EXPIRED | too late: CAPTURED
"""

from temporalio import workflow

from payments.domain.payment import PaymentOrder, PaymentStatus
from workflows.acting import acted
from workflows.paid_at_once import PaidAtOnce


@workflow.defn(name="BankPayment")
class BankPayment(PaidAtOnce):
    @workflow.init
    def __init__(self, order: PaymentOrder) -> None:
        super().__init__(order, acted)

    @workflow.run
    async def run(self, order: PaymentOrder) -> PaymentStatus:  # noqa: ARG002 read by __init__
        return await self._to_the_end()
