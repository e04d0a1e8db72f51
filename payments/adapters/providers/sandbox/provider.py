"""A provider that is reached over the sandbox acquirers' API: cards, customers' banks, codes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from payments.adapters.providers.sandbox import mapping, webhooks
from payments.adapters.providers.sandbox.capabilities import capabilities
from payments.adapters.providers.sandbox.client import Client
from payments.adapters.providers.sandbox.disputes import SandboxDisputes
from payments.domain.card import Card
from payments.domain.charge import Answer, Operation, Question
from payments.domain.dispute import Found, Response
from payments.domain.evidence import Said
from payments.domain.method import Bank, BankRedirect, DisplayCode, Method, MethodType
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt
from payments.domain.provider import ProviderKind, ProviderProfile, alias
from payments.outside.wire import NeverLeft, NoAnswer, Reply
from payments.ports.provider import Capabilities, ProviderUnavailable, Told


class SandboxProvider:
    def __init__(
        self, profile: ProviderProfile, client: Client, now: Callable[[], datetime]
    ) -> None:
        self._profile = profile
        self._client = client
        self._now = now
        self._capabilities = capabilities(profile)
        self._disputes = SandboxDisputes(client, self._capabilities, now)

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def authorize(self, attempt: Attempt) -> Answer:
        method = _named(attempt.order.method)
        if method is None:
            return Answer(OutcomeKind.NOT_SENT, detail="they do not know this card")
        return await self._once(
            self._question(attempt, Operation.AUTHORIZE),
            lambda: self._client.authorize(attempt, method),
        )

    async def capture(self, attempt: Attempt, *, key: str, amount: Money, final: bool) -> Answer:
        return await self._once(
            self._question(attempt, Operation.CAPTURE, key, amount),
            lambda: self._client.capture(attempt.reference, key=key, amount=amount, final=final),
        )

    async def void(self, attempt: Attempt) -> Answer:
        # Harmless twice over there, so nobody has to ask first.
        return await self._sent(
            self._question(attempt, Operation.VOID), lambda: self._client.void(attempt.reference)
        )

    async def refund(
        self, attempt: Attempt, *, key: str, amount: Money, receipt: str | None = None
    ) -> Answer:
        return await self._once(
            self._question(attempt, Operation.REFUND, key, amount),
            lambda: self._client.refund(attempt.reference, key=key, amount=amount, receipt=receipt),
        )

    async def inquire(self, question: Question) -> Answer:
        settled = self._now() >= question.sent_by + self._capabilities.settles_within
        try:
            return await self._found(question, settled=settled)
        except NeverLeft as error:
            return Answer(OutcomeKind.UNKNOWN, detail=str(error))

    async def card(self, token: str) -> Card | None:
        try:
            reply = await self._client.token(token)
        except (NeverLeft, NoAnswer) as error:
            raise ProviderUnavailable(str(error)) from error
        return mapping.card(reply, token)

    async def banks(self) -> Sequence[Bank]:
        try:
            reply = await self._client.banks()
        except (NeverLeft, NoAnswer) as error:
            raise ProviderUnavailable(str(error)) from error
        return mapping.banks(reply)

    async def dispute(self, reference: str) -> Found | None:
        return await self._disputes.find(reference)

    async def respond(self, said: Said) -> Answer:
        return await self._disputes.respond(said)

    async def responded(self, reference: str, response: Response, *, sent_by: datetime) -> Answer:
        return await self._disputes.responded(reference, response, sent_by=sent_by)

    def webhook(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Told:
        profile = self._profile
        return webhooks.told(raw, headers, profile.webhook_secrets, now, profile.id)

    def _question(
        self, attempt: Attempt, operation: Operation, key: str = "", amount: Money | None = None
    ) -> Question:
        return Question(attempt, operation, sent_by=self._now(), key=key, amount=amount)

    async def _once(self, question: Question, call: Callable[[], Awaitable[Reply]]) -> Answer:
        """An acquirer that ignores keys would book a repeat again, so it is asked before."""
        if not self._capabilities.honours_idempotency_keys:
            try:
                found = await self._found(question, settled=True)
            except NeverLeft as error:
                return Answer(OutcomeKind.NOT_SENT, detail=str(error))
            if found.kind is not OutcomeKind.NOT_SENT:
                return found
        return await self._sent(question, call)

    async def _found(self, question: Question, *, settled: bool) -> Answer:
        """Raises NeverLeft."""
        try:
            reply = await self._client.payment(question.attempt.reference)
        except NoAnswer as error:
            return Answer(OutcomeKind.UNKNOWN, detail=str(error))
        return mapping.inquiry(reply, question, settled=settled)

    async def _sent(self, question: Question, call: Callable[[], Awaitable[Reply]]) -> Answer:
        try:
            reply = await call()
        except NeverLeft as error:
            return Answer(OutcomeKind.NOT_SENT, detail=str(error))
        except NoAnswer as error:
            return Answer(OutcomeKind.UNKNOWN, detail=str(error))
        return mapping.sent(reply, question)


def _named(method: Method) -> dict[str, str] | None:
    """The method as they know it; None when they do not."""
    if isinstance(method, BankRedirect):
        named = {"method": MethodType.BANK_REDIRECT.value, "country": method.country}
        return named | ({"bank": method.bank} if method.bank else {})
    if isinstance(method, DisplayCode):
        return {"method": MethodType.CODE.value, "country": method.country}
    token = alias(method, ProviderKind.SANDBOX)
    return None if token is None else {"method": token}
