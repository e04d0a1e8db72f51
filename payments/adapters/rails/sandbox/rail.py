"""A rail that is reached over the API of the sandbox's rails."""

from collections.abc import Callable, Mapping
from datetime import datetime

from payments.adapters.rails.sandbox import mapping, webhooks
from payments.adapters.rails.sandbox.capabilities import capabilities
from payments.adapters.rails.sandbox.client import Client
from payments.domain.destination import Account
from payments.domain.outcome import OutcomeKind
from payments.domain.payout import PayoutOrder
from payments.domain.rail import RailProfile, TransferAnswer, TransferQuestion, Verification
from payments.outside.wire import NeverLeft, NoAnswer
from payments.ports.provider import Told
from payments.ports.rail import RailCapabilities, RailUnavailable


class SandboxRail:
    def __init__(self, profile: RailProfile, client: Client, now: Callable[[], datetime]) -> None:
        self._profile = profile
        self._client = client
        self._now = now
        self._capabilities = capabilities(profile)

    @property
    def capabilities(self) -> RailCapabilities:
        return self._capabilities

    async def verify(self, account: Account, currency: str) -> Verification:
        try:
            reply = await self._client.verify(account, currency)
        except (NeverLeft, NoAnswer) as error:
            raise RailUnavailable(str(error)) from error
        return mapping.verification(reply)

    async def send(self, order: PayoutOrder, account: Account) -> TransferAnswer:
        """A rail that ignores keys would book a repeat again, so it is asked before."""
        if not self._capabilities.honours_idempotency_keys:
            try:
                found = await self._found(order, settled=True)
            except NeverLeft as error:
                return TransferAnswer(OutcomeKind.NOT_SENT, detail=str(error))
            if found.kind is not OutcomeKind.NOT_SENT:
                return found
        try:
            reply = await self._client.send(order, account)
        except NeverLeft as error:
            return TransferAnswer(OutcomeKind.NOT_SENT, detail=str(error))
        except NoAnswer as error:
            return TransferAnswer(OutcomeKind.UNKNOWN, detail=str(error))
        return mapping.sent(reply, order)

    async def inquire(self, question: TransferQuestion) -> TransferAnswer:
        settled = self._now() >= question.sent_by + self._capabilities.settles_within
        try:
            return await self._found(question.order, settled=settled)
        except NeverLeft as error:
            return TransferAnswer(OutcomeKind.UNKNOWN, detail=str(error))

    def webhook(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Told:
        profile = self._profile
        return webhooks.told(raw, headers, profile.webhook_secrets, now, profile.id)

    async def _found(self, order: PayoutOrder, *, settled: bool) -> TransferAnswer:
        """Raises NeverLeft."""
        try:
            reply = await self._client.transfer(order.payout_id)
        except NoAnswer as error:
            return TransferAnswer(OutcomeKind.UNKNOWN, detail=str(error))
        return mapping.inquiry(reply, order, settled=settled)
