"""A payment and its challenge: start it, pass on who rings or cancels, and take its result."""

from collections.abc import Awaitable, Callable

from temporalio import workflow
from temporalio.exceptions import ChildWorkflowError, FailureError

from payments.domain import ids
from payments.domain.card_steps import ChallengeOrder
from payments.domain.charge import Answer, ChallengeAsked
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt
from workflows.asking import Bell
from workflows.challenge import Challenge


async def challenge(
    attempt: Attempt, asked: ChallengeAsked, bell: Bell, is_canceled: Callable[[], bool]
) -> Answer:
    """How it ended. UNKNOWN when the challenge's own workflow was ended by force."""
    child = await workflow.start_child_workflow(
        Challenge.run,
        ChallengeOrder(attempt, asked.expires_at),
        id=ids.challenge(attempt.order.payment_id, attempt.number),
        static_summary=f"{attempt.order.amount} {attempt.order.amount.currency}"
        f" at {attempt.provider} for {attempt.order.partner_id}",
    )
    passed_on, has_canceled = bell.heard, False

    def something_to_pass_on() -> bool:
        return bell.rung > passed_on or (is_canceled() and not has_canceled)

    while not child.done():
        await workflow.wait_condition(lambda: child.done() or something_to_pass_on())
        if not child.done() and is_canceled() and not has_canceled:
            has_canceled = True
            await _unless_it_just_ended(child.signal(Challenge.cancel))
        elif not child.done() and bell.rung > passed_on:
            passed_on = bell.rung
            await _unless_it_just_ended(child.signal(Challenge.look, passed_on))
    try:
        return await child
    except ChildWorkflowError:
        return Answer(OutcomeKind.UNKNOWN, detail="the challenge was ended by force")


async def _unless_it_just_ended(signal: Awaitable[None]) -> None:
    try:
        await signal
    except FailureError:
        workflow.logger.info("challenge.ended_meanwhile")
