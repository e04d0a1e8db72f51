"""B1u: update-with-start that only echoes; B1ua: the same, and the handler runs one activity.

The workflow ends with its update, so that nothing piles up.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy

from bench.denominators.b1_one_activity import echo

QUEUE = "bench"


@workflow.defn(name="BenchUpdateEcho")
class UpdateEcho:
    @workflow.init
    def __init__(self, with_activity: bool) -> None:
        self._with_activity = with_activity
        self._answered = False

    @workflow.run
    async def run(self, with_activity: bool) -> None:  # noqa: ARG002 read by __init__
        await workflow.wait_condition(lambda: self._answered)

    @workflow.update
    async def echo(self, word: str) -> str:
        if self._with_activity:
            word = await workflow.execute_activity(
                echo, word, start_to_close_timeout=timedelta(seconds=10)
            )
        self._answered = True
        return word


async def once(client: Client, workflow_id: str) -> None:
    await _ask(client, workflow_id, with_activity=False)


async def once_with_activity(client: Client, workflow_id: str) -> None:
    await _ask(client, workflow_id, with_activity=True)


async def _ask(client: Client, workflow_id: str, *, with_activity: bool) -> None:
    start = WithStartWorkflowOperation(
        UpdateEcho.run,
        with_activity,
        id=workflow_id,
        task_queue=QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
    )
    await client.execute_update_with_start_workflow(
        UpdateEcho.echo, "word", start_workflow_operation=start
    )
