"""Asking a provider what became of a call until it says so: now and then by itself, and at once
when somebody rings because he knows more: a webhook, a browser that came back.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

from temporalio import workflow
from temporalio.exceptions import FailureError

from activities.providers import ProviderActivities
from payments.domain.charge import Answer, Question
from payments.domain.outcome import OutcomeKind
from workflows import options


class Bell:
    """Who rings wants the open question asked now, and waits until it was."""

    def __init__(self) -> None:
        self.rung = 0
        self.heard = 0

    @property
    def is_rung(self) -> bool:
        return self.rung > self.heard

    def ring(self) -> int:
        self.rung += 1
        return self.rung

    async def hear(self, rung: int) -> None:
        """The question was asked after this ringing, and brought nothing that ends the waiting."""
        self.heard = max(self.heard, rung)


class _Known(Protocol):
    @property
    def is_known(self) -> bool: ...


Asked = TypeVar("Asked")
Said = TypeVar("Said", bound=_Known)


@dataclass(frozen=True, slots=True)
class Window(Generic[Asked, Said]):
    """Where somebody is asked: once by `look`, until he knows by `ask`; `words` are for operators.

    `unknown` is what is said for him when he says nothing.
    """

    look: Callable[[Any, Asked], Awaitable[Said]]
    ask: Callable[[Any, Asked], Awaitable[Said]]
    words: Callable[[Asked], str]
    unknown: Callable[[str], Said]


async def look_at(window: Window[Asked, Said], question: Asked) -> Said:
    """What the other side says now; UNKNOWN when it does not."""
    try:
        return await workflow.execute_activity_method(
            window.look, question, **options.look(f"look: {window.words(question)}")
        )
    except FailureError as error:
        return window.unknown(f"no word: {error.cause}")


async def known_at(
    window: Window[Asked, Said],
    question: Asked,
    bell: Bell,
    *,
    unless: Callable[[], bool] = lambda: False,
) -> Said:
    """The other side's own word, however long it takes. UNKNOWN only when `unless` became true."""
    while not unless():
        if bell.is_rung:
            rung = bell.rung
            answer = await look_at(window, question)
            if answer.is_known:
                return answer
            await bell.hear(rung)
        asking = workflow.start_activity_method(
            window.ask, question, **options.until_known(f"ask: {window.words(question)}")
        )
        await workflow.wait_condition(lambda: asking.done() or bell.is_rung or unless())  # noqa: B023 awaited here
        if asking.done():
            return await asking
        # It may be waiting long for its next try.
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    return window.unknown("not asked any longer")


def _words(question: Question) -> str:
    """For operators: which call, by the name it has at the provider."""
    attempt = question.attempt
    name = question.key or attempt.reference
    return f"what became of {question.operation} {name} at {attempt.provider}"


_PROVIDERS: Final = Window(
    look=ProviderActivities.look,
    ask=ProviderActivities.ask,
    words=_words,
    unknown=lambda detail: Answer(OutcomeKind.UNKNOWN, detail=detail),
)


async def look(question: Question) -> Answer:
    """What the provider says now. UNKNOWN when it does not."""
    return await look_at(_PROVIDERS, question)


async def until_known(
    question: Question, bell: Bell, *, unless: Callable[[], bool] = lambda: False
) -> Answer:
    """The provider's own word, however long it takes. UNKNOWN only when `unless` became true."""
    return await known_at(_PROVIDERS, question, bell, unless=unless)
