"""worker.py as a child process with fakes behind it, whose world survives the child's death.

`python -m tests.workflows.worker_process WORLD FAILPOINT`. A failpoint such as `after pay` ends
the process there with os._exit, as a power cut would, the first time it is reached in this world.
"""

import asyncio
import inspect
import os
import pickle
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import worker
from payments.config import Settings
from payments.ports.steps import Bills, Cards
from tests.fakes.billers import FakeBiller, FakeBillers
from tests.fakes.transactions import FakeTransactions
from tests.workflows.engine import Desk, no_cards, worker_environment

DIED = 137
ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def started(
    desk: Desk,
    world: Path,
    failpoint: str = "",
    *,
    module: str = "tests.workflows.worker_process",
    **environment: str,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker that never outlives its test, whatever happens there."""
    command = (sys.executable, "-m", module, str(world), failpoint)
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=worker_environment(desk, **environment)
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


class Kept:
    """Fakes in a file: what the outside world and the database remember without us."""

    def __init__(self, path: Path, *fakes: Any) -> None:
        self.path = path
        self.fakes = pickle.loads(path.read_bytes()) if path.exists() else fakes

    def keep(self) -> None:
        """At once and whole: a death in between leaves the state before."""
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(pickle.dumps(self.fakes))
        fresh.replace(self.path)


class World(Kept):
    def __init__(self, path: Path) -> None:
        super().__init__(path, FakeBiller(), FakeTransactions())
        self.biller: FakeBiller
        self.transactions: FakeTransactions
        self.biller, self.transactions = self.fakes


class Watched:
    """A port whose state is kept after each call, and whose process dies where it is told to."""

    def __init__(self, inner: object, world: Kept, failpoint: str) -> None:
        self._inner, self._world, self._failpoint = inner, world, failpoint

    def __getattr__(self, name: str) -> Any:
        method: Callable[..., Awaitable[Any]] = getattr(self._inner, name)
        if not inspect.iscoroutinefunction(method):
            return method

        async def call(*arguments: Any, **options: Any) -> Any:
            self._die_at(f"before {name}")
            answer = await method(*arguments, **options)
            self._world.keep()
            self._die_at(f"after {name}")
            return answer

        return call

    def _die_at(self, point: str) -> None:
        marker = self._world.path.with_suffix(".died")
        if point == self._failpoint and not marker.exists():
            marker.touch()
            os._exit(DIED)


def main() -> None:
    world, failpoint = World(Path(sys.argv[1])), sys.argv[2]

    @asynccontextmanager
    async def open_steps(_: Settings) -> AsyncIterator[tuple[Bills, Cards]]:
        biller: Any = Watched(world.biller, world, failpoint)
        transactions: Any = Watched(world.transactions, world, failpoint)
        yield Bills(FakeBillers({"DESCO": biller}), transactions), no_cards()

    worker.main(open_steps)


if __name__ == "__main__":
    main()
