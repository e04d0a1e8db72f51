"""A wire between a process of ours and a server it needs; it can go silent or be cut."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from threading import Thread
from typing import Any, TypeVar

from payments.stack.ports import free_port
from tests.closing import close

T = TypeVar("T")


class Wire:
    """Forwards bytes as they come. What is sent into silence arrives when the silence ends.

    It has a thread of its own: a test that waits for an answer must not hold up what is behind it.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._sounding = asyncio.Event()
        self._sounding.set()
        self._ends: set[asyncio.StreamWriter] = set()
        self._forwarding: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        # Of those that no connection takes for its own end while the wire is cut.
        self.port = free_port()
        self.lay()

    def lay(self) -> None:
        self._do(self._lay())

    def silence(self) -> None:
        self._loop.call_soon_threadsafe(self._sounding.clear)

    def sound(self) -> None:
        self._loop.call_soon_threadsafe(self._sounding.set)

    def cut(self) -> None:
        """Connections break and new ones are refused, until it is laid again."""
        self._do(self._cut())

    def take_away(self) -> None:
        self.cut()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    async def _lay(self) -> None:
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self.port)

    async def _cut(self) -> None:
        assert self._server is not None
        await close(self._server)
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()
        for task in self._forwarding:
            task.cancel()
        await asyncio.gather(*self._forwarding, return_exceptions=True)
        await self._server.wait_closed()

    async def _forward(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._forwarding.add(task)
        self._ends.add(back)
        try:
            there, forth = await asyncio.open_connection(*self._target)
            self._ends.add(forth)
            await asyncio.gather(self._pump(here, forth), self._pump(there, back))
        except (OSError, asyncio.CancelledError):
            back.transport.abort()
        finally:
            self._forwarding.discard(task)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                await self._sounding.wait()
                sink.write(data)
                await sink.drain()
        sink.close()
        self._ends.discard(sink)
