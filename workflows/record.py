"""Writing to our record from a workflow: quickly inside the task, and for as long as it takes."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import FailureError

from workflows import options

Argument = TypeVar("Argument")
Written = TypeVar("Written")


async def write(
    step: Callable[[Any, Argument], Awaitable[Written]], argument: Argument, summary: str
) -> Written:
    """A local activity first: no round trip, no extra events. In an outage a regular one."""
    try:
        return await workflow.execute_local_activity_method(
            step,
            argument,
            **options.record(summary),
        )
    except FailureError:
        workflow.logger.warning("record.unavailable")
        return await workflow.execute_activity_method(
            step,
            argument,
            **options.record_until_written(summary),
        )
