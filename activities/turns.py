"""How many later tries an endpoint gets at once: a dead one leaves places for the others.

As many as of first tries, of the worker's 500 places.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from activities.lanes import WIDTH

SHORTEST_PAUSE_S: Final = 1.0
# Each that is put off costs the engine a call, and may find the endpoint well long before.
LONGEST_PAUSE_S: Final = 300.0


class NotYet(Exception):
    """Too many are under way there. `pause` is when this one's turn may come."""

    def __init__(self, pause: timedelta) -> None:
        super().__init__(f"its turn comes in {pause.total_seconds():.0f} s")
        self.pause = pause


@dataclass(slots=True)
class _Place:
    under_way: int = 0
    # How long the last try took: so long the next one may.
    lasted_s: float = SHORTEST_PAUSE_S
    # The turn of whoever was put off last.
    turn_at: float = 0.0


class Turns:
    """Of one worker. What is put off comes again as fast as the endpoint has answered lately."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        # Never more than endpoints that failed; a few numbers each.
        self._places: dict[str, _Place] = {}

    @contextmanager
    def taken(self, endpoint_id: str) -> Iterator[None]:
        """Raises NotYet."""
        place = self._places.setdefault(endpoint_id, _Place())
        began = self._clock()
        if place.under_way >= WIDTH:
            place.turn_at = max(place.turn_at, began) + place.lasted_s / WIDTH
            place.turn_at = min(place.turn_at, began + LONGEST_PAUSE_S)
            raise NotYet(timedelta(seconds=max(place.turn_at - began, SHORTEST_PAUSE_S)))
        place.under_way += 1
        try:
            yield
        finally:
            place.under_way -= 1
            place.lasted_s = self._clock() - began
