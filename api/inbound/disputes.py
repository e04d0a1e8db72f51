"""What providers tell of disputes: of one that we follow, or of one that begins."""

from typing import Final

from temporalio.client import Client

from api.inbound.payments import WAIT
from api.inbound.verdict import AGREED, ASK, Verdict, parked, quarantined, waits
from api.updates import started
from payments.domain.dispute import Dispute, Unopened, steps
from payments.ports.disputes import Disputes
from payments.ports.provider import Told
from workflows.dispute import Dispute as DisputeWorkflow
from workflows.dispute import dispute_operation

_UNOPENED: Final = {
    Unopened.NO_PAYMENT: parked("a dispute of no payment of ours"),
    Unopened.NO_MONEY_YET: waits("a dispute of a payment that has taken no such money yet"),
    Unopened.NOT_THERE: quarantined("a dispute that its provider does not know"),
    Unopened.OTHER_MONEY: quarantined("another currency than ours, or more than was captured"),
}


class DisputeEvents:
    """`reference` is our own name of the dispute, which depends on the provider's alone."""

    def __init__(self, client: Client, disputes: Disputes, *, task_queue: str) -> None:
        self._client = client
        self._disputes = disputes
        self._task_queue = task_queue

    async def judge(self, provider_id: str, told: Told, reference: str) -> Verdict:  # noqa: ARG002
        return on_dispute(told, await self._disputes.named(reference))

    async def ask(self, told: Told, reference: str, update: str) -> Verdict | None:  # noqa: ARG002
        """Also what begins it: the provider is asked before anything is believed."""
        assert told.dispute is not None, "a dispute without a name"
        start = dispute_operation(told.dispute.order, self._task_queue)
        answer = await started(
            *(self._client, start, DisputeWorkflow.told, told.event_id), update=update, wait=WAIT
        )
        return _UNOPENED[answer.unopened] if answer.unopened is not None else None

    async def begin(self, told: Told, reference: str, update: str) -> bool:  # noqa: ARG002
        raise AssertionError("no judgement on a dispute asks for another workflow")


def on_dispute(told: Told, dispute: Dispute | None) -> Verdict:
    """Only what its provider could tell next is news; anything older is not."""
    claims = told.dispute
    assert claims is not None, "a dispute without a claim"
    if dispute is None:
        return ASK
    if told.amount != dispute.amount:
        return quarantined("another amount or currency than ours")
    if claims.status is dispute.status:
        is_same = (claims.due_at, claims.fee) == (dispute.due_at, dispute.fee)
        return AGREED if is_same else ASK
    if steps(dispute.status, claims.status) is not None:
        return ASK
    if steps(claims.status, dispute.status) is not None:
        return AGREED
    return quarantined(f"it says {claims.status}, we say {dispute.status}")
