"""What every payment has, however the customer pays: a beginning, a first answer, and its doors.

POST /payments -> decided -> payments.begin -> [review] -> providers.authorize -> accepted
      the customer has to act -> REQUIRES_ACTION (return, webhook, cancel, time-out) -> as above
      unknown, pending ----> payments.suspend -> providers.ask until it is known -> as above
      soft decline, surely not sent -> payments.onward -> the next provider of the route
      the issuer wants a challenge --> payments.onward -> once more, with one

What follows an acceptance is told by the payment's own workflow. Unknown is not no: it is asked
after for as long as it takes, and never tried elsewhere.
"""

from datetime import timedelta
from typing import Final

from temporalio import workflow

from activities.payments import PaymentActivities
from payments.domain.card_steps import Onward
from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.operators import is_operator
from payments.domain.payment import (
    Attempt,
    Begun,
    Payment,
    PaymentAnswer,
    PaymentOrder,
    PaymentStatus,
    Review,
    Verdict,
    nothing_sent,
)
from workflows import record
from workflows.asking import Bell
from workflows.attempts import Act, Attempts
from workflows.door import door, refusal
from workflows.reversal import send_back
from workflows.standing import CANCELABLE, Standing
from workflows.uncancelled import to_its_end

_S = PaymentStatus
# After it the customer has gone, and nobody should be charged for an old wish.
REVIEW_LASTS: Final = timedelta(hours=24)


