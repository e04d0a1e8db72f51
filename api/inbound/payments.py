"""What providers tell of payments: of an attempt that is open, decided, or that nobody wants."""

import asyncio
from datetime import timedelta
from typing import Final

from temporalio.client import Client, WorkflowHandle

from api.inbound.verdict import AGREED, ASK, Next, Verdict, parked, quarantined
from api.updates import Over, Unheard, heard
from payments.domain import ids
from payments.domain.money import Money
from payments.domain.payment import FINAL, Payment, PaymentStatus
from payments.ports.inbox import InboundState
from payments.ports.payments import Named, Payments
from payments.ports.provider import Says, Told
from workflows.any_payment import AnyPayment
from workflows.reversal import Reversal, reversal_operation

# Providers give up after some ten seconds, and come again.
WAIT: Final = timedelta(seconds=5)

_REVERSE: Final = Verdict(Next.BEGIN, InboundState.APPLIED, "money that nobody wanted")
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
        return on_payment(told, provider_id, await named(self._payments, reference))

    async def ask(self, told: Told, reference: str, update: str) -> Verdict | None:
        payment: WorkflowHandle[AnyPayment, PaymentStatus] = self._client.get_workflow_handle(
            ids.payment(ids.payment_of_attempt(reference))
        )
        await heard(
            payment.execute_update(AnyPayment.told, told.event_id, id=update, rpc_timeout=WAIT)
        )
        return None

    async def begin(self, told: Told, reference: str, update: str) -> bool:  # noqa: ARG002
        """Send back what nobody wants."""
        attempt = await self._payments.attempt(reference)
        assert attempt is not None, "an attempt that was there a moment ago"
        start = reversal_operation(attempt, self._task_queue)
        try:
            return await heard(
                self._client.execute_update_with_start_workflow(
                    Reversal.seen,
                    start_workflow_operation=start,
                    id=update,
                    rpc_timeout=WAIT,
                )
            )
        except Over as error:
            raise Unheard from error
        finally:
            # Its failure is the update's; unread, it would be logged a second time.
            await asyncio.gather(start.workflow_handle(), return_exceptions=True)


async def named(payments: Payments, reference: str) -> Named | None:
    """The payment one of whose attempts bears this reference, if it is the form of one."""
    try:
        ids.payment_of_attempt(reference)
    except ValueError:
        return None
    return await payments.named(reference)


def on_payment(told: Told, provider_id: str, named: Named | None) -> Verdict:
    if named is None:
        return parked("no such payment")
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
