"""Events that providers send us: verified on the bytes, stored once, applied by who owns them.

Only then is the provider answered. What the record already reflects costs one look and one write.
"""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, Protocol

import orjson
from starlette.datastructures import Headers

from api import metrics
from api.answers import Refusal
from api.inbound.taking import Taking, tell
from api.inbound.verdict import Next, Owner
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
        self._taking = Taking(inbox, owners)
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
        verdict = await self._taking.judge(provider_id, told)
        if verdict.next is Next.ASK:
            await asyncio.sleep(self._grace_s)
            verdict = await self._taking.judge(provider_id, told)
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
            verdict = await self._taking.take(provider_id, told, verdict)
            state = verdict.state
        tell(provider_id, told, state, verdict)
        return told.event_id, state

    def _read(self, provider_id: str, sender: Sender, raw: bytes, headers: Headers) -> Told:
        try:
            told = sender.webhook(raw, headers, datetime.now(UTC))
            _refuse_unprintable(told)
        except ForgedWebhook:
            metrics.webhook(provider_id, "forged")
            raise Refusal(Code.WEBHOOK_FORGED) from None
        except UnreadableWebhook:
            metrics.webhook(provider_id, "unreadable")
            raise Refusal(Code.BODY_MALFORMED) from None
        return told


def _refuse_unprintable(told: Told) -> None:
    """No thing of anybody's is called so, and neither record nor engine could look it up: a NUL, a
    line break, half a surrogate pair. Raises UnreadableWebhook.
    """
    disputed = () if told.dispute is None else (told.dispute.order.reference,)
    names = (told.event_id, told.type, told.reference or "", *disputed, *told.receipts)
    if not all(map(str.isprintable, names)):
        raise UnreadableWebhook("a name that cannot be printed")


def _inbound(provider_id: str, told: Told, raw: bytes) -> Inbound:
    return Inbound(
        provider=provider_id,
        told=told,
        digest=hashlib.sha256(raw).digest(),
        body=orjson.dumps(redacted(raw.decode(errors="replace"))).decode(),
        received_at=datetime.now(UTC),
    )
