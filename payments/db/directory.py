"""A part of the record held in memory, and kept true by the database's own notifications.

A connection of its own listens. From the moment a notification arrives, what is held is stale: it
is read anew before anybody uses it. And it may be trusted only while the listening connection is
known to live; else it is read every few seconds, or nothing is served: fresh() says so.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, Generic, TypeVar

import structlog

from payments.db.session import Database
from payments.ports.record import RecordUnavailable

T = TypeVar("T")

_log = structlog.get_logger(__name__)

# How long what is held may be trusted after the last proof that it was true.
_TRUSTED_S: Final = 5.0
# The listening connection is asked this often whether it lives, so three times before that.
_HEARTBEAT_S: Final = 1.5
_SHORTEST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 3.0
# Each reading answers all notifications before it; more than a few in a row is a runaway writer.
_READINGS: Final = 5


class Directory(Generic[T]):
    """What `read` returns, as it stands in the database."""

    def __init__(
        self,
        database: Database,
        *,
        channel: str,
        read: Callable[[], Awaitable[T]],
        trusted_s: float = _TRUSTED_S,
    ) -> None:
        self._database = database
        self._channel = channel
        self._read = read
        self._trusted_s = trusted_s
        self._held: T | None = None
        # By the monotonic clock: what is held was true at _true_at, and stale at _stale_at.
        self._true_at = self._stale_at = float("-inf")
        self._reading: asyncio.Task[None] | None = None
        self._listening: asyncio.Task[None] | None = None
        self._woken = asyncio.Event()

    @property
    def current(self) -> T:
        assert self._held is not None, "a directory is read before it is used"
        return self._held

    async def start(self) -> None:
        """Read for the first time, and listen from then on. Raises RecordUnavailable."""
        await self._read_anew()
        self._listening = asyncio.create_task(self._listen_for_ever())

    async def close(self) -> None:
        for task in (self._listening, self._reading):
            if task is not None:
                task.cancel()
                await asyncio.wait({task})

    async def fresh(self) -> None:
        """Return when `current` is as true as can be known. Raises RecordUnavailable."""
        asked_at = time.monotonic()
        for _ in range(_READINGS):
            # What was read since it was asked for is true, however long the reading took.
            if self._is_true() and self._true_at > min(
                asked_at, time.monotonic() - self._trusted_s
            ):
                return
            await self._read_anew()
        raise RecordUnavailable(f"{self._channel} changes faster than it can be read")

    def _is_true(self) -> bool:
        """Whether no notification has come since it was read."""
        return self._true_at > self._stale_at

    async def _read_anew(self) -> None:
        """Join the reading that is under way, or begin one; all who wait share its end."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._read_once())
            self._reading.add_done_callback(self._forget_reading)
        await asyncio.shield(self._reading)

    async def _read_once(self) -> None:
        began = time.monotonic()
        self._held = await self._read()
        self._true_at = began

    def _forget_reading(self, reading: asyncio.Task[None]) -> None:
        self._reading = None
        if not reading.cancelled():
            reading.exception()  # It belongs to those who wait; with nobody left it is nobody's.

    async def _listen_for_ever(self) -> None:
        pause_s = _SHORTEST_PAUSE_S
        while True:
            began = time.monotonic()
            try:
                await self._listen()
            except Exception as error:  # noqa: BLE001  # whatever it was, the next try may do
                _log.warning("directory.not_listening", channel=self._channel, error=repr(error))
            lasted_s = time.monotonic() - began
            pause_s = _SHORTEST_PAUSE_S if lasted_s > self._trusted_s else pause_s * 2
            await asyncio.sleep(min(pause_s, _LONGEST_PAUSE_S))

    async def _listen(self) -> None:
        connection = await self._database.connect()
        try:
            connection.add_termination_listener(self._wake)
            await connection.add_listener(self._channel, self._hear)
            # What changed before we listened was not heard.
            self._hear()
            while True:
                self._woken.clear()
                if not self._is_true():
                    await self._read_anew()
                await self._prove(connection)
                # Not wait_for(): in Python 3.11 it swallows a cancellation that meets the event.
                with suppress(TimeoutError):
                    async with asyncio.timeout(_HEARTBEAT_S):
                        await self._woken.wait()
        finally:
            connection.terminate()

    async def _prove(self, connection: Any) -> None:
        """The answer to the shortest statement comes after all earlier notifications."""
        began = time.monotonic()
        await connection.execute("SELECT", timeout=_HEARTBEAT_S)
        if self._is_true():
            self._true_at = began

    def _hear(self, *_: Any) -> None:
        self._stale_at = time.monotonic()
        self._woken.set()

    def _wake(self, *_: Any) -> None:
        self._woken.set()
