"""Write what was measured: one JSON file per run, and the same as a table people can read."""

import json
import os
import platform
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.arms import p95
from bench.contest import Outcome
from bench.goals import MIX_P95_MS, MIX_RATE
from bench.jobs import REPOSITORY

RESULTS = Path(__file__).with_name("results")


@dataclass(slots=True)
class Report:
    """Everything of one run of `python -m bench`."""

    options: Mapping[str, Any]
    durability: Mapping[str, str]
    outcomes: list[Outcome] = field(default_factory=list)
    mix: Mapping[str, Any] = field(default_factory=dict)
    measured_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def write(self, name: str) -> Path:
        """`{name}.md` beside the numbered JSON; the figures of the run are in both."""
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{self.measured_at:%Y-%m-%dT%H%M}-{_commit()}-{name}.json"
        path.write_text(json.dumps(self._as_dict(), indent=1, default=str) + "\n")
        (RESULTS / f"{name}.md").write_text(self.text())
        return path

    def _as_dict(self) -> dict[str, Any]:
        return {
            "measuredAt": self.measured_at.isoformat(timespec="seconds"),
            "commit": _commit(),
            "machine": machine(),
            "durability": dict(self.durability),
            "options": dict(self.options),
            "contests": [outcome.as_dict() for outcome in self.outcomes],
            "mix": dict(self.mix),
        }

    def text(self) -> str:
        lines = [f"# Measured on {self.measured_at:%Y-%m-%d %H:%M} UTC, commit {_commit()}", ""]
        lines += [f"- machine: {', '.join(f'{k} {v}' for k, v in machine().items())}"]
        lines += [f"- durability: {', '.join(f'{k}={v}' for k, v in self.durability.items())}"]
        lines += [f"- options: {', '.join(f'{k}={v}' for k, v in self.options.items())}"]
        lines += [f"- load1 during the run: {self._load1()}", ""]
        lines += [
            "| measure | ours: median (min–max) | against: median (min–max) | ratio (95 %) | of CPU | goal | reached |",  # noqa: E501
            "|---|---|---|---|---|---|---|",
        ]
        lines += [row for outcome in self.outcomes for row in _rows(outcome)]
        lines += self._mix_text()
        lines += ["", "Milliseconds of CPU per operation, by process, and cores others used:", ""]
        lines += [row for outcome in self.outcomes for row in _cpu(outcome)]
        lines += [row for outcome in self.outcomes for row in _errors(outcome)]
        return "\n".join(lines) + "\n"

    def _load1(self) -> str:
        seen = [load for outcome in self.outcomes for load in outcome.load1]
        return f"{min(seen):.1f}–{max(seen):.1f}" if seen else "not read"

    def _mix_text(self) -> list[str]:
        if not self.mix:
            return []
        lines = ["", f"Open model, {MIX_RATE:g} requests/s, timed from the intended sending:", ""]
        lines += ["| route | n | errors | p50 ms | p95 ms | goal | reached |"]
        lines += ["|---|---|---|---|---|---|---|"]
        for route, goal_ms in MIX_P95_MS.items():
            sample = self.mix.get(route)
            if not sample or not sample["latencies_ms"]:
                lines.append(f"| {route} | 0 | | | | ≤ {goal_ms:.0f} | no |")
                continue
            times, wrong = sample["latencies_ms"], len(sample["errors"])
            word = "yes" if p95(times) <= goal_ms and not wrong else "no"
            median = statistics.median(times)
            cells = [route, str(len(times)), str(wrong), f"{median:.1f}", f"{p95(times):.1f}"]
            lines.append(f"| {' | '.join([*cells, f'≤ {goal_ms:.0f}', word])} |")
        return lines


def _rows(outcome: Outcome) -> list[str]:
    rows = []
    for verdict in outcome.verdicts:
        goal = verdict.goal
        low, high = verdict.interval
        wanted = ""
        if goal.at_least is not None:
            wanted = f"≥ {goal.at_least:g}"
        if goal.at_most is not None:
            wanted = f"≤ {goal.at_most:g}{'' if verdict.base else ' ' + goal.unit}"
        cells = [
            goal.name,
            _spread(verdict.ours, goal.unit),
            _spread(verdict.base, goal.unit) if verdict.base else "",
            f"**{verdict.ratio:.2f}** ({low:.2f}–{high:.2f})" if verdict.base else "",
            "" if verdict.cpu_ratio is None else f"{verdict.cpu_ratio:.2f}",
            wanted,
            verdict.reached,
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _spread(values: Sequence[float], unit: str) -> str:
    median = statistics.median(values)
    digits = 0 if median >= 1000 else 1 if median >= 1 else 3
    low, high = min(values), max(values)
    return f"{median:.{digits}f} {unit.strip()} ({low:.{digits}f}–{high:.{digits}f})"


def _cpu(outcome: Outcome) -> list[str]:
    rows = []
    for arm, by_name in outcome.cpu_ms_per_operation.items():
        shares = ", ".join(f"{name} {ms:.2f}" for name, ms in by_name.items() if ms >= 0.01)
        rows.append(f"- {arm}: {shares}")
    noise = f"at most {max(outcome.others_cores):.2f} cores"
    return [
        *rows,
        f"- others during `{outcome.name}`: {noise}; {outcome.set_aside} rounds set aside",
    ]


def _errors(outcome: Outcome) -> list[str]:
    return [
        f"- **{arm}: {len(errors)} errors**, the first: {errors[0]}"
        for arm, errors in outcome.errors.items()
    ]


def machine() -> dict[str, str]:
    model = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [li for li in cpuinfo.read_text().splitlines() if li.startswith("model name")]
        model = names[0].partition(":")[2].strip() if names else model
    return {
        "processor": model,
        "cores": str(os.cpu_count()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def _commit() -> str:
    described = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=10"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    return described.stdout.strip() or "unknown"
