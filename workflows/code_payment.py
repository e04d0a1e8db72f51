"""Take one payment by a code: the customer scans or pastes it in an app of theirs, and pays.

POST /payments -> decided -> as told in any_payment.py -> REQUIRES_ACTION (display_code)
      webhook, confirm -> providers.look -> CAPTURED | still open: wait on
POST …/cancel, time-out -> providers.void -> CANCELED, EXPIRED | too late: CAPTURED

A code that asks for anything but what was ordered is shown to nobody.
"""

from temporalio import workflow

from payments.domain.payment import PaymentOrder, PaymentStatus
from workflows.acting import acted
from workflows.paid_at_once import PaidAtOnce


@workflow.defn(name="CodePayment")
class CodePayment(PaidAtOnce):
    @workflow.init
    def __init__(self, order: PaymentOrder) -> None:
        super().__init__(order, acted)

    @workflow.run
    async def run(self, order: PaymentOrder) -> PaymentStatus:  # noqa: ARG002 read by __init__
        return await self._to_the_end()
