"""What is reserved on a card, until it is taken, given back, or its time is over.

capture -> providers.capture -> CAPTURED, or PARTIALLY_CAPTURED and on
cancel  -> providers.void ----> CANCELED, or CAPTURED with what was taken
timer   -> providers.void ----> EXPIRED, or CAPTURED with what was taken
webhook -> providers.look ----> still reserved | gone: EXPIRED, or CAPTURED with what was taken
"""

from collections.abc import Callable

from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt, PaymentAnswer, PaymentStatus
from workflows import asking, charging
from workflows.asking import Bell
from workflows.captures import Captures
from workflows.reversal import send_back
from workflows.standing import HELD, Standing


class Reserved:
    def __init__(
        self,
        standing: Standing,
        captures: Captures,
        bell: Bell,
        is_canceled: Callable[[], bool],
    ) -> None:
        self._standing = standing
        self._captures = captures
        self._bell = bell
        self._is_canceled = is_canceled
        self.is_given_back = False

    async def until_over(self, attempt: Attempt, authorized: Answer) -> None:
        reservation = authorized.reservation
        assert reservation is not None
        while self._standing.status in HELD:
            ends = self._standing.payment.expires_at
            assert ends is not None
            is_over = await self._standing.rest(
                lambda: self._captures.is_waiting or self._is_canceled() or self._bell.is_rung,
                until=ends,
                summary=f"reservation at {attempt.provider} ends",
            )
            if self._captures.is_waiting:
                await self._capture(attempt, multiple=reservation.multiple)
            elif is_over or self._is_canceled():
                await self._release(attempt)
            else:
                await self._look(attempt)

    async def _look(self, attempt: Attempt) -> None:
        """A provider can give a reservation up without us."""
        rung = self._bell.rung
        answer = await asking.look(charging.asked_after(attempt))
        if answer.kind is OutcomeKind.DECLINED:
            await self._end(attempt, PaymentStatus.EXPIRED, answer)
        await self._bell.hear(rung)

    async def _capture(self, attempt: Attempt, *, multiple: bool) -> None:
        call = self._captures.call(attempt, multiple=multiple)
        answer = await charging.capture(call, self._bell)
        if answer.kind is OutcomeKind.DECLINED:
            code = answer.decline.code if answer.decline else Code.CARD_DECLINED
            self._standing.note(f"capture of {call.amount} declined: {code.meaning.reason}")
            self._captures.served(None, PaymentAnswer(refused=code))
            return
        taken = answer.amount or call.amount
        status = PaymentStatus.CAPTURED if call.final else PaymentStatus.PARTIALLY_CAPTURED
        await self._standing.to(status, attempt, answer=answer, key=call.key, captured=taken)
        self._captures.served(taken, PaymentAnswer(self._standing.payment))

    async def _release(self, attempt: Attempt) -> None:
        is_canceled = self._is_canceled()
        end = PaymentStatus.CANCELED if is_canceled else PaymentStatus.EXPIRED
        voided = await charging.void(attempt)
        await self._end(attempt, end, voided)
        self.is_given_back = is_canceled
        if voided.kind is OutcomeKind.DECLINED and self._standing.status is end:
            # Somebody took it at the provider, past us.
            await send_back(attempt)

    async def _end(self, attempt: Attempt, end: PaymentStatus, answer: Answer) -> None:
        """What was taken stays taken; only the rest is gone."""
        status = PaymentStatus.CAPTURED if self._captures.has_taken else end
        await self._standing.to(status, attempt, answer=answer)
