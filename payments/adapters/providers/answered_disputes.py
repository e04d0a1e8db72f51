"""What became of our answer to a dispute: asked the same way of every provider."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime

from payments.domain.charge import Answer
from payments.domain.dispute import Found, Response, became_of
from payments.domain.evidence import Said
from payments.domain.outcome import OutcomeKind
from payments.ports.provider import Capabilities, ProviderUnavailable


class AnsweredDisputes(ABC):
    def __init__(self, capabilities: Capabilities, now: Callable[[], datetime]) -> None:
        self._capabilities = capabilities
        self._now = now

    @abstractmethod
    async def find(self, reference: str) -> Found | None:
        """As ports.provider.Provider.dispute()."""

    async def responded(self, reference: str, response: Response, *, sent_by: datetime) -> Answer:
        """As ports.provider.Provider.responded()."""
        try:
            dispute = await self.find(reference)
        except ProviderUnavailable as error:
            return Answer(OutcomeKind.UNKNOWN, detail=str(error))
        if dispute is None:
            return Answer(OutcomeKind.UNKNOWN, detail="it is not in there")
        kind = became_of(response, dispute)
        settled = self._now() >= sent_by + self._capabilities.settles_within
        if kind is OutcomeKind.NOT_SENT and not settled:
            return Answer(OutcomeKind.UNKNOWN, detail="not there, too early to tell")
        return Answer(kind, reference=reference, detail=dispute.status)

    async def _earlier(self, said: Said) -> Answer | None:
        """Who ignores keys would not know a repeat, so it is asked before. Raises
        ProviderUnavailable.
        """
        if self._capabilities.honours_idempotency_keys:
            return None
        dispute = await self.find(said.reference)
        kind = became_of(said.response, dispute) if dispute else OutcomeKind.NOT_SENT
        if dispute is None or kind is OutcomeKind.NOT_SENT:
            return None
        return Answer(kind, reference=said.reference, detail=dispute.status)