class AnyPayment:
    """`act` waits for the end of what a customer is asked to do."""

    def __init__(self, order: PaymentOrder, act: Act) -> None:
        self._order = order
        self._standing = Standing(order)
        self._bell = Bell()
        self._attempts = Attempts(self._standing, self._bell, act)
        self._refused: Code | None = None
        self._review: Review | None = None

    async def _accepted(self, attempt: Attempt, answer: Answer) -> None:
        """What follows when a provider accepted exactly what was ordered."""
        raise NotImplementedError

    def _is_given_back(self) -> bool:
        """Whether a cancellation gave back a rest of what is captured."""
        return False

    # The story

    async def _to_the_end(self) -> PaymentStatus:
        await to_its_end(self._story(), when_canceled=self._cancel_if_possible)
        self._over()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if self._refused is not None:
            # The record knows nothing of it, so the reference is free for another try.
            raise refusal(self._refused)
        return self._standing.status

    async def _story(self) -> None:
        begun = await record.write(PaymentActivities.begin, self._order, "assess, route, begin")
        if begun.refused is not None:
            self._refused = begun.refused
            return
        first = await self._first_attempt(begun)
        assert begun.decision is not None
        taken = await self._attempts.until_accepted(first, begun.decision.providers)
        if taken is None:
            return
        attempt, answer = taken
        if self._attempts.is_canceled:
            await self._standing.to(_S.CANCELED, attempt, answer=answer)
            await self._send_back(attempt)
        elif not answer.is_of(self._order):
            await self._standing.failed(attempt, Code.CHALLENGE_CHANGED)
            await self._send_back(attempt)
        else:
            await self._accepted(attempt, answer)

    async def _send_back(self, attempt: Attempt) -> None:
        """A provider holds, or may hold, what this payment does not want."""
        await send_back(attempt)

    def _over(self) -> None:
        """Nothing will happen any more: whoever still waits is told."""

    async def _first_attempt(self, begun: Begun) -> Attempt | None:
        """None: nothing may be sent, and the payment was ended."""
        assert begun.decision is not None
        assert begun.assessment is not None
        if begun.forbidden is not None:
            await self._standing.failed(nothing_sent(self._order), begun.forbidden)
            return None
        verdict = begun.assessment.verdict
        challenge = begun.decision.challenge or verdict is Verdict.STEP_UP
        providers = begun.decision.providers
        if verdict is Verdict.HOLD:
            onward = Onward(nothing_sent(self._order), providers, challenge)
            return await self._after_review(onward)
        return Attempt(self._order, 1, providers[0], challenge)

    async def _after_review(self, onward: Onward) -> Attempt | None:
        nothing = onward.attempt
        await self._standing.to(_S.REVIEW, nothing)
        await self._standing.rest(
            lambda: self._review is not None or self._attempts.is_canceled,
            until=workflow.now() + REVIEW_LASTS,
            summary=f"review for {self._order.partner_id} has taken too long",
        )
        if self._review is not None and self._review.approved:
            # Rules and switches may have changed since.
            words = "may it still go on"
            attempt = await record.write_asked(PaymentActivities.onward, onward, words)
            if attempt is None:
                await self._standing.failed(nothing, Code.NO_ROUTE)
            else:
                await self._standing.to(_S.PROCESSING, attempt)
            return attempt
        if self._review is not None:
            code = Code.REVIEW_DECLINED
            await self._standing.failed(nothing, code, write=record.write_asked)
        elif self._attempts.is_canceled:
            await self._standing.to(_S.CANCELED, nothing, write=record.write_asked)
        else:
            await self._standing.to(_S.EXPIRED, nothing)
        return None

    def _cancel_if_possible(self) -> None:
        """In mid-payment Temporal's button does nothing: the money may be on its way."""
        if self._standing.status in CANCELABLE:
            self._attempts.is_canceled = True

    # Doors

    @door("decided", "The first decision on the payment; then, the payment as it stands")
    async def decided(self, content: str) -> PaymentAnswer:  # noqa: ARG002 read by the validator
        await workflow.wait_condition(
            lambda: self._standing.is_decided or self._refused is not None
        )
        return PaymentAnswer(refused=self._refused) if self._refused else self._newest()

    @decided.validator
    def _is_this_payment(self, content: str) -> None:
        if content != self._order.content:
            raise refusal(Code.REFERENCE_USED)

    @door("cancel", "Give back what is reserved and not taken")
    async def cancel(self, trace: str) -> PaymentAnswer:  # noqa: ARG002 for history's readers
        self._attempts.is_canceled = True
        await workflow.wait_condition(lambda: self._standing.is_final)
        if self._standing.status is _S.CANCELED or self._is_given_back():
            return self._newest()
        return PaymentAnswer(refused=Code.PAYMENT_STATE)

    @cancel.validator
    def _may_cancel(self, trace: str) -> None:  # noqa: ARG002
        if self._standing.status not in CANCELABLE | {_S.CANCELED}:
            raise refusal(Code.PAYMENT_STATE)

    @door("confirm", "The customer's browser came back: ask the provider now")
    async def confirm(self, trace: str) -> PaymentAnswer:  # noqa: ARG002
        return await self._asked_now()

    @confirm.validator
    def _may_confirm(self, trace: str) -> None:  # noqa: ARG002
        if not self._attempts.was_challenged:
            raise refusal(Code.PAYMENT_STATE)

    @door("told", "A provider's webhook came: ask the provider now")
    async def told(self, event_id: str) -> PaymentAnswer:  # noqa: ARG002
        return await self._asked_now()

    @door("review", "A person's word on a payment that risk holds")
    async def review(self, review: Review) -> PaymentAnswer:
        self._review = self._review or review
        await workflow.wait_condition(lambda: self._standing.status is not _S.REVIEW)
        return self._newest()

    @review.validator
    def _may_review(self, review: Review) -> None:
        if not is_operator(review.by):
            raise refusal(Code.FIELD_REFUSED)
        if self._standing.status is not _S.REVIEW or self._attempts.is_canceled:
            raise refusal(Code.PAYMENT_STATE)

    @workflow.query(name="payment", description="The payment as it stands")
    def payment(self) -> Payment:
        return self._standing.payment

    async def _asked_now(self) -> PaymentAnswer:
        """The payment after its provider was asked once more, if one has anything of it."""
        if self._standing.status is not _S.REVIEW:
            rung = self._bell.ring()
            await workflow.wait_condition(
                lambda: self._bell.heard >= rung or self._standing.is_final
            )
        return self._newest()

    def _newest(self) -> PaymentAnswer:
        return PaymentAnswer(self._standing.payment)
