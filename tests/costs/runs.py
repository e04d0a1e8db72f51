"""The same work done again and again, and what it costs at least."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

RUNS: Final = 3
FEW: Final = 5


def least(runs: Sequence[Counter[str]]) -> dict[str, float]:
    """What one of the few costs in the cheapest run.

    On a busy machine a slow step extends its task, and an open question is asked once more; that
    only ever adds.
    """
    return {name: calls / FEW for name, calls in min(runs, key=Counter.total).items()}
