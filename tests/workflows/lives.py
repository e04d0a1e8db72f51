"""Lives in which a worker dies, side by side: each waits ten seconds for Temporal to notice it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeVar

from temporalio.testing import WorkflowEnvironment

Life = TypeVar("Life")
Left = TypeVar("Left")

LONGEST_LIFE_S: Final = 600
AT_ONCE: Final = 32


async def live_all(
    live: Callable[[WorkflowEnvironment, Life, Path], Awaitable[Left]],
    lives: Sequence[Life],
    environment: WorkflowEnvironment,
    folder: Path,
) -> Mapping[Life, Left]:
    """What each leaves. Its world is in a file of its own, which its workers share."""
    room = asyncio.Semaphore(AT_ONCE)

    async def lived(number: int, life: Life) -> Left:
        async with room, asyncio.timeout(LONGEST_LIFE_S):
            return await live(environment, life, folder / f"{number}.world")

    left = await asyncio.gather(*(lived(number, life) for number, life in enumerate(lives)))
    return dict(zip(lives, left, strict=True))
