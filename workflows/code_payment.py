"""Take one payment by a code: the customer scans or pastes it in an app of theirs, and pays.

POST /payments -> decided -> as told in any_payment.py -> REQUIRES_ACTION (display_code)
      webhook, confirm -> providers.look -> CAPTURED | still open: wait on
POST …/cancel, time-out -> providers.void -> CANCELED, EXPIRED | too late: CAPTURED
whatever else came ---> a Case for each receipt, which goes on by itself

A code that asks for anything but what was ordered is shown to nobody.
"""

from collections.abc import Callable

from temporalio import workflow

from payments.domain.charge import Answer, ChallengeAsked
from payments.domain.payment import Attempt, PaymentOrder, PaymentStatus
from workflows import asking, charging
from workflows.acting import acted
from workflows.asking import Bell
from workflows.case import open_case
from workflows.paid_at_once import PaidAtOnce


@workflow.defn(name="CodePayment")
class CodePayment(PaidAtOnce):
    @workflow.init
    def __init__(self, order: PaymentOrder) -> None:
        super().__init__(order, self._wait_for_money)
        # By receipt: the attempt that it came for. Looked at when it is known which of them pays.
        self._came: dict[str, Attempt] = {}

    @workflow.run
    async def run(self, order: PaymentOrder) -> PaymentStatus:  # noqa: ARG002 read by __init__
        return await self._to_the_end()

    async def _story(self) -> None:
        await super()._story()
        payment = self._standing.payment
        paid_by = payment.provider_reference if payment.captured_minor else None
        for receipt_id, attempt in self._came.items():
            if receipt_id != paid_by:
                await open_case(attempt, receipt_id)

    async def _wait_for_money(
        self, attempt: Attempt, asked: ChallengeAsked, bell: Bell, is_canceled: Callable[[], bool]
    ) -> Answer:
        return await acted(
            attempt, asked, bell, is_canceled, lambda answer: self._see(attempt, answer)
        )

    async def _accepted(self, attempt: Attempt, answer: Answer) -> None:
        self._see(attempt, answer)
        await super()._accepted(attempt, answer)

    async def _send_back(self, attempt: Attempt) -> None:
        """The code is taken back; what has come for it all the same is for cases."""
        await charging.void(attempt)
        question = charging.asked_after(attempt)
        self._see(attempt, await asking.until_known(question, self._bell))

    def _see(self, attempt: Attempt, answer: Answer) -> None:
        self._came |= {receipt.id: attempt for receipt in answer.receipts}
