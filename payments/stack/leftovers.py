"""Remember which processes are ours, so that the next start can end what a killed one has left."""

import signal
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from payments.stack.home import read_json, write_json
from payments.stack.living import LivingProcess, end_all

# Given to every child and so to every grandchild: the mark by which we know our own.
RUN_ID_VARIABLE = "QUITTANCE_STACK_RUN_ID"


@dataclass(slots=True)
class Register:
    """The processes of one run, in a file."""

    path: Path
    run_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    _children: dict[str, LivingProcess] = field(default_factory=dict)

    def add(self, name: str, pid: int) -> None:
        process = LivingProcess.find(pid)
        if process is not None:  # Otherwise it has already ended: there is nothing to remember.
            self._children[name] = process
            self._save()

    def remove(self, name: str) -> None:
        if self._children.pop(name, None) is not None:
            self._save()

    def _save(self) -> None:
        children = {
            name: {"pid": one.pid, "createdAt": one.created_at}
            for name, one in self._children.items()
        }
        write_json(self.path, {"runId": self.run_id, "children": children})


def end_leftovers(path: Path) -> list[str]:
    """End what a killed run has left behind and nothing else; answers the names.

    Only for who holds the home's lock: the run that wrote the register is surely over.
    """
    register = read_json(path)
    if not isinstance(register, dict):
        return []
    ended: list[str] = []
    for name, entry in register["children"].items():
        leader = LivingProcess(int(entry["pid"]), float(entry["createdAt"]))
        ours = list(_still_running(leader, register["runId"]))
        if ours:
            # SIGINT is the polite word that every part understands, PostgreSQL included.
            end_all(ours, (signal.SIGINT, signal.SIGKILL))
            ended.append(name)
    path.unlink(missing_ok=True)
    return ended


def _still_running(leader: LivingProcess, run_id: str) -> Iterator[LivingProcess]:
    """The registered process, and whatever else of ours lives on in its session."""
    if leader.is_alive:
        yield leader
    for process in LivingProcess.everyone():
        in_session = process.session == leader.pid and process.pid != leader.pid
        if in_session and process.variable(RUN_ID_VARIABLE) == run_id:
            yield process
