"""Authorising at one provider after the other, until one accepts or none may be tried any more.

Only what surely did not happen, or was softly declined, goes on to the next provider. A customer
who passed a challenge is not asked for a second one: what follows a challenge is the end.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from temporalio import workflow

from activities.payments import PaymentActivities
from payments.domain.card import Decline, DeclineKind, kind_of
from payments.domain.card_steps import Onward
from payments.domain.charge import Answer, ChallengeAsked
from payments.domain.codes import Code
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt, PaymentStatus
from workflows import asking, charging, record
from workflows.asking import Bell
from workflows.standing import Standing

_NO_REASON = Decline(Code.CARD_DECLINED, raw="")
_TOO_LATE: Final = frozenset({Code.CHALLENGE_EXPIRED, Code.ACTION_EXPIRED})
# Wait for the end of what the customer was asked to do, or until it is canceled.
Act = Callable[[Attempt, ChallengeAsked, Bell, Callable[[], bool]], Awaitable[Answer]]


class Attempts:
    def __init__(self, standing: Standing, bell: Bell, act: Act) -> None:
        self._standing = standing
        self._bell = bell
        self._act = act
        self.is_canceled = False
        # A challenge is offered once; its return can be confirmed from then on.
        self.was_challenged = False

    async def until_accepted(
        self, attempt: Attempt | None, route: tuple[str, ...]
    ) -> tuple[Attempt, Answer] | None:
        """With what the provider accepted, which may not be what was ordered. None: the payment
        was ended without success.
        """
        while attempt is not None:
            answer = await self._until_known(attempt)
            if answer.kind is OutcomeKind.ACCEPTED or not answer.is_of(attempt.order):
                return attempt, answer
            behind = route[route.index(attempt.provider) + 1 :]
            attempt = await self._after(attempt, answer, behind)
        return None

    # One attempt

    async def _until_known(self, attempt: Attempt) -> Answer:
        """ACCEPTED, DECLINED, or NOT_SENT: then the provider surely never had it.

        A challenge about something else than was ordered is not shown to anybody.
        """
        is_suspended = False
        rung, answer = await self._sent(attempt)
        while True:
            if answer.challenge is not None and answer.is_of(attempt.order):
                answer = await self._challenge(attempt, answer, rung)
            elif answer.is_known:
                self._note(attempt, answer)
                return answer
            else:
                if not is_suspended:
                    await self._suspend(attempt, answer)
                    is_suspended = True
                elif self._is_out_of_the_customers_hands(answer):
                    # One attempt is in suspense once; where it stands is told all the same.
                    await self._standing.to(PaymentStatus.PROCESSING, attempt, answer=answer)
                rung = self._bell.rung
                answer = await asking.until_known(charging.asked_after(attempt), self._bell)
                if answer.kind is OutcomeKind.NOT_SENT:
                    # It was lost on its way. Under its own key it cannot become two.
                    rung, answer = await self._sent(attempt)

    async def _sent(self, attempt: Attempt) -> tuple[int, Answer]:
        """With how often somebody had rung before: whoever rings later knows more than this answer,
        which may be on its way for long.
        """
        rung = self._bell.rung
        return rung, await charging.authorize(attempt)

    async def _challenge(self, attempt: Attempt, answer: Answer, rung: int) -> Answer:
        asked = answer.challenge
        assert asked is not None
        self.was_challenged = True
        await self._standing.challenged(attempt, asked, answer)
        await self._bell.hear(rung)
        return await self._act(attempt, asked, self._bell, lambda: self.is_canceled)

    def _is_out_of_the_customers_hands(self, answer: Answer) -> bool:
        is_asked = self._standing.status is PaymentStatus.REQUIRES_ACTION
        return is_asked and answer.kind is OutcomeKind.PENDING

    async def _suspend(self, attempt: Attempt, answer: Answer) -> None:
        self._note(attempt, answer)
        if self._standing.status is PaymentStatus.REQUIRES_ACTION:
            await self._standing.to(PaymentStatus.PROCESSING, attempt, answer=answer)
        if attempt.order.capture:
            await record.write(PaymentActivities.suspend, attempt, "into suspense")

    # Between two attempts

    async def _after(
        self, attempt: Attempt, answer: Answer, behind: tuple[str, ...]
    ) -> Attempt | None:
        """The next attempt, or None after the payment was ended."""
        if self.is_canceled:
            await self._standing.to(PaymentStatus.CANCELED, attempt, answer=answer)
            return None
        if answer.kind is OutcomeKind.NOT_SENT:
            following = await self._onward(attempt, answer, behind, challenge=attempt.challenge)
            if following is None:
                await self._standing.failed(attempt, Code.PROVIDER_UNAVAILABLE)
            return following
        return await self._after_decline(attempt, answer, behind)

    async def _after_decline(
        self, attempt: Attempt, answer: Answer, behind: tuple[str, ...]
    ) -> Attempt | None:
        decline, following = answer.decline or _NO_REASON, None
        match kind_of(decline, attempt.order.method.brand):
            case _ if self.was_challenged:
                pass
            case DeclineKind.AUTHENTICATE if not attempt.challenge:
                same = (attempt.provider,)
                following = await self._onward(attempt, answer, same, challenge=True)
            case DeclineKind.SOFT if behind:
                following = await self._onward(attempt, answer, behind, challenge=attempt.challenge)
            case _:
                pass
        if following is None:
            is_late = decline.code in _TOO_LATE
            if is_late and self._standing.may_become(PaymentStatus.EXPIRED):
                await self._standing.to(PaymentStatus.EXPIRED, attempt, code=decline.code)
            else:
                await self._standing.failed(attempt, decline.code, decline=decline)
        return following

    async def _onward(
        self, attempt: Attempt, answer: Answer, providers: tuple[str, ...], *, challenge: bool
    ) -> Attempt | None:
        onward = Onward(attempt, providers, challenge, answer)
        return await record.write(PaymentActivities.onward, onward, "may it go on, and where")

    def _note(self, attempt: Attempt, answer: Answer) -> None:
        reason = answer.decline.code.meaning.reason if answer.decline else answer.detail
        self._standing.note(
            f"{workflow.now():%H:%M:%S} {attempt.provider} `{attempt.reference}`:"
            f" {answer.kind} {reason}"
        )
