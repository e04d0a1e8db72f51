"""Writing to our record from a workflow: quickly inside the task, and for as long as it takes."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import FailureError
from temporalio.workflow import ActivityConfig, LocalActivityConfig

from workflows import options

Argument = TypeVar("Argument")
Written = TypeVar("Written")


async def write(
    step: Callable[[Any, Argument], Awaitable[Written]],
    argument: Argument,
    summary: str,
    *,
    at_once: Callable[[str], LocalActivityConfig] = options.record,
    until_written: Callable[[str], ActivityConfig] = options.record_until_written,
) -> Written:
    """A local activity first: no round trip, no extra events. In an outage a regular one."""
    try:
        return await workflow.execute_local_activity_method(step, argument, **at_once(summary))
    except FailureError:
        workflow.logger.warning("record.unavailable")
        return await workflow.execute_activity_method(step, argument, **until_written(summary))
