"""The API's side of a payout: begin it or find it, cancel it, and never pay twice."""

import hashlib
from datetime import UTC, datetime, timedelta

from temporalio.client import Client, WorkflowHandle

from api.answers import Refusal, field_refused
from api.card_orders import money
from api.card_payments import PATIENCE
from api.exchange import Exchange
from api.payout_orders import PayoutRules, payout_content
from api.payout_schemas import PayoutBody
from api.updates import Over, Unheard, heard, started
from payments.domain import ids
from payments.domain.codes import Code
from payments.domain.destination import Destination
from payments.domain.money import Money
from payments.domain.payout import (
    LegKind,
    Payout,
    PayoutAnswer,
    PayoutOrder,
    PayoutStatus,
)
from payments.ports.payouts import Payouts
from workflows import payout as paying_out

_CANCELABLE = frozenset({PayoutStatus.QUEUED, PayoutStatus.ON_HOLD})
# None of its legs has begun.
_NOT_BEGUN = _CANCELABLE | {PayoutStatus.CANCELED}


class PayoutDesk:
    """Raises Refusal for a "no"; not knowing is P9003."""

    def __init__(
        self,
        client: Client,
        payouts: Payouts,
        *,
        rules: PayoutRules,
        task_queue: str,
        wait: timedelta,
    ) -> None:
        self._client = client
        self._payouts = payouts
        self._rules = rules
        self._task_queue = task_queue
        self._wait = wait

    def order(
        self, exchange: Exchange, body: PayoutBody, partner_id: str, to: Destination | None
    ) -> PayoutOrder:
        """What the workflow is ordered to do, with every right checked. Raises Refusal.

        Without a destination it goes back to a customer, who is there.
        """
        may = self._rules.payable(partner_id, body.amount, body.currency)
        rail = None if to is None else self._rules.rail_to(to, body.currency)
        return PayoutOrder(
            payout_id=ids.payout_id(partner_id, body.reference),
            partner_id=partner_id,
            reference=body.reference,
            amount=may.amount,
            fee=may.fee,
            destination_id=body.destination_token,
            rail=rail.id if rail else None,
            limits=may.limits,
            arrives_at=rail.timetable.arrival(exchange.received_at) if rail else None,
            trace=exchange.trace,
            created_at=exchange.received_at,
            deadline=datetime.now(UTC) + PATIENCE,
            content=_content(body, may.amount),
            metadata=body.metadata or None,
            customer_id=body.customer_id,
        )

    async def known(self, partner_id: str, body: PayoutBody) -> Payout | None:
        """The payout that this very question began before. Raises Refusal for another one's name.

        What was asked before has its answer, whatever limits and standing say today.
        """
        found = await self._payouts.by_reference(partner_id, body.reference)
        if found is None:
            return None
        if found.content != _content(body, money(body.amount, body.currency)):
            raise Refusal(Code.REFERENCE_USED)
        return found

    async def begin(self, order: PayoutOrder) -> Payout:
        """Begin the payout, or find it."""
        start = paying_out.payout_operation(order, self._task_queue)
        try:
            answer = await started(
                *(self._client, start, paying_out.Payout.begun),
                # Each request asks anew: a run that was refused keeps its answers for ever,
                # and the next run of this reference is to be heard, not that one.
                update=f"begun:{order.trace}",
                wait=self._wait,
            )
        except (Over, Unheard):
            return await self._asked_before(order, Code.OUTCOME_UNKNOWN)
        if answer.refused is Code.REFERENCE_USED:
            return await self._asked_before(order, Code.REFERENCE_USED)
        return _the_same(order, _payout_of(answer))

    async def cancel(self, payout: Payout, *, key: str, trace: str) -> Payout:
        """Take back what has not left. `key` names the request: asked twice, it is one."""
        part = await self._waiting_part(payout)
        if part is None:
            return payout
        handle: WorkflowHandle[paying_out.Payout, PayoutStatus]
        handle = self._client.get_workflow_handle_for(paying_out.Payout.run, ids.payout(part))
        update = f"cancel:{hashlib.sha256(key.encode()).hexdigest()[:32]}"
        try:
            answer = await heard(
                handle.execute_update(
                    paying_out.Payout.cancel, trace, id=update, rpc_timeout=self._wait
                )
            )
        except (Over, Unheard) as error:
            fresh = await self._fresh(payout)
            if await self._waiting_part(fresh) is None:
                return fresh
            raise Refusal(Code.OUTCOME_UNKNOWN, retry_after_s=1) from error
        canceled = _payout_of(answer)
        return canceled if canceled.payout_id == payout.payout_id else await self._fresh(payout)

    async def _waiting_part(self, payout: Payout) -> str | None:
        """The id of what may not have left: the payout, or once its legs have begun its transfer.

        None when that was canceled before. Raises Refusal when it is too late.
        """
        part, name, status = payout.payout_id, "the payout", payout.status
        if payout.by_legs and status not in _NOT_BEGUN:
            last = (await self._payouts.legs([payout]))[payout.payout_id][-1]
            if last.kind is LegKind.TRANSFER:
                part = ids.leg_transfer(payout.payout_id, last.number)
                name, status = "its transfer", last.status
        if status in _CANCELABLE:
            return part
        if status is PayoutStatus.CANCELED:
            return None
        raise Refusal(Code.PAYOUT_STATE, {"reason": f"{name} is {status}"})

    async def _fresh(self, payout: Payout) -> Payout:
        return await self._payouts.find(payout.partner_id, payout.payout_id) or payout

    async def _asked_before(self, order: PayoutOrder, otherwise: Code) -> Payout:
        found = await self._payouts.by_reference(order.partner_id, order.reference)
        if found is None:
            raise Refusal(otherwise, retry_after_s=1 if otherwise is Code.OUTCOME_UNKNOWN else None)
        return _the_same(order, found)


def _content(body: PayoutBody, amount: Money) -> str:
    return payout_content(amount, body.to, body.reference, body.metadata)


def _payout_of(answer: PayoutAnswer) -> Payout:
    if answer.payout is None:
        assert answer.refused is not None, "an answer is a payout or a refusal"
        if answer.refused is Code.DESTINATION_NEEDED:
            raise field_refused(
                answer.refused, "destinationToken", "some of it has to go elsewhere"
            )
        raise Refusal(answer.refused)
    return answer.payout


def _the_same(order: PayoutOrder, found: Payout) -> Payout:
    """The reference names one payout: what was asked for the first time."""
    if found.content != order.content:
        raise Refusal(Code.REFERENCE_USED)
    return found
