"""The customer has to act somewhere else, at an issuer's or a bank's page; we wait for its end.

returned, webhook -> look ------> the provider knows how it ended -> that is the result
                                  still open -> wait on
                                  a bank thinks -> that is the result: nobody has to act any more
cancel            -> void ------> nothing is reserved any more | too late: ask how it ended
its own time-out  -> ask, void -> expired                      | too late: ask how it ended

What a browser or a webhook says is never the result: it is a reason to ask the provider.
"""

from collections.abc import Callable
from datetime import datetime

from temporalio import workflow

from payments.domain.card import Decline
from payments.domain.charge import Answer, ChallengeAsked
from payments.domain.codes import Code
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt
from workflows import asking, charging
from workflows.asking import Bell


def _nothing(answer: Answer) -> None:
    pass


async def acted(
    attempt: Attempt,
    asked: ChallengeAsked,
    bell: Bell,
    is_canceled: Callable[[], bool],
    seen: Callable[[Answer], None] = _nothing,
) -> Answer:
    """How it ended, waited for in the payment's own workflow. PENDING when the customer has done
    what was asked and the bank has not decided: the payment asks on. `seen` is shown every answer
    on the way.
    """
    acting = Acting(
        *(attempt, asked.expires_at, bell, is_canceled, Code.ACTION_EXPIRED),
        is_bank=True,
        seen=seen,
    )
    return await acting.ended()


class Acting:
    """`expired` is the code of an end that nobody brought about in time.

    With `is_bank` a decision that is open without the customer is an end of the acting, and a
    provider that knows nothing of what it asked for itself is not believed before the time is over.
    """

    def __init__(
        self,
        attempt: Attempt,
        expires_at: datetime,
        bell: Bell,
        is_canceled: Callable[[], bool],
        expired: Code,
        *,
        is_bank: bool = False,
        seen: Callable[[Answer], None] = _nothing,
    ) -> None:
        self._attempt = attempt
        self._expires_at = expires_at
        self._bell = bell
        self._is_canceled = is_canceled
        self._expired = expired
        self._is_bank = is_bank
        self._seen = seen

    async def ended(self) -> Answer:
        while await self._somebody_comes():
            answer = await self._look()
            if self._is_end(answer):
                return answer
        return await (self._end() if self._is_canceled() else self._expire())

    async def _somebody_comes(self) -> bool:
        """False: the time is over, or nobody will come any more."""
        try:
            await workflow.wait_condition(
                lambda: self._bell.is_rung or self._is_canceled(),
                timeout=self._expires_at - workflow.now(),
                timeout_summary=f"the time to act on {self._attempt.reference} is over",
            )
        except TimeoutError:
            return self._bell.is_rung and not self._is_canceled()
        return not self._is_canceled()

    async def _look(self) -> Answer:
        rung = self._bell.rung
        answer = await asking.look(charging.asked_after(self._attempt))
        self._seen(answer)
        if self._is_end(answer):
            return answer
        await self._bell.hear(rung)
        if answer.is_known:
            return answer
        # The customer came back and the provider does not say: then it must be asked on.
        return await self._ask()

    async def _ask(self) -> Answer:
        question = charging.asked_after(self._attempt)
        return await asking.until_known(question, self._bell, unless=self._is_canceled)

    async def _expire(self) -> Answer:
        """The provider has the last word on whether the customer was in time."""
        answer = await self._last_word()
        self._seen(answer)
        if self._is_canceled():
            return await self._end()
        if not answer.challenge and answer.kind is not OutcomeKind.NOT_SENT:
            return answer
        ended = await charging.void(self._attempt)
        self._seen(ended)
        if ended.kind is OutcomeKind.ACCEPTED:
            return _declined("not finished in time", self._expired)
        return await self._known()

    async def _last_word(self) -> Answer:
        if self._is_bank:
            answer = await asking.look(charging.asked_after(self._attempt))
            if answer.is_known or self._is_end(answer):
                return answer
        return await self._ask()

    def _is_end(self, answer: Answer) -> bool:
        if answer.challenge is not None:
            return False
        if not self._is_bank:
            return answer.is_known
        return answer.kind in (OutcomeKind.ACCEPTED, OutcomeKind.DECLINED, OutcomeKind.PENDING)

    async def _end(self) -> Answer:
        """Voiding ends what was asked of the customer, and gives back what it may have led to."""
        ended = await charging.void(self._attempt)
        self._seen(ended)
        if ended.kind is OutcomeKind.ACCEPTED:
            return _declined("canceled")
        return await self._known()

    async def _known(self) -> Answer:
        answer = await asking.until_known(charging.asked_after(self._attempt), self._bell)
        self._seen(answer)
        return answer


def _declined(detail: str, code: Code | None = None) -> Answer:
    decline = Decline(code, raw="") if code else None
    return Answer(OutcomeKind.DECLINED, decline=decline, detail=detail)
