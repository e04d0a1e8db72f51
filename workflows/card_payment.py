"""Take one card payment: at once, or reserve it now and take it later, in parts.

POST /payments -> decided -> as told in any_payment.py -> AUTHORIZED | CAPTURED
      a challenge is asked -> child Challenge (return, webhook, cancel, time-out)
POST …/capture ----> capture -> providers.capture -> PARTIALLY_CAPTURED | CAPTURED
POST …/cancel -----> cancel --> providers.void ----> CANCELED
reservation's end -> timer ---> providers.void ----> EXPIRED
"""

from temporalio import workflow

from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.payment import (
    Attempt,
    CaptureOrder,
    PaymentAnswer,
    PaymentOrder,
    PaymentStatus,
)
from workflows.any_payment import AnyPayment
from workflows.captures import Captures
from workflows.challenging import challenge
from workflows.door import door, refusal
from workflows.reserved import Reserved
from workflows.standing import HELD

_S = PaymentStatus


@workflow.defn(name="CardPayment")
class CardPayment(AnyPayment):
    @workflow.init
    def __init__(self, order: PaymentOrder) -> None:
        super().__init__(order, challenge)
        self._captures = Captures(order.amount)
        self._reserved = Reserved(
            self._standing, self._captures, self._bell, lambda: self._attempts.is_canceled
        )

    @workflow.run
    async def run(self, order: PaymentOrder) -> PaymentStatus:  # noqa: ARG002 read by __init__
        return await self._to_the_end()

    async def _accepted(self, attempt: Attempt, answer: Answer) -> None:
        order, key = self._order, attempt.reference
        if answer.captured:
            await self._standing.to(
                _S.CAPTURED, attempt, answer=answer, key=key, captured=order.amount
            )
            return
        assert answer.reservation is not None
        end = workflow.now() + answer.reservation.lasts
        await self._standing.to(_S.AUTHORIZED, attempt, answer=answer, key=key, expires_at=end)
        if order.capture:
            # Some providers only reserve, whatever they were asked for.
            self._captures.accept(CaptureOrder(f"{key}-all", order.trace, final=True))
        await self._reserved.until_over(attempt, answer)

    def _is_given_back(self) -> bool:
        return self._reserved.is_given_back

    def _over(self) -> None:
        self._captures.turn_away(PaymentAnswer(refused=Code.PAYMENT_STATE))

    # Doors of its own

    @door("capture", "Take all or a part of what is reserved")
    async def capture(self, order: CaptureOrder) -> PaymentAnswer:
        accepted = self._captures.known(order.key) or self._captures.accept(order)
        await workflow.wait_condition(lambda: accepted.answer is not None)
        assert accepted.answer is not None
        return accepted.answer

    @capture.validator
    def _may_capture(self, order: CaptureOrder) -> None:
        known = self._captures.known(order.key)
        if known is not None:
            if (known.order.amount, known.order.final) != (order.amount, order.final):
                raise refusal(Code.REFERENCE_USED)
            return
        ends = self._standing.payment.expires_at
        if (
            self._standing.status not in HELD
            or self._attempts.is_canceled
            or (ends is not None and workflow.now() >= ends)
        ):
            raise refusal(Code.PAYMENT_STATE)
        if (refused := self._captures.refused(order)) is not None:
            raise refusal(refused)

    @workflow.signal(name="looked", description="From the challenge: asked, and still open")
    async def looked(self, rung: int) -> None:
        await self._bell.hear(rung)
