"""Pay the rows of a file, thousands of them, a window at a time.

POST /v1/batches -> batches.advance: hand rows over, see them end, for a minute; again and again
pause            -> no row is handed over; those under way end
resume           -> on it goes
cancel           -> what waits is canceled; those under way end ------------------> canceled
at rest          -> rows are held, with their rail, or of a silent biller: look again later
                    every row has its end ----------------------------------------> finished

What is done and what is not stands in the record alone, so this can begin anew at any moment: after
a crash, and as a new run, so that no history grows with the rows.
"""

from contextlib import suppress
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)

from activities.batches import BatchActivities
from payments.domain import ids
from payments.domain.batch import Batch as BatchRecord
from payments.domain.batch import BatchMove, BatchOrder, BatchStatus, MoveAnswer, Progress
from payments.ports.batches import Batches
from payments.temporal import PARTNER_ID
from workflows import options, record
from workflows.door import door

# Then a new run begins.
STEPS_IN_A_RUN: Final = 20
# While nothing can be done: ever longer, because a bank takes days and people do, too.
FIRST_REST: Final = timedelta(seconds=1)
LONGEST_REST: Final = timedelta(minutes=1)


async def begin(client: Client, task_queue: str, batch: BatchRecord) -> None:
    """Asked again, it is one. A batch whose workflow the engine has lost gets another."""
    await client.start_workflow(
        Batch.run,
        BatchOrder(batch.batch_id),
        id=ids.batch(batch.batch_id),
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        search_attributes=TypedSearchAttributes(
            [SearchAttributePair(PARTNER_ID, batch.partner_id)]
        ),
        static_summary=f"{batch.rows} {batch.kind} for {batch.partner_id}",
        static_details=f"trace `{batch.trace}`  \nreference `{batch.reference}`",
    )


async def begin_unfinished(client: Client, task_queue: str, batches: Batches) -> None:
    """Every worker does when it starts: whoever was to begin one may have died before it did."""
    for batch in await batches.unfinished():
        await begin(client, task_queue, batch)


@workflow.defn(name="Batch")
class Batch:
    @workflow.init
    def __init__(self, order: BatchOrder) -> None:
        self._order = order
        # How often somebody has changed the status: a pause that was resumed in the meantime is
        # seen by it.
        self._changes = 0

    @workflow.run
    async def run(self, order: BatchOrder) -> BatchStatus:
        ended = await self._until_ended()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if ended is None:
            workflow.continue_as_new(order)
        return ended

    async def _until_ended(self) -> BatchStatus | None:
        """None when it is time for a new run."""
        rests = 0
        for _ in range(STEPS_IN_A_RUN):
            changes = self._changes
            progress = await self._advance()
            if progress.is_done and progress.status is not BatchStatus.PAUSED:
                ended = await self._end(progress)
                if ended.is_moved:
                    return ended.status
            elif progress.status is BatchStatus.PAUSED and not progress.dispatched:
                await self._wait_for_a_change(changes)
            elif progress.is_at_rest:
                await self._rest(changes, min(FIRST_REST * 2**rests, LONGEST_REST))
                rests += 1
                continue
            rests = 0
        return None

    async def _advance(self) -> Progress:
        progress = await workflow.execute_activity_method(
            BatchActivities.advance,
            self._order,
            **options.advance(f"rows of {self._order.batch_id}"),
        )
        rows = "rows still wait" if progress.is_waiting else "no row waits any more"
        workflow.set_current_details(
            f"**{progress.status}**  \n{progress.dispatched} rows under way, {rows}"
        )
        return progress

    async def _wait_for_a_change(self, seen: int) -> None:
        await workflow.wait_condition(lambda: self._changes != seen)

    async def _rest(self, seen: int, pause: timedelta) -> None:
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._changes != seen,
                timeout=pause,
                timeout_summary="rows are held, with their rail, or tried again later",
            )

    async def _end(self, progress: Progress) -> MoveAnswer:
        is_canceled = progress.status is BatchStatus.CANCELING
        end = BatchStatus.CANCELED if is_canceled else BatchStatus.FINISHED
        return await self._move(end, record.write)

    async def _move(self, to: BatchStatus, write: record.Write = record.write_asked) -> MoveAnswer:
        move = BatchMove(self._order.batch_id, to)
        answer = await write(BatchActivities.move, move, f"to {to}")
        self._changes += 1
        return answer

    # Doors

    @door("pause", "Hand no more rows over")
    async def pause(self) -> MoveAnswer:
        return await self._move(BatchStatus.PAUSED)

    @door("resume", "Go on handing rows over")
    async def resume(self) -> MoveAnswer:
        return await self._move(BatchStatus.RUNNING)

    @door("cancel", "Hand no more rows over, ever")
    async def cancel(self) -> MoveAnswer:
        return await self._move(BatchStatus.CANCELING)
