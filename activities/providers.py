"""Steps at a card provider: authorise, capture, void, refund, and asking. One call each."""

from dataclasses import replace
from typing import Final

from temporalio import activity

from activities import failures
from payments.domain.card_steps import Capture, GiveBack
from payments.domain.charge import Answer, Question, Reservation
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import Attempt
from payments.ports.provider import Provider, Providers, ProviderUnavailable

# A customer waits: a provider that wants us to wait longer is passed over.
LONGEST_PAUSE_S: Final = 1.0


class ProviderActivities:
    """Keys: the attempt's reference, the capture's key, the refund's id; never a try."""

    def __init__(self, providers: Providers) -> None:
        self._providers = providers

    @activity.defn(name="providers.authorize")
    async def authorize(self, attempt: Attempt) -> Answer:
        """Reserve or take the amount, once. Fails only when it surely was not sent."""
        provider = self._providers.get(attempt.provider)
        if provider is None:
            raise failures.not_sent(
                Answer(OutcomeKind.NOT_SENT, detail="not plugged in"), LONGEST_PAUSE_S
            )
        with failures.never_again():
            answer = await provider.authorize(attempt)
        if answer.kind is OutcomeKind.NOT_SENT:
            raise failures.not_sent(answer, LONGEST_PAUSE_S)
        return _with_reservation(answer, provider)

    @activity.defn(name="providers.capture")
    async def capture(self, capture: Capture) -> Answer:
        """Take a part, once. Fails only when it surely was not sent."""
        with failures.translated():
            provider = self._known(capture.attempt.provider)
        with failures.never_again():
            answer = await provider.capture(
                capture.attempt, key=capture.key, amount=capture.amount, final=capture.final
            )
        if answer.kind is OutcomeKind.NOT_SENT:
            raise failures.not_sent(answer)
        return answer

    @activity.defn(name="providers.refund")
    async def refund(self, back: GiveBack) -> Answer:
        """Give captured money back, once. Fails only when it surely was not sent."""
        with failures.translated():
            provider = self._known(back.attempt.provider)
        with failures.never_again():
            answer = await provider.refund(
                back.attempt, key=back.key, amount=back.amount, receipt=back.receipt
            )
        if answer.kind is OutcomeKind.NOT_SENT:
            raise failures.not_sent(answer)
        return answer

    @activity.defn(name="providers.void")
    async def void(self, attempt: Attempt) -> Answer:
        """Give back what is reserved, until the provider has done it or says that it is too late.

        Harmless twice, so it is simply done again while nobody knows.
        """
        with failures.translated():
            provider = self._known(attempt.provider)
        answer = await provider.void(attempt)
        if answer.kind not in (OutcomeKind.ACCEPTED, OutcomeKind.DECLINED):
            raise failures.not_known(answer)
        return answer

    @activity.defn(name="providers.ask")
    async def ask(self, question: Question) -> Answer:
        """Ask until the provider knows."""
        answer = await self.look(question)
        if not answer.is_known:
            raise failures.not_known(answer)
        return answer

    @activity.defn(name="providers.look")
    async def look(self, question: Question) -> Answer:
        """Ask once, and bring whatever the provider says now."""
        with failures.translated():
            provider = self._known(question.attempt.provider)
        return _with_reservation(await provider.inquire(question), provider)

    def _known(self, provider_id: str) -> Provider:
        """A provider that was unplugged in mid-payment comes back, or an operator brings it."""
        provider = self._providers.get(provider_id)
        if provider is None:
            raise ProviderUnavailable(f"{provider_id} is not plugged in")
        return provider


def _with_reservation(answer: Answer, provider: Provider) -> Answer:
    if answer.kind is not OutcomeKind.ACCEPTED or answer.captured:
        return answer
    able = provider.capabilities
    return replace(
        answer, reservation=Reservation(able.authorization_lasts, able.multiple_captures)
    )
