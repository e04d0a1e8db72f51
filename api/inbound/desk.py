"""Events that providers send us: verified on the bytes, stored once, applied by who owns them.

Only then is the provider answered. What the record already reflects costs one look and one write.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, Protocol

import orjson
import structlog
from starlette.datastructures import Headers

from api import metrics
from api.answers import Refusal
from api.inbound.verdict import Next, Owner, Verdict, after_asking, parked, quarantined
from api.updates import Over, Unheard
from payments.domain.codes import Code
from payments.outside.exchange import redacted
from payments.ports.inbox import EventChanged, Inbound, InboundState, Inbox
from payments.ports.provider import ForgedWebhook, Meaning, Told, UnreadableWebhook

# A call of ours and the event about it race each other; the call's own answer mostly wins, and then
# nobody has to be woken.
GRACE_S: Final = 1.0


class Sender(Protocol):
    """What the desk needs of whoever sends events."""

    def webhook(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Told: ...


log = structlog.get_logger("webhooks")


class InboundDesk:
    """`sender` finds who is at the other end by the id in the route; None when nobody is."""

    def __init__(
        self,
        inbox: Inbox,
        owners: Mapping[Meaning, Owner],
        sender: Callable[[str], Sender | None],
        *,
        grace_s: float = GRACE_S,
    ) -> None:
        self._inbox = inbox
        self._owners = owners
        self._sender = sender
        self._grace_s = grace_s

    async def receive(
        self, provider_id: str, raw: bytes, headers: Headers
    ) -> tuple[str, InboundState]:
        """Take one event: its id, and where it stands. Raises Refusal.

        Whatever is refused with a 5xx is to be sent again; nothing that we lost is answered 2xx.
        """
        sender = self._sender(provider_id)
        if sender is None:
            metrics.webhook("unknown", "unknown_provider")
            raise Refusal(Code.PROVIDER_UNKNOWN)
        told = self._read(provider_id, sender, raw, headers)
        event = _inbound(provider_id, told, raw)
        verdict = await self._judge(provider_id, told)
        if verdict.next is Next.ASK:
            await asyncio.sleep(self._grace_s)
            verdict = await self._judge(provider_id, told)
        try:
            if verdict.next is Next.KEEP:
                state = await self._inbox.store(event, verdict.state, verdict.note)
            else:
                state = await self._inbox.store(event)
        except EventChanged:
            metrics.webhook(provider_id, "changed")
            raise Refusal(Code.WEBHOOK_CHANGED) from None
        if state is InboundState.RECEIVED:
            # New, or left behind by a delivery that ended before its work did.
            verdict = await self._apply(provider_id, told, verdict)
            state = verdict.state
            await self._inbox.settle(provider_id, told.event_id, state, verdict.note)
        self._tell(provider_id, told, state, verdict)
        return told.event_id, state

    def _read(self, provider_id: str, sender: Sender, raw: bytes, headers: Headers) -> Told:
        try:
            return sender.webhook(raw, headers, datetime.now(UTC))
        except ForgedWebhook:
            metrics.webhook(provider_id, "forged")
            raise Refusal(Code.WEBHOOK_FORGED) from None
        except UnreadableWebhook:
            metrics.webhook(provider_id, "unreadable")
            raise Refusal(Code.BODY_MALFORMED) from None

    async def _judge(self, provider_id: str, told: Told) -> Verdict:
        owner = self._owners.get(told.meaning)
        if owner is None or told.reference is None:
            return parked("a type of event that we do not follow")
        return await owner.judge(provider_id, told, told.reference)

    async def _apply(self, provider_id: str, told: Told, verdict: Verdict) -> Verdict:
        """Raises Refusal when nobody hears us: the event stays as it is, and comes again."""
        if verdict.next is Next.KEEP:
            return verdict
        assert told.reference is not None, "a verdict on nothing"
        owner = self._owners[told.meaning]
        try:
            if verdict.next is Next.ASK:
                verdict = await self._asked(provider_id, told, told.reference, owner)
            if verdict.next is Next.BEGIN:
                update = _update("seen", provider_id, told)
                if not await owner.begin(told, told.reference, update):
                    verdict = replace(verdict, note="the provider holds nothing of ours")
        except Unheard as error:
            raise Refusal(Code.ENGINE_UNAVAILABLE, retry_after_s=5) from error
        return verdict

    async def _asked(self, provider_id: str, told: Told, reference: str, owner: Owner) -> Verdict:
        """Let the owning workflow ask the provider, and judge again by what it found."""
        try:
            found = await owner.ask(told, reference, _update("told", provider_id, told))
        except Over:
            again = await self._judge(provider_id, told)
            return quarantined("nobody owns it any more") if again.next is Next.ASK else again
        return found or after_asking(await self._judge(provider_id, told))

    def _tell(self, provider_id: str, told: Told, state: InboundState, verdict: Verdict) -> None:
        metrics.webhook(provider_id, state)
        if state is InboundState.QUARANTINED:
            log.warning(
                "webhook.quarantined",
                provider=provider_id,
                event_id=told.event_id,
                reference=told.reference,
                why=verdict.note,
            )


def _update(door: str, provider_id: str, told: Told) -> str:
    """The same event is one update; its own id may be anything."""
    name = hashlib.sha256(f"{provider_id}\n{told.event_id}".encode()).hexdigest()
    return f"{door}:{name[:32]}"


def _inbound(provider_id: str, told: Told, raw: bytes) -> Inbound:
    return Inbound(
        provider=provider_id,
        event_id=told.event_id,
        type=told.type,
        reference=told.reference,
        operation=told.operation,
        digest=hashlib.sha256(raw).digest(),
        body=orjson.dumps(redacted(raw.decode(errors="replace"))).decode(),
        received_at=datetime.now(UTC),
    )
