"""B0: a workflow that does nothing. Start it and wait for its result: 5 events."""

from temporalio import workflow
from temporalio.client import Client

QUEUE = "bench"


@workflow.defn(name="BenchEmpty")
class Empty:
    @workflow.run
    async def run(self, word: str) -> str:
        return word


async def once(client: Client, workflow_id: str) -> None:
    await client.execute_workflow(Empty.run, "word", id=workflow_id, task_queue=QUEUE)
