"""How the workflow of a row of a batch is started, and known again: alike for rows of any kind."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.common import (
    Priority,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

from activities.dispatching import NotYet, StartRow
from payments.domain.batch_row import RowOrder
from payments.domain.codes import Code

# Behind those who wait at a counter (3), where the engine has to choose.
_LATER: Final = Priority(priority_key=5)
_RPC_TIMEOUT: Final = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class RowStory:
    """The workflow of one row, and the `order` that it is started with.

    `mark` is a memo's name and value: whoever has this id without it is another's, and the row is
    refused with `taken`. `reuse` says whom it may follow.
    """

    run: Callable[[Any, Any], Awaitable[Any]]
    order: object
    id: str
    reuse: WorkflowIDReusePolicy
    mark: tuple[str, str]
    taken: Code
    attributes: TypedSearchAttributes
    summary: str

    def may_follow(self, status: WorkflowExecutionStatus | None) -> bool:
        if self.reuse is WorkflowIDReusePolicy.ALLOW_DUPLICATE:
            return status is not WorkflowExecutionStatus.RUNNING
        return status is WorkflowExecutionStatus.FAILED


# What a row's workflow is, to begin by then; or why none can be begun now.
StoryOf = Callable[[RowOrder, datetime], RowStory | Code]


def starts(story_of: StoryOf) -> StartRow:
    """Start the row's workflow. Again, it is found. Answers why it cannot be: NotYet is later."""

    async def start(
        client: Client, task_queue: str, order: RowOrder, begin_by: datetime
    ) -> Code | None:
        story = story_of(order, begin_by)
        return story if isinstance(story, Code) else await _start(client, task_queue, story)

    return start


async def _start(client: Client, task_queue: str, story: RowStory) -> Code | None:
    name, mark = story.mark
    try:
        await client.start_workflow(
            story.run,
            story.order,
            id=story.id,
            task_queue=task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
            id_reuse_policy=story.reuse,
            priority=_LATER,
            # The worker that hands rows over is one that can work on them.
            request_eager_start=True,
            search_attributes=story.attributes,
            memo={name: mark},
            static_summary=story.summary,
            rpc_timeout=_RPC_TIMEOUT,
        )
    except WorkflowAlreadyStartedError:
        met = await client.get_workflow_handle(story.id).describe(rpc_timeout=_RPC_TIMEOUT)
        if await met.memo_value(name, "", type_hint=str) == mark:
            return None
        if story.may_follow(met.status):
            raise NotYet(story.id) from None
        return story.taken
    return None
