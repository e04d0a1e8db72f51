"""Remember which processes are ours, so that the next start can end what a killed one has left."""

import os
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]  # it publishes no type hints

from payments.stack.home import read_json, write_json

# Given to every child and so to every grandchild: the mark by which we know our own.
RUN_ID_VARIABLE = "QUITTANCE_STACK_RUN_ID"
_CLOCK_TOLERANCE_S = 0.05
_GRACE_S = 10.0


@dataclass(slots=True)
class Register:
    """The processes of one run, in a file: number and time of creation, since numbers come back."""

    path: Path
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    _children: dict[str, dict[str, float]] = field(default_factory=dict)

    def add(self, name: str, pid: int) -> None:
        with suppress(psutil.Error):  # Already ended: then there is nothing to remember.
            self._children[name] = {"pid": pid, "createdAt": psutil.Process(pid).create_time()}
            self._save()

    def remove(self, name: str) -> None:
        if self._children.pop(name, None) is not None:
            self._save()

    def _save(self) -> None:
        write_json(self.path, {"runId": self.run_id, "children": self._children})


def end_leftovers(path: Path) -> list[str]:
    """End what a killed run has left behind and nothing else; answers the names.

    Only for who holds the home's lock: the run that wrote the register is surely over.
    """
    register = read_json(path)
    if not isinstance(register, dict):
        return []
    ended: list[str] = []
    for name, entry in register["children"].items():
        ours = list(_still_running(entry, register["runId"]))
        if ours:
            # SIGINT is the polite word that every part understands, PostgreSQL included.
            end_all(ours, (signal.SIGINT, signal.SIGKILL))
            ended.append(name)
    path.unlink(missing_ok=True)
    return ended


def _still_running(entry: dict[str, float], run_id: str) -> Iterator[psutil.Process]:
    """The registered process and whatever else lives on in its session."""
    leader = int(entry["pid"])
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if not _is_alive(process):
                continue
            if process.pid == leader:
                if abs(process.create_time() - entry["createdAt"]) <= _CLOCK_TOLERANCE_S:
                    yield process
            elif os.getsid(process.pid) == leader and _carries(process, run_id):
                yield process


def _carries(process: psutil.Process, run_id: str) -> bool:
    return bool(process.environ().get(RUN_ID_VARIABLE) == run_id)


def end_all(
    processes: list[psutil.Process],
    signals: tuple[signal.Signals, ...],
    timeout_s: float = _GRACE_S,
) -> None:
    """Send one signal after the other until all have ended."""
    for wanted in signals:
        for process in processes:
            with suppress(psutil.Error):
                process.send_signal(wanted)
        deadline = time.monotonic() + timeout_s
        while processes and time.monotonic() < deadline:
            processes = [process for process in processes if _is_alive(process)]
            time.sleep(0.01)


def _is_alive(process: psutil.Process) -> bool:
    """Whether it still runs; where nobody collects the dead (in some containers), they do not."""
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False
