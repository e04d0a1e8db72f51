"""What providers tell of refunds: of one that a partner asked for, or of late money's way back."""

from temporalio.client import Client, WorkflowHandle

from api.inbound.payments import WAIT, named
from api.inbound.verdict import AGREED, ASK, Verdict, parked, quarantined, unknown
from api.updates import heard
from payments.domain import ids
from payments.domain.refund import Refund, RefundStatus
from payments.ports.cases import Cases
from payments.ports.payments import Named, Payments, Refunds
from payments.ports.provider import Says, Told
from workflows.refund import Refund as RefundWorkflow


class RefundEvents:
    """`reference` is a refund's, or the one of a reversal or of a case."""

    def __init__(self, client: Client, refunds: Refunds, payments: Payments, cases: Cases) -> None:
        self._client = client
        self._refunds = refunds
        self._payments = payments
        self._cases = cases

    async def judge(self, provider_id: str, told: Told, reference: str) -> Verdict:  # noqa: ARG002
        if (case_id := ids.case_of_refund(reference)) is not None:
            # Its workflow asks until it is known, and one that failed waits for an operator.
            case = await self._cases.named(case_id)
            return unknown("case", reference) if case is None else AGREED
        if (attempt := ids.attempt_of_reversal_refund(reference)) is not None:
            payment = await named(self._payments, attempt)
            return unknown("payment", reference) if payment is None else on_way_back(told, payment)
        refund = await self._refunds.named(reference)
        return unknown("refund", reference) if refund is None else on_refund(told, refund)

    async def ask(self, told: Told, reference: str, update: str) -> Verdict | None:
        refund: WorkflowHandle[RefundWorkflow, RefundStatus]
        refund = self._client.get_workflow_handle_for(RefundWorkflow.run, ids.refund(reference))
        await heard(
            refund.execute_update(RefundWorkflow.told, told.event_id, id=update, rpc_timeout=WAIT)
        )
        return None

    async def begin(self, told: Told, reference: str, update: str) -> bool:  # noqa: ARG002
        raise AssertionError("no judgement on a refund asks for a workflow")


def on_refund(told: Told, refund: Refund) -> Verdict:
    if told.amount is not None and told.amount != refund.amount:
        return quarantined("another amount or currency than ours")
    if refund.status is RefundStatus.PENDING:
        return AGREED if told.says is Says.REFUND_PENDING else ASK
    opposite = (
        Says.REFUND_FAILED if refund.status is RefundStatus.SUCCEEDED else Says.REFUND_SUCCEEDED
    )
    if told.says is opposite:
        return quarantined(f"it says {told.says}, we say {refund.status}")
    return AGREED


def on_way_back(told: Told, named: Named) -> Verdict:
    """A refund of our own making, of money that came late. Its workflow asks until it is known."""
    if named.attempt is None:
        return parked("no such attempt")
    if told.says is Says.REFUND_FAILED:
        return quarantined("late money did not go back")
    return AGREED
