"""Work for a process of its own: one JSON line in, one JSON line out, until the input ends.

Load is made in another process than the one that is measured and than the one that counts, so that
no two of them share an interpreter lock.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

Job = Mapping[str, Any]
REPOSITORY = Path(__file__).resolve().parents[1]
_LONGEST_LINE_BYTES = 64 * 1024 * 1024
_GRACE_S = 10.0


async def serve(work: Callable[[Job], Awaitable[dict[str, Any]]]) -> None:
    """Say that we are ready, then do one job after the other. Ends when the input does."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_LONGEST_LINE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    _say({"ready": True})
    while line := await reader.readline():
        _say(await work(json.loads(line)))


def _say(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


class JobFailed(RuntimeError):
    """The process ended instead of answering; what it said is on the standard error."""


class Assistant:
    """A child process that takes jobs: `python -m {module} …`."""

    def __init__(self, module: str, *arguments: str, env: Mapping[str, str] | None = None) -> None:
        self._argv = ("-m", module, *arguments)
        self._name = f"{module} {arguments[0]}" if arguments else module
        self._env = None if env is None else dict(env)
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, "not started"
        return self._process.pid

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self._argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env=self._env,
            cwd=REPOSITORY,
            limit=_LONGEST_LINE_BYTES,
        )
        await self._hear()
        return self

    async def ask(self, **job: Any) -> dict[str, Any]:
        self._input.write(json.dumps(job).encode() + b"\n")
        await self._input.drain()
        return await self._hear()

    @property
    def _input(self) -> asyncio.StreamWriter:
        assert self._process is not None, "not started"
        assert self._process.stdin is not None, "started without an input"
        return self._process.stdin

    async def _hear(self) -> dict[str, Any]:
        assert self._process is not None, "not started"
        assert self._process.stdout is not None, "started without an output"
        line = await self._process.stdout.readline()
        if not line:
            raise JobFailed(f"{self._name} ended")
        answer: dict[str, Any] = json.loads(line)
        return answer

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process = self._process
        assert process is not None, "not started"
        self._input.close()
        try:
            await asyncio.wait_for(process.wait(), _GRACE_S)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
