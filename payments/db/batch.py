"""Group commit: rows of many callers go to the database as one statement, without a timer.

While one statement is on its way the next rows gather; it leaves as soon as the first is back. A
lone caller therefore waits for nothing, and a busy process pays one commit for many rows.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Generic, TypeVar

from payments.ports.record import RecordUnavailable

R = TypeVar("R")
T = TypeVar("T")

_LARGEST_BATCH: Final = 500
# Beyond this a database that does not keep up would only make callers wait for a refusal.
_LONGEST_QUEUE: Final = 20 * _LARGEST_BATCH


class Batch(Generic[R, T]):
    """Gathers rows for `write`, which commits them all or none and answers each row in order."""

    def __init__(self, write: Callable[[Sequence[R]], Awaitable[Sequence[T]]]) -> None:
        self._write = write
        self._waiting: list[tuple[R, asyncio.Future[T]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._closed = False

    async def add(self, row: R) -> T:
        """Return when the row is committed. Raises RecordUnavailable; the row may be written then.

        A row that the database will never take raises what the database said, for its caller only.
        A caller that is cancelled leaves; its row is written all the same.
        """
        if self._closed or len(self._waiting) >= _LONGEST_QUEUE:
            raise RecordUnavailable("too many rows wait for the database")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, done))
        if self._writer is None:
            self._writer = asyncio.get_running_loop().create_task(self._write_all())
        return await done

    async def close(self) -> None:
        """Refuse new rows, and return when those that wait are written."""
        self._closed = True
        if self._writer is not None:
            await asyncio.wait({self._writer})

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch = self._waiting[:_LARGEST_BATCH]
                del self._waiting[:_LARGEST_BATCH]
                await self._write_batch(batch)
        finally:
            self._writer = None

    async def _write_batch(self, batch: Sequence[tuple[R, asyncio.Future[T]]]) -> None:
        try:
            results = await self._write([row for row, _ in batch])
            assert len(results) == len(batch), "a row without an answer"
        except RecordUnavailable as error:
            for _, done in batch:
                # One exception object each: a traceback belongs to one waiter.
                _fail(done, RecordUnavailable(str(error)), error)
        except Exception as error:  # noqa: BLE001  # every one of them reaches a waiter
            if len(batch) == 1:
                _fail(batch[0][1], error)
                return
            # The database refuses the statement because of some row in it. Nothing was written, so
            # each row is tried alone, and only the caller that brought the bad one pays for it.
            for each in batch:
                await self._write_batch([each])
        else:
            for (_, done), result in zip(batch, results, strict=True):
                if not done.done():
                    done.set_result(result)


def _fail(done: asyncio.Future[T], error: Exception, cause: Exception | None = None) -> None:
    if not done.done():
        error.__cause__ = cause or error.__cause__
        done.set_exception(error)
