"""What providers tell of payments: of an attempt that is open, decided, or that nobody wants."""

from datetime import timedelta
from typing import Any, Final

from temporalio.client import Client, WithStartWorkflowOperation, WorkflowHandle
from temporalio.workflow import UpdateMethodMultiParam

from api.inbound.verdict import AGREED, ASK, Next, Verdict, parked, quarantined, unknown
from api.updates import Over, Unheard, heard, started
from payments.domain import ids
from payments.domain.case import CaseOrder
from payments.domain.money import Money
from payments.domain.payment import FINAL, Payment, PaymentStatus
from payments.ports.inbox import InboundState
from payments.ports.payments import Named, Payments
from payments.ports.provider import Says, Told
from workflows.any_payment import AnyPayment
from workflows.case import PaymentCase, case_operation
from workflows.reversal import Reversal, reversal_operation

# Providers give up after some ten seconds, and come again.
WAIT: Final = timedelta(seconds=5)

_REVERSE: Final = Verdict(Next.BEGIN, InboundState.APPLIED, "money that nobody wanted")
_STRAY: Final = Verdict(Next.BEGIN, InboundState.APPLIED, "money that pays for nothing")
_MONEY: Final = frozenset({Says.AUTHORIZED, Says.CAPTURED})
_S, _P = Says, PaymentStatus
_BEFORE: Final = frozenset({_S.NOTHING, _S.PENDING, _S.CHALLENGE})
_NO_MONEY: Final = _BEFORE | {_S.DECLINED, _S.VOIDED, _S.EXPIRED}

# What an event may say that is no news in each status: the same, or something older.
_NO_NEWS: Final[dict[PaymentStatus, frozenset[Says]]] = {
    _P.PROCESSING: frozenset({_S.PENDING}),
    _P.REVIEW: frozenset(),
    _P.REQUIRES_ACTION: frozenset({_S.PENDING, _S.CHALLENGE}),
    _P.AUTHORIZED: _BEFORE | {_S.AUTHORIZED},
    _P.PARTIALLY_CAPTURED: _BEFORE | _MONEY,
    _P.CAPTURED: _BEFORE | _MONEY,
    _P.CANCELED: _NO_MONEY,
    _P.EXPIRED: _NO_MONEY,
    _P.FAILED: _NO_MONEY,
}


class PaymentEvents:
    """`reference` is an attempt's."""

    def __init__(self, client: Client, payments: Payments, *, task_queue: str) -> None:
        self._client = client
        self._payments = payments
        self._task_queue = task_queue

    async def judge(self, provider_id: str, told: Told, reference: str) -> Verdict:
        found = await named(self._payments, reference)
        if found is None:
            return unknown("payment", reference)
        verdict = on_payment(told, provider_id, found)
        if verdict.next is Next.KEEP and verdict.state is InboundState.APPLIED:
            return _STRAY if strays(told, found) else verdict
        return verdict

    async def ask(self, told: Told, reference: str, update: str) -> Verdict | None:
        payment: WorkflowHandle[AnyPayment, PaymentStatus] = self._client.get_workflow_handle(
            ids.payment(ids.payment_of_attempt(reference))
        )
        await heard(
            payment.execute_update(AnyPayment.told, told.event_id, id=update, rpc_timeout=WAIT)
        )
        return None

    async def begin(self, told: Told, reference: str, update: str) -> bool:
        """Send back what nobody wants; of codes, make a case of each receipt that does not pay."""
        found = await named(self._payments, reference)
        assert found is not None, "a payment that was there a moment ago"
        assert found.attempt is not None, "an attempt that was there a moment ago"
        attempt = found.attempt
        if attempt.order.display is None:
            start = reversal_operation(attempt, self._task_queue)
            return await self._seen(start, Reversal.seen, update)
        cases = [CaseOrder(attempt, receipt_id) for receipt_id in strays(told, found)]
        opened = [
            await self._seen(case_operation(case, self._task_queue), PaymentCase.seen, update)
            for case in cases
        ]
        return any(opened)

    async def _seen(
        self,
        start: WithStartWorkflowOperation[Any, Any],
        door: UpdateMethodMultiParam[[Any], bool],
        update: str,
    ) -> bool:
        try:
            return await started(self._client, start, door, update=update, wait=WAIT)
        except Over as error:
            raise Unheard from error


async def named(payments: Payments, reference: str) -> Named | None:
    """The payment one of whose attempts bears this reference, if it is the form of one."""
    try:
        ids.payment_of_attempt(reference)
    except ValueError:
        return None
    return await payments.named(reference)


def strays(told: Told, found: Named | None) -> list[str]:
    """The receipts of which we do not know yet what they are: neither a case nor what paid."""
    if found is None or found.attempt is None:
        return []
    payment = found.payment
    paid_by = payment.provider_reference if payment.captured_minor else None
    return [each for each in told.receipts if each not in found.cases and each != paid_by]


def on_payment(told: Told, provider_id: str, named: Named) -> Verdict:
    payment, attempt = named.payment, named.attempt
    if attempt is None:
        # Perhaps it is being sent at this moment, by a workflow that is still at it.
        return parked("no such attempt") if payment.status in FINAL else ASK
    if attempt.provider != provider_id:
        return quarantined("an attempt at another provider")
    if not _fits(told, attempt.order.amount, in_parts=not attempt.order.capture):
        return quarantined("another amount or currency than ours")
    if not named.is_latest:
        return _REVERSE if told.says in _MONEY else AGREED
    return _on_latest(told, payment)


def _on_latest(told: Told, payment: Payment) -> Verdict:
    captures_more = (
        told.says is Says.CAPTURED
        and told.amount is not None
        and told.amount.minor > payment.captured_minor
    )
    if told.says in _NO_NEWS[payment.status] and not (captures_more and payment.captured_minor):
        return AGREED
    if payment.status not in FINAL:
        return ASK
    if payment.status is not PaymentStatus.CAPTURED:
        return _REVERSE
    gave_rest_back = payment.captured_minor < payment.amount.minor
    if told.says in (Says.VOIDED, Says.EXPIRED) and gave_rest_back:
        return AGREED
    return quarantined(f"it says {told.says}, we say captured")


def _fits(told: Told, ordered: Money, *, in_parts: bool) -> bool:
    """A capture may be a part of what was ordered; anything else is all of it."""
    if told.amount is None or told.says not in _MONEY:
        return True
    if told.amount.currency != ordered.currency:
        return False
    part = in_parts and told.says is Says.CAPTURED
    return told.amount.minor <= ordered.minor if part else told.amount == ordered
