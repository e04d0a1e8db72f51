"""Look for what the engine has lost, and begin it again: one run at a time, for ever.

worker starts -> lost.watch: what has no end in the record, and no workflow, gets one
an hour later -> a new run, so that no history grows for ever

The workflow only says that there is one watch; what is open is in the record.
"""

from temporalio import workflow
from temporalio.client import Client

from activities.lost import LostActivities
from payments.domain import ids
from workflows import options
from workflows.starting import begin_standing


async def begin_lost_watch(client: Client, task_queue: str) -> None:
    await begin_standing(
        client,
        LostWatch.run,
        id=ids.LOST_WATCH,
        task_queue=task_queue,
        summary="what the engine has lost",
    )


@workflow.defn(name="LostWatch")
class LostWatch:
    @workflow.run
    async def run(self) -> None:
        workflow.set_current_details("What it begins again is in the worker's log: begun_again.")
        await workflow.execute_activity_method(
            LostActivities.watch, **options.relay("look at what is open for an hour")
        )
        workflow.continue_as_new()
