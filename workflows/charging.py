"""Calls that move or reserve money on a card: each is sent once and then asked after.

authorize -> ACCEPTED | DECLINED | PENDING | NOT_SENT (surely) | UNKNOWN
void      -> ACCEPTED | DECLINED (too late), however long it takes
capture   -> ACCEPTED | DECLINED, however long it takes; so with a refund
"""

from collections.abc import Awaitable, Callable
from typing import Final

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.failures import NOT_SENT
from activities.providers import ProviderActivities
from payments.domain.card_steps import Capture, GiveBack
from payments.domain.charge import Answer, Operation, Question
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt
from workflows import asking, options
from workflows.asking import Bell

_OVER: Final = (OutcomeKind.ACCEPTED, OutcomeKind.DECLINED)


async def authorize(attempt: Attempt) -> Answer:
    """One sending. A few quick tries while it surely does not arrive."""
    order = attempt.order
    verb = "reserve" if not order.capture else "take"
    step_up = " after a challenge" if attempt.challenge else ""
    try:
        return await workflow.execute_activity_method(
            ProviderActivities.authorize,
            attempt,
            **options.authorize(
                f"{verb} {_words(order.amount)} at {attempt.provider}{step_up}",
                f"authorize {attempt.reference}",
            ),
        )
    except ActivityError as error:
        return _lost(error)


def asked_after(attempt: Attempt) -> Question:
    """The question what became of an authorisation that has been sent by now."""
    return Question(attempt, Operation.AUTHORIZE, sent_by=workflow.now())


async def void(attempt: Attempt) -> Answer:
    """ACCEPTED: nothing is reserved any more. DECLINED: too late, it was captured."""
    return await workflow.execute_activity_method(
        ProviderActivities.void,
        attempt,
        **options.until_known(f"void {attempt.reference} at {attempt.provider}"),
    )


async def capture(capture: Capture, bell: Bell) -> Answer:
    async def send() -> Answer:
        words = f"capture {_words(capture.amount)} at {capture.attempt.provider}"
        try:
            return await workflow.execute_activity_method(
                ProviderActivities.capture,
                capture,
                **options.provider(words, f"capture {capture.key}"),
            )
        except ActivityError as error:
            return _lost(error)

    return await _until_over(send, lambda: _question(capture, Operation.CAPTURE), bell)


async def _nothing() -> None:
    pass


async def refund(
    back: GiveBack,
    bell: Bell,
    when_unknown: Callable[[], Awaitable[None]] = _nothing,
    *,
    may_be_sent: bool = False,
) -> Answer:
    """`when_unknown` is done once, as soon as nobody knows: at once if it `may_be_sent` before."""

    async def send() -> Answer:
        words = f"refund {_words(back.amount)} at {back.attempt.provider}"
        try:
            return await workflow.execute_activity_method(
                ProviderActivities.refund,
                back,
                **options.provider(words, f"refund {back.key}"),
            )
        except ActivityError as error:
            return _lost(error)

    return await _until_over(
        send,
        lambda: _question(back, Operation.REFUND),
        bell,
        when_unknown=when_unknown,
        may_be_sent=may_be_sent,
    )


async def _until_over(
    send: Callable[[], Awaitable[Answer]],
    question: Callable[[], Question],
    bell: Bell,
    when_unknown: Callable[[], Awaitable[None]] = _nothing,
    *,
    may_be_sent: bool = False,
) -> Answer:
    """Send, ask, and send again under the same key only what the provider surely never had."""
    has_asked = False
    while True:
        answer = Answer(OutcomeKind.UNKNOWN) if may_be_sent else await send()
        may_be_sent = False
        if answer.kind in _OVER and answer.amount in (None, question().amount):
            return answer
        if not has_asked:
            await when_unknown()
            has_asked = True
        # Also after an answer about another amount: the provider's books are the truth.
        answer = await asking.until_known(question(), bell)
        if answer.kind in _OVER:
            return answer


def _question(call: Capture | GiveBack, operation: Operation) -> Question:
    return Question(call.attempt, operation, workflow.now(), key=call.key, amount=call.amount)


def _lost(error: ActivityError) -> Answer:
    """NOT_SENT when every try was; otherwise it may have been sent before it was lost."""
    if isinstance(error.cause, ApplicationError) and error.cause.type == NOT_SENT:
        return Answer(OutcomeKind.NOT_SENT, detail=error.cause.message)
    return Answer(OutcomeKind.UNKNOWN, detail=f"attempt lost: {error.cause}")


def _words(amount: Money) -> str:
    return f"{amount} {amount.currency}"
