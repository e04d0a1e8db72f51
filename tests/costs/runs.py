"""The same work done again and again, and what it costs at least."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

RUNS: Final = 3
FEW: Final = 3


async def least(
    run: Callable[[], Awaitable[Counter[str]]], wanted: Mapping[str, float], each: int = FEW
) -> dict[str, float]:
    """What one of `each` costs in the cheapest of three runs, or in the first that costs what it
    must.

    On a busy machine a slow step extends its task, and an open question is asked once more; that
    only ever adds.
    """
    cheapest = await run()
    for _ in range(1, RUNS):
        if _of_one(cheapest, each) == wanted:
            break
        cheapest = min(cheapest, await run(), key=Counter.total)
    return _of_one(cheapest, each)


def _of_one(made: Counter[str], each: int) -> dict[str, float]:
    return {name: calls / each for name, calls in made.items()}
