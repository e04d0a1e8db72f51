"""What rails tell of payouts: of one that is on its way, or of one that came back after all."""

from typing import Final

from temporalio.client import Client, WorkflowHandle

from api.inbound.payments import WAIT
from api.inbound.verdict import AGREED, ASK, Next, Verdict, parked, quarantined, unknown
from api.updates import Over, Unheard, heard, started
from payments.domain import ids
from payments.domain.payout import Payout, PayoutStatus
from payments.ports.inbox import InboundState
from payments.ports.payouts import Payouts
from payments.ports.provider import Says, Told
from workflows.payout import Payout as PayoutWorkflow
from workflows.payout_return import PayoutReturn, payout_return_operation

_TAKE_BACK: Final = Verdict(Next.BEGIN, InboundState.APPLIED, "it came back after it was paid")
_S, _P = Says, PayoutStatus
# What an event may say that is no news in each status: the same, or something older.
_NO_NEWS: Final[dict[PayoutStatus, frozenset[Says]]] = {
    _P.QUEUED: frozenset(),
    _P.ON_HOLD: frozenset(),
    _P.SENT: frozenset({_S.PAYOUT_SENT}),
    _P.PAID: frozenset({_S.PAYOUT_SENT, _S.PAYOUT_PAID}),
    _P.PARTLY_PAID: frozenset(),
    _P.FAILED: frozenset({_S.PAYOUT_SENT, _S.PAYOUT_FAILED}),
    _P.RETURNED: frozenset({_S.PAYOUT_SENT, _S.PAYOUT_PAID, _S.PAYOUT_RETURNED}),
    _P.CANCELED: frozenset(),
}


class PayoutEvents:
    """`reference` is a payout's id."""

    def __init__(self, client: Client, payouts: Payouts, *, task_queue: str) -> None:
        self._client = client
        self._payouts = payouts
        self._task_queue = task_queue

    async def judge(self, provider_id: str, told: Told, reference: str) -> Verdict:
        payout = await self._payouts.named(reference)
        if payout is None:
            return unknown("payout", reference)
        return on_payout(told, provider_id, payout)

    async def ask(self, told: Told, reference: str, update: str) -> None:
        payout: WorkflowHandle[PayoutWorkflow, PayoutStatus]
        payout = self._client.get_workflow_handle_for(PayoutWorkflow.run, ids.payout(reference))
        await heard(
            payout.execute_update(PayoutWorkflow.told, told.event_id, id=update, rpc_timeout=WAIT)
        )

    async def begin(self, told: Told, reference: str, update: str) -> bool:  # noqa: ARG002
        """Ask the rail, and take back what came back."""
        order = await self._payouts.order(reference)
        assert order is not None, "a payout that was there a moment ago"
        start = payout_return_operation(order, self._task_queue)
        try:
            return await started(
                *(self._client, start, PayoutReturn.seen), update=update, wait=WAIT
            )
        except Over as error:
            raise Unheard from error


def on_payout(told: Told, rail_id: str, payout: Payout) -> Verdict:
    if payout.by_legs:
        # What goes by legs has no transfer of its own name.
        return parked("no such payout")
    differs = "another rail" if payout.rail != rail_id else "another amount or currency"
    if payout.rail != rail_id or told.amount not in (None, payout.amount):
        return quarantined(f"{differs} than ours")
    if told.says in _NO_NEWS[payout.status]:
        return AGREED
    if payout.status in (PayoutStatus.QUEUED, PayoutStatus.SENT):
        return ASK
    if payout.status is PayoutStatus.PAID and told.says is Says.PAYOUT_RETURNED:
        return _TAKE_BACK
    return quarantined(f"it says {told.says}, we say {payout.status}")
