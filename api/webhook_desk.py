"""Events that providers send us: verified on the bytes, stored once, applied by who owns them.

Only then is the provider answered. What the record already reflects costs one look and one write.
"""

import asyncio
import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import orjson
import structlog
from starlette.datastructures import Headers
from temporalio.client import Client, WorkflowHandle

from api import metrics
from api.answers import Refusal
from api.updates import Over, Unheard, heard
from api.webhook_verdicts import (
    Next,
    Verdict,
    after_asking,
    on_payment,
    on_refund,
    on_way_back,
    parked,
    quarantined,
)
from payments.domain import ids
from payments.domain.codes import Code
from payments.domain.payment import Attempt, PaymentStatus
from payments.domain.refund import RefundStatus
from payments.outside.exchange import redacted
from payments.ports.inbox import EventChanged, Inbound, InboundState, Inbox
from payments.ports.payments import Named, Payments, Refunds
from payments.ports.provider import (
    ForgedWebhook,
    Meaning,
    Provider,
    Providers,
    Told,
    UnreadableWebhook,
)
from workflows.any_payment import AnyPayment
from workflows.refund import Refund
from workflows.reversal import Reversal, reversal_operation

# A call of ours and the event about it race each other; the call's own answer mostly wins, and then
# nobody has to be woken.
GRACE_S: Final = 1.0
# Providers give up after some ten seconds, and come again.
_WAIT: Final = timedelta(seconds=5)

log = structlog.get_logger("webhooks")


class WebhookDesk:
    def __init__(
        self,
        client: Client,
        *,
        payments: Payments,
        refunds: Refunds,
        inbox: Inbox,
        providers: Providers,
        task_queue: str,
        grace_s: float = GRACE_S,
    ) -> None:
        self._client = client
        self._payments = payments
        self._refunds = refunds
        self._inbox = inbox
        self._providers = providers
        self._task_queue = task_queue
        self._grace_s = grace_s

    async def receive(
        self, provider_id: str, raw: bytes, headers: Headers
    ) -> tuple[str, InboundState]:
        """Take one event: its id, and where it stands. Raises Refusal.

        Whatever is refused with a 5xx is to be sent again; nothing that we lost is answered 2xx.
        """
        provider = self._providers.get(provider_id)
        if provider is None:
            metrics.webhook("unknown", "unknown_provider")
            raise Refusal(Code.PROVIDER_UNKNOWN)
        told = self._read(provider_id, provider, raw, headers)
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

    def _read(self, provider_id: str, provider: Provider, raw: bytes, headers: Headers) -> Told:
        try:
            return provider.webhook(raw, headers, datetime.now(UTC))
        except ForgedWebhook:
            metrics.webhook(provider_id, "forged")
            raise Refusal(Code.WEBHOOK_FORGED) from None
        except UnreadableWebhook:
            metrics.webhook(provider_id, "unreadable")
            raise Refusal(Code.BODY_MALFORMED) from None

    async def _judge(self, provider_id: str, told: Told) -> Verdict:
        """One look at the record."""
        if told.meaning is Meaning.UNKNOWN or told.reference is None:
            return parked("a type of event that we do not follow")
        if told.meaning is Meaning.REFUND:
            attempt = ids.attempt_of_reversal_refund(told.reference)
            if attempt is not None:
                return on_way_back(told, await self._named(attempt))
            return on_refund(told, await self._refunds.named(told.reference))
        return on_payment(told, provider_id, await self._named(told.reference))

    async def _named(self, reference: str) -> Named | None:
        try:
            ids.payment_of_attempt(reference)
        except ValueError:
            return None
        return await self._payments.named(reference)

    async def _apply(self, provider_id: str, told: Told, verdict: Verdict) -> Verdict:
        """Raises Refusal when nobody hears us: the event stays as it is, and comes again."""
        assert told.reference is not None, "a verdict on nothing"
        try:
            if verdict.next is Next.ASK:
                verdict = await self._asked(provider_id, told, told.reference)
            if verdict.next is Next.REVERSE:
                verdict = await self._reversed(told, told.reference, verdict)
        except Unheard as error:
            raise Refusal(Code.ENGINE_UNAVAILABLE, retry_after_s=5) from error
        return verdict

    async def _asked(self, provider_id: str, told: Told, reference: str) -> Verdict:
        """Let the owning workflow ask the provider, and judge again by what it found."""
        update = _update("told", provider_id, told)
        try:
            if told.meaning is Meaning.REFUND:
                refund: WorkflowHandle[Refund, RefundStatus]
                refund = self._client.get_workflow_handle_for(Refund.run, ids.refund(reference))
                await heard(
                    refund.execute_update(Refund.told, told.event_id, id=update, rpc_timeout=_WAIT)
                )
            else:
                payment: WorkflowHandle[AnyPayment, PaymentStatus]
                payment = self._client.get_workflow_handle(
                    ids.payment(ids.payment_of_attempt(reference))
                )
                await heard(
                    payment.execute_update(
                        AnyPayment.told, told.event_id, id=update, rpc_timeout=_WAIT
                    )
                )
        except Over:
            again = await self._judge(provider_id, told)
            return quarantined("nobody owns it any more") if again.next is Next.ASK else again
        return after_asking(await self._judge(provider_id, told))

    async def _reversed(self, told: Told, reference: str, verdict: Verdict) -> Verdict:
        attempt = await self._payments.attempt(reference)
        assert attempt is not None, "an attempt that was there a moment ago"
        found = await self._reverse(attempt, _update("seen", attempt.provider, told))
        return verdict if found else replace(verdict, note="the provider holds nothing of ours")

    async def _reverse(self, attempt: Attempt, update: str) -> bool:
        start = reversal_operation(attempt, self._task_queue)
        try:
            return await heard(
                self._client.execute_update_with_start_workflow(
                    Reversal.seen,
                    start_workflow_operation=start,
                    id=update,
                    rpc_timeout=_WAIT,
                )
            )
        except Over as error:
            raise Unheard from error
        finally:
            # Its failure is the update's; unread, it would be logged a second time.
            await asyncio.gather(start.workflow_handle(), return_exceptions=True)

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
