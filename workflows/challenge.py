"""One 3DS challenge: the customer is at the issuer's page, and we wait for the end of it.

returned, webhook -> look ------> the provider knows how it ended -> that is the result
                                  still open -> wait on
cancel            -> void ------> nothing is reserved any more | too late: ask how it ended
its own time-out  -> ask, void -> expired                      | too late: ask how it ended

What a browser or a webhook says is never the result: it is a reason to ask the provider.
"""

from temporalio import workflow
from temporalio.exceptions import FailureError

from payments.domain.card import Decline
from payments.domain.card_steps import ChallengeOrder
from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.outcome import OutcomeKind
from workflows import asking, charging
from workflows.asking import Bell
from workflows.uncancelled import to_its_end

LOOKED = "looked"


class BellOfPayment(Bell):
    """Rung by the payment, who wants to know when its ringing brought nothing."""

    async def hear(self, rung: int) -> None:
        await super().hear(rung)
        parent = workflow.info().parent
        if parent is None:
            return
        try:
            payment = workflow.get_external_workflow_handle(parent.workflow_id)
            await payment.signal(LOOKED, rung)
        except FailureError:
            workflow.logger.warning("challenge.payment_gone")


@workflow.defn(name="Challenge")
class Challenge:
    @workflow.init
    def __init__(self, order: ChallengeOrder) -> None:
        self._attempt = order.attempt
        self._expires_at = order.expires_at
        self._bell = BellOfPayment()
        self._is_canceled = False

    @workflow.run
    async def run(self, order: ChallengeOrder) -> Answer:  # noqa: ARG002 read by __init__
        # Temporal's cancel button means the same as the customer's.
        answer = await to_its_end(self._story(), when_canceled=self.cancel)
        workflow.set_current_details(f"**{answer.kind}** {answer.detail}")
        return answer

    async def _story(self) -> Answer:
        workflow.set_current_details(f"**open** until {self._expires_at:%H:%M:%S}")
        while await self._somebody_comes():
            answer = await self._look()
            if not answer.challenge and answer.is_known:
                return answer
        return await (self._end() if self._is_canceled else self._expire())

    async def _somebody_comes(self) -> bool:
        """False: the time is over, or nobody will come any more."""
        try:
            await workflow.wait_condition(
                lambda: self._bell.is_rung or self._is_canceled,
                timeout=self._expires_at - workflow.now(),
                timeout_summary=f"challenge of {self._attempt.reference} expires",
            )
        except TimeoutError:
            return self._bell.is_rung and not self._is_canceled
        return not self._is_canceled

    async def _look(self) -> Answer:
        rung = self._bell.rung
        answer = await asking.look(charging.asked_after(self._attempt))
        if answer.is_known and not answer.challenge:
            return answer
        await self._bell.hear(rung)
        if answer.is_known:
            return answer
        # The customer came back and the provider does not say: then it must be asked on.
        return await self._ask()

    async def _ask(self) -> Answer:
        question = charging.asked_after(self._attempt)
        return await asking.until_known(question, self._bell, unless=lambda: self._is_canceled)

    async def _expire(self) -> Answer:
        """The provider has the last word on whether the customer was in time."""
        answer = await self._ask()
        if self._is_canceled:
            return await self._end()
        if not answer.challenge and answer.kind is not OutcomeKind.NOT_SENT:
            return answer
        ended = await charging.void(self._attempt)
        if ended.kind is OutcomeKind.ACCEPTED:
            return _declined("not finished in time", Code.CHALLENGE_EXPIRED)
        return await self._known()

    async def _end(self) -> Answer:
        """Voiding ends the challenge and gives back what it may have led to."""
        ended = await charging.void(self._attempt)
        if ended.kind is OutcomeKind.ACCEPTED:
            return _declined("canceled")
        return await self._known()

    async def _known(self) -> Answer:
        return await asking.until_known(charging.asked_after(self._attempt), self._bell)

    @workflow.signal(name="look", description="There may be an end of it: ask the provider now")
    def look(self, rung: int) -> None:
        self._bell.rung = max(self._bell.rung, rung)

    @workflow.signal(name="cancel", description="End the challenge; nothing shall be charged")
    def cancel(self) -> None:
        self._is_canceled = True


def _declined(detail: str, code: Code | None = None) -> Answer:
    decline = Decline(code, raw="") if code else None
    return Answer(OutcomeKind.DECLINED, decline=decline, detail=detail)
