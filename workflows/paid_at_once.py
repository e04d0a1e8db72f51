"""A payment whose money is taken at once or not at all: nothing is reserved, or captured later."""

from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.payment import Attempt, PaymentStatus
from workflows.any_payment import AnyPayment


class PaidAtOnce(AnyPayment):
    async def _accepted(self, attempt: Attempt, answer: Answer) -> None:
        if not answer.captured:
            # Not what was ordered, and nobody would ever take what is only reserved.
            await self._standing.failed(attempt, Code.CHALLENGE_CHANGED)
            await self._send_back(attempt)
            return
        await self._standing.to(
            *(PaymentStatus.CAPTURED, attempt),
            answer=answer,
            key=attempt.reference,
            captured=self._order.amount,
        )
