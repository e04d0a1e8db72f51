"""Who used the processors: each process of ours by name, and everybody else on the machine.

Wall-clock figures of a busy machine need this beside them: CPU per operation does not depend on
who else was waiting for a core.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import psutil  # type: ignore[import-untyped]  # it publishes no type hints


@dataclass(frozen=True, slots=True)
class Used:
    """Seconds of CPU since the watch began."""

    by_name: Mapping[str, float]
    others: float


class CpuWatch:
    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._before = {name: _seconds(pid) for name, pid in self._pids.items()}
        self._machine_before = _machine()

    def read(self) -> Used:
        used = {name: _seconds(pid) - self._before[name] for name, pid in self._pids.items()}
        return Used(used, max(0.0, _machine() - self._machine_before - sum(used.values())))


def _machine() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq)


def _seconds(pid: int) -> float:
    """A process and its children, the ended ones included: PostgreSQL works in children."""
    try:
        leader = psutil.Process(pid)
        family = [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0.0
    for process in family:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    ended = leader.cpu_times()
    return float(total + ended.children_user + ended.children_system)
