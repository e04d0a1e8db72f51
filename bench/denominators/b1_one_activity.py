"""B1: a workflow that runs one regular activity. Start it and wait for its result: 11 events."""

from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client

QUEUE = "bench"


@activity.defn(name="bench.echo")
async def echo(word: str) -> str:
    return word


@workflow.defn(name="BenchOneActivity")
class OneActivity:
    @workflow.run
    async def run(self, word: str) -> str:
        return await workflow.execute_activity(
            echo, word, start_to_close_timeout=timedelta(seconds=10)
        )


async def once(client: Client, workflow_id: str) -> None:
    await client.execute_workflow(OneActivity.run, "word", id=workflow_id, task_queue=QUEUE)
