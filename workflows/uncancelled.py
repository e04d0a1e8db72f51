"""Temporal's cancel button reaches a workflow's run() alone. It must not stop the story in it while
money may be on its way.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


def _ignore() -> None:
    pass


async def to_its_end(
    story: Coroutine[Any, Any, Result], when_canceled: Callable[[], None] = _ignore
) -> Result:
    """The story's result, whatever is pressed; `when_canceled` says what the button means here."""
    task = asyncio.create_task(story)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            when_canceled()
    return task.result()
