"""The time as the gateway has it: this machine's clock and what is known to be wrong with it."""

import time
from collections.abc import Callable


class Clock:
    """`wall` gives seconds since 1970, `monotonic` seconds that never jump."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall = wall
        self._offset_s = 0.0
        self.monotonic = monotonic

    def now(self) -> float:
        return self._wall() + self._offset_s

    def correct(self, gateway_now_s: float) -> None:
        """The gateway has told its time: from here on ours agrees with it."""
        self._offset_s = gateway_now_s - self._wall()
