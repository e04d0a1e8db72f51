"""A provider whose every call leaves one row in the call log."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from payments.domain.card import Card
from payments.domain.charge import Answer, Question
from payments.domain.dispute import Found, Response
from payments.domain.evidence import Said
from payments.domain.method import Bank
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt
from payments.outside.recorder import Recorder
from payments.ports.journal import CallLog
from payments.ports.provider import Capabilities, Provider, ProviderUnavailable, Told


class RecordedProvider:
    def __init__(self, provider_id: str, provider: Provider, calls: CallLog) -> None:
        self._provider = provider
        self._recorded = Recorder(provider_id, calls, ProviderUnavailable).recorded

    @property
    def capabilities(self) -> Capabilities:
        return self._provider.capabilities

    async def authorize(self, attempt: Attempt) -> Answer:
        return await self._recorded(
            "authorize", attempt.reference, lambda: self._provider.authorize(attempt), _word
        )

    async def capture(self, attempt: Attempt, *, key: str, amount: Money, final: bool) -> Answer:
        return await self._recorded(
            "capture",
            f"{attempt.reference}:{key}",
            lambda: self._provider.capture(attempt, key=key, amount=amount, final=final),
            _word,
        )

    async def void(self, attempt: Attempt) -> Answer:
        return await self._recorded(
            "void", attempt.reference, lambda: self._provider.void(attempt), _word
        )

    async def refund(
        self, attempt: Attempt, *, key: str, amount: Money, receipt: str | None = None
    ) -> Answer:
        return await self._recorded(
            "refund",
            f"{attempt.reference}:{key}",
            lambda: self._provider.refund(attempt, key=key, amount=amount, receipt=receipt),
            _word,
        )

    async def inquire(self, question: Question) -> Answer:
        about = ":".join(filter(None, (question.attempt.reference, question.key)))
        return await self._recorded(
            f"inquire {question.operation}",
            about,
            lambda: self._provider.inquire(question),
            _word,
        )

    async def card(self, token: str) -> Card | None:
        # A token is as good as the card to whoever may charge it: its end alone is kept.
        return await self._recorded(
            "card",
            f"…{token[-6:]}",
            lambda: self._provider.card(token),
            lambda card: "found" if card is not None else "unknown",
            secret=token,
        )

    async def banks(self) -> Sequence[Bank]:
        return await self._recorded(
            "banks", "", self._provider.banks, lambda banks: f"{len(banks)} banks"
        )

    async def dispute(self, reference: str) -> Found | None:
        return await self._recorded(
            "dispute",
            reference,
            lambda: self._provider.dispute(reference),
            lambda found: found.status.value if found is not None else "unknown",
        )

    async def respond(self, said: Said) -> Answer:
        operation = "accept dispute" if said.accepts else "submit evidence"
        return await self._recorded(
            operation, said.key, lambda: self._provider.respond(said), _word
        )

    async def responded(self, reference: str, response: Response, *, sent_by: datetime) -> Answer:
        return await self._recorded(
            f"inquire {response}",
            reference,
            lambda: self._provider.responded(reference, response, sent_by=sent_by),
            _word,
        )

    def webhook(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Told:
        return self._provider.webhook(raw, headers, now)


def _word(answer: Answer) -> str:
    decline = answer.decline
    if answer.kind is OutcomeKind.DECLINED and decline is not None:
        return f"declined {decline.code.meaning.reason}"
    return answer.kind.value
