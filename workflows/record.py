"""Writing to our record from a workflow: quickly inside the task, and for as long as it takes; what
somebody asked for at a door only once the engine cannot forget that they did.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from temporalio import workflow
from temporalio.exceptions import FailureError
from temporalio.workflow import ActivityConfig, LocalActivityConfig

from workflows import options

Argument = TypeVar("Argument")
Written = TypeVar("Written")


class Write(Protocol):
    """How a story writes: `write`, or `write_asked`."""

    async def __call__(
        self,
        step: Callable[[Any, Argument], Awaitable[Written]],
        argument: Argument,
        summary: str,
    ) -> Written: ...


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


async def write_asked(
    step: Callable[[Any, Argument], Awaitable[Written]], argument: Argument, summary: str
) -> Written:
    """What follows from an update, as the first that is written of it: a regular activity.

    The engine keeps an update with the task that scheduled something for it. A local activity is
    done before that, and would leave a record ahead of an engine that died and forgot who asked.
    """
    return await workflow.execute_activity_method(
        step, argument, **options.record_until_written(summary)
    )
