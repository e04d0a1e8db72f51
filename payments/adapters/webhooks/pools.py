"""Connections to partners: a pool for each endpoint, so that none waits for another's.

A pool that many shared would be used up by the one that hangs, and would ask every idle connection
of all of them whether it is still open, at each request.
"""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpcore2

# Unused for this long, its connections are closed.
_IDLE_S: Final = 3.0
# In steady use, it is opened anew after this long: the host may have moved.
_OLDEST_S: Final = 300.0

Open = Callable[[], httpcore2.AsyncConnectionPool]


@dataclass(slots=True)
class _Kept:
    pool: httpcore2.AsyncConnectionPool
    opened_at: float
    used_at: float = 0.0
    users: int = 0
    is_retired: bool = False


class Pools:
    def __init__(self, open_pool: Open, clock: Callable[[], float] = time.monotonic) -> None:
        self._open = open_pool
        self._clock = clock
        # The one that was used last is at the end.
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    @asynccontextmanager
    async def of(self, endpoint_id: str) -> AsyncIterator[httpcore2.AsyncConnectionPool]:
        # Nothing may be awaited in between, or two would open one.
        unused = self._retire_old(endpoint_id)
        kept = self._kept.get(endpoint_id)
        if kept is None:
            kept = self._kept[endpoint_id] = _Kept(self._open(), self._clock())
        kept.users += 1
        try:
            await _close(unused)
            yield kept.pool
        finally:
            kept.users -= 1
            self._touch(endpoint_id, kept)
            if kept.is_retired and not kept.users:
                await _close([kept])

    async def close(self) -> None:
        await _close([free for each in list(self._kept) if (free := self._retire(each))])

    def _retire_old(self, endpoint_id: str) -> list[_Kept]:
        """Those that nobody uses any more."""
        idle = []
        for each, kept in self._kept.items():
            if self._clock() - kept.used_at <= _IDLE_S:
                break
            if not kept.users:
                idle.append(each)
        wanted = self._kept.get(endpoint_id)
        if wanted and endpoint_id not in idle and self._clock() - wanted.opened_at > _OLDEST_S:
            idle.append(endpoint_id)
        return [free for each in idle if (free := self._retire(each))]

    def _retire(self, endpoint_id: str) -> _Kept | None:
        """Nobody gets it any more. None: whoever has it keeps it to the end."""
        kept = self._kept.pop(endpoint_id)
        kept.is_retired = True
        return None if kept.users else kept

    def _touch(self, endpoint_id: str, kept: _Kept) -> None:
        kept.used_at = self._clock()
        if not kept.is_retired:
            self._kept.move_to_end(endpoint_id)


async def _close(unused: Iterable[_Kept]) -> None:
    for kept in unused:
        await kept.pool.aclose()
