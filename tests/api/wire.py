"""A wire between a process of ours and a server it needs; it can go silent or be cut."""

import asyncio
from contextlib import suppress


class Wire:
    """Forwards bytes as they come. What is sent into silence arrives when the silence ends."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._sounding = asyncio.Event()
        self._sounding.set()
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def lay(self) -> "Wire":
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def silence(self) -> None:
        self._sounding.clear()

    def sound(self) -> None:
        self._sounding.set()

    async def cut(self) -> None:
        """Connections break and new ones are refused, until it is laid again."""
        assert self._server is not None
        self._server.close()
        for end in self._ends:
            end.transport.abort()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _forward(self, here: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._ends.add(back)
        try:
            there, forth = await asyncio.open_connection(*self._target)
            self._ends.add(forth)
            await asyncio.gather(self._pump(here, forth), self._pump(there, back))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65_536):
                await self._sounding.wait()
                sink.write(data)
                await sink.drain()
        sink.close()
        self._ends.discard(sink)
