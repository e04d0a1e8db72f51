"""The API's side of a dispute: hand the partner's answer to the workflow that follows it, once."""

import hashlib
from datetime import timedelta

from temporalio.client import Client

from api.answers import Refusal
from api.updates import Over, Unheard, started
from payments.domain.codes import Code
from payments.domain.dispute import UNANSWERED, Dispute, ResponseOrder, ResponseState
from payments.ports.disputes import Disputes, EvidenceStore
from workflows.dispute import Dispute as DisputeWorkflow
from workflows.dispute import dispute_operation


class DisputeDesk:
    """Raises Refusal for a "no"; not knowing is P9003."""

    def __init__(
        self,
        client: Client,
        records: Disputes,
        evidence: EvidenceStore,
        *,
        task_queue: str,
        wait: timedelta,
    ) -> None:
        self._client = client
        self.records = records
        self.evidence = evidence
        self._task_queue = task_queue
        self._wait = wait

    async def respond(self, dispute: Dispute, order: ResponseOrder, *, key: str) -> Dispute:
        """The dispute once the provider has the answer, or while it is on its way (SENDING)."""
        said = self._said_before(dispute, order)
        if said is not None:
            return said
        name = hashlib.sha256(f"{key}\n{order.response}\n{order.version}".encode()).hexdigest()
        start = dispute_operation(dispute.order, self._task_queue)
        try:
            answer = await started(
                *(self._client, start, DisputeWorkflow.respond, order),
                update=f"respond:{name[:32]}",
                wait=self._wait,
            )
        except (Over, Unheard) as error:
            fresh = await self.records.named(dispute.dispute_id) or dispute
            if _is_said(fresh, order):
                return fresh
            raise Refusal(Code.OUTCOME_UNKNOWN, retry_after_s=1) from error
        if answer.refused is not None:
            raise Refusal(answer.refused)
        assert answer.dispute is not None, "an answer is a dispute or a refusal"
        return answer.dispute

    def _said_before(self, dispute: Dispute, order: ResponseOrder) -> Dispute | None:
        """What needs nobody to be woken: this very answer was taken, or none is possible."""
        if dispute.response_state is ResponseState.TAKEN and _is_said(dispute, order):
            return dispute
        if dispute.response_state is ResponseState.TAKEN:
            raise Refusal(Code.DISPUTE_ANSWERED)
        if dispute.status not in UNANSWERED:
            raise Refusal(Code.DISPUTE_STATE, {"reason": f"the dispute is {dispute.status}"})
        return None


def _is_said(dispute: Dispute, order: ResponseOrder) -> bool:
    is_with_them = dispute.response_state in (ResponseState.SENDING, ResponseState.TAKEN)
    said = (dispute.response, dispute.response_version)
    return is_with_them and said == (order.response, order.version)
