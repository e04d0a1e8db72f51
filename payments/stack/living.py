"""Processes told apart by number *and* time of creation, since numbers come back."""

import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

import psutil  # type: ignore[import-untyped]  # it publishes no type hints

_CLOCK_TOLERANCE_S = 0.05


@dataclass(frozen=True, slots=True)
class LivingProcess:
    """One process that ran when we looked; every question about it copes with its end."""

    pid: int
    created_at: float

    @classmethod
    def find(cls, pid: int) -> Self | None:
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return cls(pid, process.create_time())
        except psutil.Error:
            return None

    @classmethod
    def everyone(cls) -> Iterator[Self]:
        for pid in psutil.pids():
            found = cls.find(pid)
            if found is not None:
                yield found

    @property
    def is_alive(self) -> bool:
        """Whether it still runs. The dead that nobody collects, as in some containers, do not."""
        now = LivingProcess.find(self.pid)
        return now is not None and abs(now.created_at - self.created_at) <= _CLOCK_TOLERANCE_S

    @property
    def arguments(self) -> list[str]:
        try:
            return list(psutil.Process(self.pid).cmdline())
        except psutil.Error:
            return []

    @property
    def session(self) -> int | None:
        try:
            return os.getsid(self.pid)
        except OSError:
            return None

    def variable(self, name: str) -> str | None:
        """One variable of the environment it was started with."""
        try:
            value = psutil.Process(self.pid).environ().get(name)
        except (psutil.Error, OSError):
            return None
        return None if value is None else str(value)

    def send(self, wanted: signal.Signals) -> None:
        if self.is_alive:
            with suppress(OSError):
                os.kill(self.pid, wanted)


def end_all(
    processes: Iterable[LivingProcess],
    signals: tuple[signal.Signals, ...],
    timeout_s: float = 10.0,
) -> None:
    """Send one signal after the other until all have ended."""
    alive = list(processes)
    for wanted in signals:
        for process in alive:
            process.send(wanted)
        deadline = time.monotonic() + timeout_s
        while alive and time.monotonic() < deadline:
            time.sleep(0.01)
            alive = [process for process in alive if process.is_alive]
