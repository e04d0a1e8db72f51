"""worker.py as a child process with fakes behind it, whose world survives the child's death.

A failpoint such as `after pay` ends the process there with os._exit, as a power cut would, the
first time it is reached in this world.
"""

import asyncio
import inspect
import os
import pickle
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import worker
from payments.config import Settings
from payments.ports.steps import Bills, Steps
from tests.cradle import CRADLE
from tests.fakes.batches import FakeBatches
from tests.fakes.billers import FakeBiller, FakeBillers
from tests.fakes.transactions import FakeTransactions
from tests.payout_fakes import no_payouts
from tests.workflows.engine import Desk, no_cards, no_disputes, worker_environment

DIED: Final = 137

# Runs a worker until it is told to stop: over the world in this file, up to this failpoint.
Serve = Callable[[Path, str], None]


class WorkerProcess:
    """A process of this machine, which may die at any moment."""

    def __init__(
        self, serve: Serve, world: Path, failpoint: str, environment: Mapping[str, str]
    ) -> None:
        arguments = (serve, world, failpoint, environment)
        self._process = CRADLE.Process(target=_live, args=arguments, daemon=True)
        self._process.start()
        self._ended = asyncio.Event()
        # Not join() in a thread: the next start reaps too, and who comes second reads nothing.
        asyncio.get_running_loop().add_reader(self._process.sentinel, self._end)

    def _end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._ended.set()

    async def wait(self) -> int:
        """Its exit code; below zero the signal that ended it."""
        await self._ended.wait()
        assert self._process.exitcode is not None
        return self._process.exitcode

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def terminate(self) -> None:
        self._process.terminate()

    async def end(self) -> None:
        if self._process.is_alive():
            self._process.kill()
        await self.wait()


def _live(serve: Serve, world: Path, failpoint: str, environment: Mapping[str, str]) -> None:
    # Ctrl-C is for whoever runs the tests, and he ends us.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.clear()
    os.environ.update(environment)
    serve(world, failpoint)


@asynccontextmanager
async def started(
    desk: Desk, world: Path, failpoint: str = "", *, serve: "Serve | None" = None, **changes: str
) -> AsyncIterator[WorkerProcess]:
    """A worker that never outlives its test, whatever happens there."""
    environment = worker_environment(desk, **changes)
    process = WorkerProcess(serve or serve_bills, world, failpoint, environment)
    try:
        yield process
    finally:
        await process.end()


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
        transactions = FakeTransactions()
        super().__init__(path, FakeBiller(), transactions, FakeBatches(transactions))
        self.biller: FakeBiller
        self.transactions: FakeTransactions
        self.batches: FakeBatches
        self.biller, self.transactions, self.batches = self.fakes


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


def serve_bills(path: Path, failpoint: str) -> None:
    world = World(path)

    @asynccontextmanager
    async def open_steps(_: Settings) -> AsyncIterator[Steps]:
        biller: Any = Watched(world.biller, world, failpoint)
        transactions: Any = Watched(world.transactions, world, failpoint)
        batches: Any = Watched(world.batches, world, failpoint)
        bills = Bills(FakeBillers({"DESCO": biller}), transactions, batches)
        yield Steps(bills, no_cards(), no_payouts(), no_disputes())

    worker.main(open_steps)
