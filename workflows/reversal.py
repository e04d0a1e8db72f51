"""Send back what moved after we had said that it would not."""

from temporalio import workflow
from temporalio.client import WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy

from payments.domain import ids
from payments.domain.payment import Attempt
from workflows.door import door


def reversal_operation(
    attempt: Attempt, task_queue: str
) -> WithStartWorkflowOperation["Reversal", bool]:
    """How a reversal is started, by everybody: together with its first update, `seen`.

    Start it whenever a provider may hold money that its payment does not want: it asks both, and
    does nothing when all is well.
    """
    return WithStartWorkflowOperation(
        Reversal.run,
        attempt,
        id=ids.reversal(attempt.reference),
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
    )


@workflow.defn(name="Reversal")
class Reversal:
    @workflow.init
    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt

    @workflow.run
    async def run(self, attempt: Attempt) -> bool:
        """Whether there was anything to send back."""
        raise NotImplementedError

    @door("seen", "Whether late money was found, as soon as it is in the ledger")
    async def seen(self) -> bool:
        raise NotImplementedError
