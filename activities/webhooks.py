"""Steps of webhooks to partners: following what was committed, and a delivery's later tries."""

import asyncio
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio import activity
from temporalio.client import Client
from temporalio.common import ActivityIDConflictPolicy, ActivityIDReusePolicy, RetryPolicy
from temporalio.exceptions import (
    ActivityAlreadyStartedError,
    ApplicationError,
    ApplicationErrorCategory,
)
from temporalio.service import RPCError

from activities import failures
from activities.lanes import Lanes
from activities.posting import Posting
from activities.shifts import Shift, shift
from activities.turns import NotYet, Turns
from payments.domain import ids
from payments.domain.webhook import DeliveryRef, DeliveryState
from payments.ports.record import RecordUnavailable
from payments.ports.webhooks import Endpoints, Outbox, WebhookSender

PLANNED_AT_ONCE: Final = 500
HANDED_OVER_AT_ONCE: Final = 200
TAKEN_BACK_AT_ONCE: Final = 1000
# Looked for whenever a relay begins, which is every hour.
OVERDUE: Final = timedelta(hours=1)
# Nothing tells us of a new event, because that would put all commits into a line (ADR 0011).
IDLE_S: Final = 0.1
# What a first try has left, or an earlier relay, or a partner who wants something again.
SWEEP_EVERY_S: Final = 1.0
# The sender's own time-out, 15 seconds, comes first.
_TRY_TIMEOUT: Final = timedelta(seconds=30)
# What is on its way when a worker leaves has so long to arrive; then it is made again elsewhere.
LAST_TRIES: Final = timedelta(seconds=3)
# What brings a try back that was lost with its worker or the record; a pause of the schedule is
# told with the failure itself.
_AGAIN: Final = RetryPolicy(
    initial_interval=timedelta(seconds=5),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(minutes=5),
)
# First tries do not wait for an engine that hangs.
_ENGINE_PATIENCE: Final = timedelta(seconds=3)
NOT_DELIVERED: Final = "NotDelivered"
NOT_YET: Final = "NotYet"


class WebhookActivities:
    """Keys: the event's, the endpoint's and the round; never a try."""

    def __init__(self, outbox: Outbox, endpoints: Endpoints, sender: WebhookSender) -> None:
        self._outbox = outbox
        self._posting = Posting(outbox, endpoints, sender)
        self._turns = Turns()

    @activity.defn(name="webhooks.relay")
    async def relay(self) -> None:
        """Plan and deliver what is committed, for an hour or until this worker leaves."""
        async with shift() as working:
            try:
                await self._follow(working)
            except TimeoutError:
                activity.logger.info("relay.left_tries_behind")
            except ExceptionGroup as broken:
                if broken.split(RecordUnavailable)[1] is not None:
                    raise
                raise ApplicationError(str(broken), type=failures.RECORD_UNAVAILABLE) from broken

    async def _follow(self, working: Shift) -> None:
        async with asyncio.timeout(None) as patience, asyncio.TaskGroup() as group:
            lanes = Lanes(self._outbox, self._posting, group)
            await self._take_back_all()
            sweep_at = 0.0
            while working.goes_on:
                is_new = await self._outbox.plan(PLANNED_AT_ONCE) > 0
                if is_new or time.monotonic() >= sweep_at:
                    lanes.open(await self._outbox.waiting())
                    await self._hand_over_all()
                    sweep_at = time.monotonic() + SWEEP_EVERY_S
                if not is_new:
                    await working.pause(IDLE_S)
            lanes.stop()
            patience.reschedule(asyncio.get_running_loop().time() + LAST_TRIES.total_seconds())

    @activity.defn(name="webhooks.deliver")
    async def deliver(self, ref: DeliveryRef) -> DeliveryState:
        """One more try of a delivery; fails while another one is to follow, or before its turn."""
        try:
            with self._turns.taken(ref.endpoint_id):
                return await self._deliver(ref)
        except NotYet as not_yet:
            raise ApplicationError(
                str(not_yet),
                type=NOT_YET,
                next_retry_delay=not_yet.pause,
                category=ApplicationErrorCategory.BENIGN,
            ) from None

    async def _deliver(self, ref: DeliveryRef) -> DeliveryState:
        with failures.translated():
            delivery = await self._outbox.find(ref)
            if delivery is None:
                return DeliveryState.CANCELED
            if delivery.state is not DeliveryState.PENDING:
                return delivery.state
            following = await self._posting.attempt(delivery)
        if following.state is DeliveryState.PENDING:
            raise ApplicationError(
                f"try {delivery.tries + 1} failed",
                type=NOT_DELIVERED,
                next_retry_delay=following.pause,
                # The log of deliveries tells of it.
                category=ApplicationErrorCategory.BENIGN,
            )
        return following.state

    async def _take_back_all(self) -> None:
        """What is long overdue is handed over once more: to an engine that has lost it, or that
        never had it, because it is not the one of before. One that has it keeps it.
        """
        overdue_since = datetime.now(UTC) - OVERDUE
        while await self._outbox.take_back(overdue_since, TAKEN_BACK_AT_ONCE) > 0:
            pass

    async def _hand_over_all(self) -> None:
        """Whose first try has failed, and what is wanted again."""
        async with asyncio.TaskGroup() as group:
            for each in await self._outbox.not_handed_over(HANDED_OVER_AT_ONCE):
                group.create_task(self._hand_over(*each))

    async def _hand_over(self, ref: DeliveryRef, not_before: datetime) -> None:
        """Its later tries are an activity of their own. Asked twice, it is one."""
        try:
            await start_delivery(activity.client(), activity.info().task_queue, ref, not_before)
        except RPCError:
            # While the engine is away, first tries go on; this waits for the next sweep.
            return
        await self._outbox.handed_over(ref)


async def start_delivery(
    client: Client, task_queue: str, ref: DeliveryRef, not_before: datetime
) -> None:
    with suppress(ActivityAlreadyStartedError):
        await client.start_activity_method(
            WebhookActivities.deliver,
            ref,
            id=ids.delivery(ref.event_id, ref.endpoint_id, ref.round),
            task_queue=task_queue,
            start_to_close_timeout=_TRY_TIMEOUT,
            retry_policy=_AGAIN,
            id_reuse_policy=ActivityIDReusePolicy.REJECT_DUPLICATE,
            id_conflict_policy=ActivityIDConflictPolicy.USE_EXISTING,
            start_delay=max(timedelta(), not_before - datetime.now(UTC)),
            summary=f"{ids.event_name(ref.event_id)} to {ref.endpoint_id}",
            rpc_timeout=_ENGINE_PATIENCE,
        )
