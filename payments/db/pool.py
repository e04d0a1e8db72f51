"""A bounded pool of connections; the one used last is the next to be used.

Every statement asks it, so it is a list and a semaphore. On the way through SQLAlchemy's pool a
statement takes three times the processor time it needs alone, through asyncpg's own twice.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


class Pool:
    def __init__(
        self, connect: Callable[[], Awaitable[Any]], *, size: int, timeout_s: float
    ) -> None:
        self._connect = connect
        self._timeout_s = timeout_s
        self._places = asyncio.Semaphore(size)
        # Last in, first out: the connection used last has its statements prepared.
        self._idle: list[Any] = []
        self._lent: set[Any] = set()

    async def take(self) -> Any:
        """A connection to give back. Raises TimeoutError, or whatever connecting raises."""
        if self._places.locked():
            async with asyncio.timeout(self._timeout_s):
                await self._places.acquire()
        else:
            await self._places.acquire()
        try:
            connection = self._living() or await self._connect()
        except BaseException:
            self._places.release()
            raise
        self._lent.add(connection)
        return connection

    def give_back(self, connection: Any) -> None:
        """Only a connection with nothing open on it is used again, and none that is suspect."""
        is_good = connection in self._lent and not connection.is_closed()
        if is_good and not connection.is_in_transaction():
            self._idle.append(connection)
        else:
            connection.terminate()
        self._lent.discard(connection)
        self._places.release()

    def suspect_all(self) -> None:
        """One has just broken, so none that is open now is used once more than it is already."""
        self._lent.clear()
        while self._idle:
            self._idle.pop().terminate()

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().close(timeout=self._timeout_s)

    def _living(self) -> Any:
        """No round trip: the driver has seen a closed connection close. None when there is none."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None
