"""Look again at what providers told us and nobody could take: one run at a time, for ever.

worker starts -> inbound.watch: whatever is due is judged once more, and taken by who owns it
an hour later -> a new run, so that no history grows for ever

The workflow only says that there is one watch; what waits, and until when, is in the record.
"""

from temporalio import workflow
from temporalio.client import Client

from activities.inbound import InboundActivities
from payments.domain import ids
from workflows import options
from workflows.starting import begin_standing


async def begin_watch(client: Client, task_queue: str) -> None:
    await begin_standing(
        client,
        InboundWatch.run,
        id=ids.INBOUND_WATCH,
        task_queue=task_queue,
        summary="what providers told us and nobody could take",
    )


@workflow.defn(name="InboundWatch")
class InboundWatch:
    @workflow.run
    async def run(self) -> None:
        workflow.set_current_details("What waits is the gauge quittance_inbound_received.")
        await workflow.execute_activity_method(
            InboundActivities.watch, **options.relay("look at what is due for an hour")
        )
        workflow.continue_as_new()
