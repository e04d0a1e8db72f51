"""One program as our child: own session, own log file, ended for sure and with its whole group."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

WRAPPER = Path(__file__).with_name("child.py")
KILL_WAIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Account:
    """The system user a program runs as, when that is not ourselves."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to run, and how it wants to be asked to end."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: Path
    log: Path
    # Where the standard output goes when it is an answer and not a log.
    output: Path | None = None
    run_as: Account | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    # Sent by the kernel when we die without having stopped it. Every program of the stack survives
    # a kill, so nothing softer is needed unless it would leave processes of its own behind.
    orphan_signal: signal.Signals = signal.SIGKILL
    # Longer than the 15 s our own programs take at most to finish what is under way.
    grace_s: float = 20.0

    def wrapped(self) -> list[str]:
        user: list[str] = []
        if self.run_as is not None:
            user = ["--uid", str(self.run_as.uid), "--gid", str(self.run_as.gid)]
        return [
            *(sys.executable, "-I", "-S", str(WRAPPER)),
            *("--parent", str(os.getpid()), "--signal", self.orphan_signal.name),
            *user,
            "--",
            *self.argv,
        ]


class Child:
    """A running `Command`. Start it from a thread that lives as long as the child should.

    Linux ties the death signal to the starting *thread*, so never start one from a pool thread.
    """

    def __init__(self, command: Command) -> None:
        self.command = command
        command.log.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as files:
            log = files.enter_context(command.log.open("ab", buffering=0))
            self.log_start = log.tell()
            output = log
            if command.output is not None:
                output = files.enter_context(command.output.open("wb", buffering=0))
                command.output.chmod(0o600)
            self._process = subprocess.Popen(
                command.wrapped(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                env=dict(command.env),
                cwd=command.cwd,
                start_new_session=True,
            )
        self.ended = threading.Event()
        self._listeners: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
        # Held while the dead process is collected and while a signal is sent: a signal can then
        # never reach a number that has been given away.
        self._collecting = threading.Lock()
        threading.Thread(target=self._reap, name=f"reaper of {command.name}", daemon=True).start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    async def wait(self) -> int:
        """Wait for the end without holding a pool thread."""
        loop, told = asyncio.get_running_loop(), asyncio.Event()
        with self._collecting:
            if not self.ended.is_set():
                self._listeners.append((loop, told))
            else:
                told.set()
        await told.wait()
        return self._exit_code()

    def ask_to_stop(self) -> None:
        with self._collecting, suppress(ProcessLookupError):
            if not self.ended.is_set():
                os.kill(self.pid, self.command.stop_signal)

    def kill(self) -> None:
        """End the whole group at once."""
        self._signal_group(signal.SIGKILL)

    def stop(self) -> int:
        """Ask, wait for the grace period, then kill; blocks until it has ended."""
        self.ask_to_stop()
        if not self.ended.wait(self.command.grace_s):
            self.kill()
            self.ended.wait(KILL_WAIT_S)
        return self._exit_code()

    def log_tail(self, lines: int = 20) -> str:
        """The last lines this very run has written."""
        return tail(self.command.log, lines, since=self.log_start)

    def _signal_group(self, wanted: signal.Signals) -> None:
        with self._collecting, suppress(ProcessLookupError, PermissionError):
            if not self.ended.is_set():
                os.killpg(self.pid, wanted)

    def _exit_code(self) -> int:
        code = self._process.returncode
        return -signal.SIGKILL if code is None else code

    def _reap(self) -> None:
        if hasattr(os, "waitid"):
            # Look without collecting: while the dead leader is kept, its number cannot be given to
            # anybody else, so the signal below reaches what is left of this group and no stranger.
            with suppress(ChildProcessError):
                os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
            self._signal_group(signal.SIGKILL)
        else:
            self._process.wait()
        with self._collecting:
            self._process.wait()
            self.ended.set()
            listeners, self._listeners = self._listeners, []
        for loop, told in listeners:
            with suppress(RuntimeError):  # The loop may have been closed in the meantime.
                loop.call_soon_threadsafe(told.set)


def tail(log: Path, lines: int, *, since: int = 0) -> str:
    """The last lines of a log file."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(since, size - 65_536))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    return "\n".join(text.splitlines()[-lines:])


def ending(code: int) -> str:
    """How a process ended, in words."""
    if code >= 0:
        return f"ended with code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"
