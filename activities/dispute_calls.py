"""Steps of a dispute at its provider: ask after it, answer it, ask after the answer."""

from temporalio import activity

from activities import failures
from payments.domain.charge import Answer
from payments.domain.dispute import DisputeOrder, Response
from payments.domain.dispute_steps import Look, Sending, Sent
from payments.domain.evidence import Said
from payments.domain.outcome import OutcomeKind
from payments.ports.disputes import EvidenceStore
from payments.ports.provider import Provider, Providers, ProviderUnavailable


class DisputeCallActivities:
    """Evidence is read from the record here, so that no history ever holds it."""

    def __init__(self, providers: Providers, evidence: EvidenceStore) -> None:
        self._providers = providers
        self._evidence = evidence

    @activity.defn(name="disputes.look")
    async def look(self, order: DisputeOrder) -> Look:
        """How the dispute stands at its provider. Fails when there is no word."""
        with failures.translated():
            return Look(await self._known(order.provider).dispute(order.reference))

    @activity.defn(name="disputes.send")
    async def send(self, sending: Sending) -> Answer:
        """Answer the dispute, once. Fails only when it surely was not sent."""
        with failures.translated():
            provider = self._known(sending.order.provider)
            said = await self._said(sending)
        with failures.never_again():
            answer = await provider.respond(said)
        if answer.kind is OutcomeKind.NOT_SENT:
            raise failures.not_sent(answer)
        return answer

    @activity.defn(name="disputes.sent")
    async def sent(self, sent: Sent) -> Answer:
        """What became of it, until the provider knows."""
        order = sent.sending.order
        with failures.translated():
            provider = self._known(order.provider)
        answer = await provider.responded(order.reference, sent.sending.response, sent_by=sent.by)
        if answer.kind is OutcomeKind.UNKNOWN:
            raise failures.not_known(answer)
        return answer

    async def _said(self, sending: Sending) -> Said:
        order = sending.order
        if sending.response is Response.ACCEPTANCE:
            return Said(order.reference, sending.key)
        assert sending.version is not None, "evidence has a version"
        texts, files = await self._evidence.enclosed(order.dispute_id, sending.version)
        return Said(order.reference, sending.key, texts, files)

    def _known(self, provider_id: str) -> Provider:
        provider = self._providers.get(provider_id)
        if provider is None:
            raise ProviderUnavailable(f"{provider_id} is not plugged in")
        return provider
