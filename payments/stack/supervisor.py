"""Keep the parts of a stack running: each behind a real probe, restarted when it crashes.

supervisor = Supervisor(register, witness)
await supervisor.start(part)      # returns when its probe has passed
await supervisor.watch()          # raises PartFailed when a part crashes again and again
await supervisor.stop(at_once)    # in reverse order
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from payments.stack.leftovers import Register
from payments.stack.process import Child, Command, ending

MOST_CRASHES = 5
CRASH_WINDOW_S = 60.0
_PROBE_PAUSE_S = 0.05
_FIRST_RESTART_DELAY_S = 0.2
_LONGEST_RESTART_DELAY_S = 5.0


class NotReady(RuntimeError):
    """A part does not do its work yet; says what was missing."""


class PartFailed(RuntimeError):
    """The stack cannot go on without this part; carries the end of its log."""

    def __init__(self, name: str, reason: str, log_tail: str) -> None:
        super().__init__(f"{name} {reason}")
        self.name = name
        self.reason = reason
        self.log_tail = log_tail


async def _nothing() -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A program that runs as long as the stack does."""

    command: Command
    # Raises anything while the part does not do its real work; a bare open port proves nothing.
    probe: Callable[[], Awaitable[None]]
    # Runs before each start, also after a crash.
    prepare: Callable[[], Awaitable[None]] = _nothing
    start_timeout_s: float = 180.0

    @property
    def name(self) -> str:
        return self.command.name


class Witness(Protocol):
    """Whoever tells people what happens to the parts."""

    def starting(self, name: str) -> None: ...
    def ready(self, name: str, took_s: float) -> None: ...
    def crashed(self, name: str, how: str, restart_in_s: float, last_words: str) -> None: ...
    def stopping(self, name: str) -> None: ...
    def stopped(self, name: str) -> None: ...


class Supervisor:
    """All children of one stack, in the order in which they were started."""

    def __init__(self, register: Register, witness: Witness) -> None:
        self._register = register
        self._witness = witness
        self._keepers: list[_Keeper] = []
        self._broken: asyncio.Queue[PartFailed] = asyncio.Queue()

    async def start(self, part: Part) -> None:
        """Start a part, and return when its probe has passed."""
        keeper = _Keeper(part, self._register, self._witness)
        self._keepers.append(keeper)
        keeper.task = asyncio.create_task(self._keep(keeper), name=f"keeper of {part.name}")
        ready = asyncio.create_task(keeper.ready.wait())
        try:
            await asyncio.wait({keeper.task, ready}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if keeper.failed is not None:
            raise keeper.failed

    async def run(self, command: Command, timeout_s: float) -> None:
        """Run a program that does one thing and ends; raises PartFailed unless it ends well."""
        started_at = time.monotonic()
        self._witness.starting(command.name)
        child = Child(command)
        self._register.add(command.name, child.pid)
        try:
            async with asyncio.timeout(timeout_s):
                code = await child.wait()
        except TimeoutError:
            reason = f"did not end within {timeout_s:.0f} s"
            raise PartFailed(command.name, reason, child.log_tail()) from None
        finally:
            child.kill()
            await child.wait()
            self._register.remove(command.name)
        if code != 0:
            raise PartFailed(command.name, ending(code), child.log_tail())
        self._witness.ready(command.name, time.monotonic() - started_at)

    async def watch(self) -> None:
        """Wait for the first part that cannot be kept running."""
        raise await self._broken.get()

    async def stop(self, at_once: asyncio.Event) -> None:
        """Stop the parts in turn, the last started first; `at_once` ends all patience."""
        impatient = asyncio.create_task(self._kill_all_when(at_once))
        try:
            for keeper in reversed(self._keepers):
                await keeper.stop()
        finally:
            impatient.cancel()
            for keeper in self._keepers:
                keeper.kill()

    async def _keep(self, keeper: "_Keeper") -> None:
        try:
            await keeper.keep_running()
        except PartFailed as failure:
            keeper.failed = failure
        except Exception as error:  # noqa: BLE001 - whatever it was, the stack must say it and end
            keeper.failed = PartFailed(keeper.part.name, f"cannot be started: {error}", "")
        if keeper.failed is not None:
            self._broken.put_nowait(keeper.failed)

    async def _kill_all_when(self, at_once: asyncio.Event) -> None:
        await at_once.wait()
        for keeper in self._keepers:
            keeper.kill()


class _Keeper:
    """One part and the child that currently plays it."""

    def __init__(self, part: Part, register: Register, witness: Witness) -> None:
        self.part = part
        self.ready = asyncio.Event()
        self.failed: PartFailed | None = None
        self.task: asyncio.Task[None] | None = None
        self._register = register
        self._witness = witness
        self._child: Child | None = None
        self._crashes: deque[float] = deque(maxlen=MOST_CRASHES + 1)

    async def keep_running(self) -> None:
        """Never returns; raises PartFailed when another start would not help."""
        while True:
            started_at = time.monotonic()
            self._witness.starting(self.part.name)
            await self.part.prepare()
            self._child = child = Child(self.part.command)
            self._register.add(self.part.name, child.pid)
            if await self._becomes_ready(child):
                self._witness.ready(self.part.name, time.monotonic() - started_at)
                self.ready.set()
            code = await child.wait()
            await self._after_crash(child, code)

    async def _becomes_ready(self, child: Child) -> bool:
        """Ask the probe until it passes; False when the child ends first."""
        reason: Exception = NotReady("it was never asked")
        try:
            async with asyncio.timeout(self.part.start_timeout_s):
                while not child.ended.is_set():
                    try:
                        await self.part.probe()
                    except Exception as not_ready:  # noqa: BLE001 - shown below when time is up
                        reason = not_ready
                        await asyncio.sleep(_PROBE_PAUSE_S)
                    else:
                        return True
        except TimeoutError:
            said = f"is not ready after {self.part.start_timeout_s:.0f} s: {reason}"
            raise PartFailed(self.part.name, said, child.log_tail()) from None
        return False

    async def _after_crash(self, child: Child, code: int) -> None:
        """Wait a little longer after each crash; give up when there were too many in a row."""
        now = time.monotonic()
        self._crashes.append(now)
        recent = sum(1 for at in self._crashes if now - at <= CRASH_WINDOW_S)
        if recent > MOST_CRASHES:
            said = f"{ending(code)}, {recent} times within {CRASH_WINDOW_S:.0f} s"
            raise PartFailed(self.part.name, said, child.log_tail())
        delay_s = min(_FIRST_RESTART_DELAY_S * 2 ** (recent - 1), _LONGEST_RESTART_DELAY_S)
        self._witness.crashed(self.part.name, ending(code), delay_s, child.log_tail(lines=1))
        await asyncio.sleep(delay_s)

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.wait({self.task})
        child = self._child
        if child is None:
            return
        self._witness.stopping(self.part.name)
        child.ask_to_stop()
        try:
            async with asyncio.timeout(self.part.command.grace_s):
                await child.wait()
        except TimeoutError:
            child.kill()
            await child.wait()
        self._register.remove(self.part.name)
        self._witness.stopped(self.part.name)

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()
