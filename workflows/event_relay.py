"""Carry events to partners: one run at a time, for ever, whatever dies.

worker starts -> webhooks.relay: plan what was committed, make each endpoint's first tries
                 a failed one -> the standalone activity webhooks.deliver, by the schedule
an hour later -> a new run, so that no history grows for ever

The workflow only says that there is one relay; its place is kept in the record.
"""

from temporalio import workflow
from temporalio.client import Client

from activities.webhooks import WebhookActivities
from payments.domain import ids
from workflows import options
from workflows.starting import begin_standing


async def begin_relay(client: Client, task_queue: str) -> None:
    await begin_standing(
        client,
        EventRelay.run,
        id=ids.EVENT_RELAY,
        task_queue=task_queue,
        summary="events on their way to partners",
    )


@workflow.defn(name="EventRelay")
class EventRelay:
    @workflow.run
    async def run(self) -> None:
        workflow.set_current_details(
            "Its lag is the gauge quittance_webhook_deliveries_untried_oldest_s."
        )
        await workflow.execute_activity_method(
            WebhookActivities.relay, **options.relay("follow committed events for an hour")
        )
        workflow.continue_as_new()
