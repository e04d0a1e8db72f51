"""The processes a measurement needs beside the stack: load makers, drivers, the bare server.

Each is started when it is first wanted and stays until the end, so that no arm pays for a start.
"""

import asyncio
import sys
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from bench.ground import Ground
from bench.jobs import REPOSITORY, Assistant
from payments.stack.ports import LOCALHOST, free_port

_START_TIMEOUT_S = 20.0


class Crew:
    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self._stack = AsyncExitStack()
        self._assistants: dict[str, Assistant] = {}
        self._bare_port = 0
        self.pids: dict[str, int] = dict(ground.pids)

    async def load(self) -> Assistant:
        return await self._assistant("load", "bench.load")

    async def engine(self) -> Assistant:
        """Drives B0, B1, B1u and B1ua; their worker is started with it."""
        module, address = "bench.denominators.engine", self.ground.temporal_address
        await self._assistant("bench-worker", module, "worker", address)
        return await self._assistant("bench-driver", module, "driver", address)

    async def raw_insert(self) -> Assistant:
        module = "bench.denominators.b4_raw_insert"
        return await self._assistant("raw-insert", module, self.ground.app_url)

    async def ledger(self) -> Assistant:
        return await self._assistant("ledger", "bench.ledger_posts")

    async def decisions(self) -> Assistant:
        return await self._assistant("decisions", "bench.decisions")

    async def bare_port(self) -> int:
        """The bare FastAPI server's port."""
        if not self._bare_port:
            port = free_port()
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "bench.denominators.b3_bare_route", str(port), self.ground.app_url),
                cwd=REPOSITORY,
            )
            self._stack.push_async_callback(_end, process)
            await _listens(port, process)
            self._bare_port, self.pids["bare"] = port, process.pid
        return self._bare_port

    async def _assistant(self, name: str, module: str, *arguments: str) -> Assistant:
        if name not in self._assistants:
            assistant = Assistant(module, *arguments, env=self.ground.environment)
            self._assistants[name] = await self._stack.enter_async_context(assistant)
            self.pids[name] = assistant.pid
        return self._assistants[name]

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()


async def _listens(port: int, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(_START_TIMEOUT_S):
        while process.returncode is None:
            try:
                _, writer = await asyncio.open_connection(LOCALHOST, port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return
    raise RuntimeError("the bare server ended before it listened")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.wait()
