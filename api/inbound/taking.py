"""An event that was verified and read: judged, and taken by who owns what it is about.

When it comes, and again for as long as nobody can take it. Both may happen at once: to take it is
only to have the provider asked, and what became of the event is written once.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog

from api import metrics
from api.answers import Refusal
from api.inbound.verdict import Next, Owner, Verdict, after_asking, parked, quarantined
from api.updates import Over, Unheard
from payments.domain.codes import Code
from payments.ports.inbox import InboundState, Inbox, Kept
from payments.ports.provider import Meaning, Told

# Longer than anything of ours takes to be written down; then it is about somebody else's.
LOOKED_AT_FOR: Final = timedelta(days=1)

log = structlog.get_logger("webhooks")


class Taking:
    def __init__(self, inbox: Inbox, owners: Mapping[Meaning, Owner]) -> None:
        self._inbox = inbox
        self._owners = owners

    async def judge(self, provider_id: str, told: Told) -> Verdict:
        owner = self._owners.get(told.meaning)
        if owner is None or told.reference is None:
            return parked("a type of event that we do not follow")
        return await owner.judge(provider_id, told, told.reference)

    async def take(self, provider_id: str, told: Told, verdict: Verdict) -> Verdict:
        """Raises Refusal when nobody hears us: the event stays as it is."""
        verdict = await self._apply(provider_id, told, verdict, _name(provider_id, told))
        await self._settle(provider_id, told, verdict)
        return verdict

    async def look_again(self, kept: Kept) -> None:
        """At what nobody could take before. Its provider was answered, and does not wait."""
        provider_id, told = kept.provider, kept.told
        # A door answers a name that it knows as it did before, also when its workflow has ended.
        name = _name(provider_id, told, kept.next_look_at.isoformat())
        try:
            verdict = await self.judge(provider_id, told)
            verdict = await self._apply(provider_id, told, verdict, name)
        except Refusal as refused:
            log.info("webhook.not_taken", event_id=told.event_id, code=refused.code)
            return
        waited = datetime.now(UTC) - kept.received_at
        if verdict.state is InboundState.RECEIVED and waited > LOOKED_AT_FOR:
            verdict = parked(f"{verdict.note}, for a day")
        await self._settle(provider_id, told, verdict)
        tell(provider_id, told, verdict.state, verdict)

    async def _settle(self, provider_id: str, told: Told, verdict: Verdict) -> None:
        await self._inbox.settle(provider_id, told.event_id, verdict.state, verdict.note)

    async def _apply(self, provider_id: str, told: Told, verdict: Verdict, name: str) -> Verdict:
        if verdict.next is Next.KEEP:
            return verdict
        assert told.reference is not None, "a verdict on nothing"
        owner = self._owners[told.meaning]
        try:
            if verdict.next is Next.ASK:
                verdict = await self._asked(provider_id, told, owner, name)
            if verdict.next is Next.BEGIN:
                is_found = await owner.begin(told, told.reference, f"seen:{name}")
                if not is_found:
                    verdict = replace(verdict, note="the provider holds nothing of ours")
        except Unheard as error:
            raise Refusal(Code.ENGINE_UNAVAILABLE, retry_after_s=5) from error
        return verdict

    async def _asked(self, provider_id: str, told: Told, owner: Owner, name: str) -> Verdict:
        """Let the owning workflow ask the provider, and judge again by what it found."""
        assert told.reference is not None, "a verdict on nothing"
        try:
            found = await owner.ask(told, told.reference, f"told:{name}")
        except Over:
            again = await self.judge(provider_id, told)
            return quarantined("nobody owns it any more") if again.next is Next.ASK else again
        return found or after_asking(await self.judge(provider_id, told))


def tell(provider_id: str, told: Told, state: InboundState, verdict: Verdict) -> None:
    metrics.webhook(provider_id, state)
    if state is InboundState.QUARANTINED:
        log.warning(
            "webhook.quarantined",
            provider=provider_id,
            event_id=told.event_id,
            reference=told.reference,
            why=verdict.note,
        )


def _name(provider_id: str, told: Told, *look: str) -> str:
    """The same event, and the same look at it, is one update; its own id may be anything."""
    name = "\n".join((provider_id, told.event_id, *look))
    return hashlib.sha256(name.encode(errors="replace")).hexdigest()[:32]
