"""Run arms against each other in one run, A B / B A / A B …, and judge the ratios of their medians.

On a shared machine a figure alone says little; two figures taken alternately within the same
minutes say how they relate.
"""

import os
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench.cpu import CpuWatch

_RESAMPLES = 2000


class NothingMeasured(RuntimeError):
    """An arm did not complete a single operation; says what went wrong."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one arm. `values` may hold several figures of the same run."""

    values: Mapping[str, float]
    operations: int
    errors: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Arm:
    name: str
    run: Callable[[], Awaitable[Run]]


@dataclass(frozen=True, slots=True)
class Goal:
    """`ours` and `base` name values. A rate wants at least, a latency at most."""

    name: str
    ours: str
    base: str
    at_least: float | None = None
    at_most: float | None = None
    unit: str = "/s"


@dataclass(frozen=True, slots=True)
class Contest:
    name: str
    arms: Sequence[Arm]
    goals: Sequence[Goal]


@dataclass(slots=True)
class Verdict:
    """One goal, measured. `interval` is the bootstrap 95 % interval of the ratio."""

    goal: Goal
    ours: list[float]
    base: list[float]
    ratio: float
    interval: tuple[float, float]

    @property
    def reached(self) -> str:
        """An interval that crosses the goal shows nothing, either way."""
        low, high = self.interval
        if self.goal.at_least is not None:
            return _word(low >= self.goal.at_least, high < self.goal.at_least)
        if self.goal.at_most is not None:
            return _word(high <= self.goal.at_most, low > self.goal.at_most)
        return ""


@dataclass(slots=True)
class Outcome:
    """All runs of a contest: figures by value, CPU by arm, noise, errors."""

    name: str
    values: dict[str, list[float]] = field(default_factory=dict)
    cpu_ms_per_operation: dict[str, dict[str, float]] = field(default_factory=dict)
    load1: list[float] = field(default_factory=list)
    others_cores: list[float] = field(default_factory=list)
    errors: dict[str, list[str]] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        verdicts = [{**asdict(verdict), "reached": verdict.reached} for verdict in self.verdicts]
        return {**asdict(self), "verdicts": verdicts}


async def hold(contest: Contest, rounds: int, pids: Callable[[], Mapping[str, int]]) -> Outcome:
    """Every arm once in each round, in alternating order; the first round only warms up."""
    outcome = Outcome(contest.name)
    spent: dict[str, list[dict[str, float]]] = {}
    for arm in contest.arms:
        warm = await arm.run()
        if not warm.operations:
            raise NothingMeasured(f"{arm.name}: {', '.join(warm.errors[:3]) or 'no operation'}")
    for number in range(rounds):
        for arm in contest.arms if number % 2 == 0 else tuple(reversed(contest.arms)):
            watch = CpuWatch(pids())
            began_at = time.perf_counter()
            run = await arm.run()
            used = watch.read()
            for name, value in run.values.items():
                outcome.values.setdefault(name, []).append(value)
            if run.operations:
                per_operation = {n: s * 1000 / run.operations for n, s in used.by_name.items()}
                spent.setdefault(arm.name, []).append(per_operation)
            outcome.others_cores.append(used.others / (time.perf_counter() - began_at))
            outcome.load1.append(os.getloadavg()[0])
            if run.errors:
                outcome.errors.setdefault(arm.name, []).extend(run.errors)
    outcome.cpu_ms_per_operation = {arm: _medians(rows) for arm, rows in spent.items()}
    outcome.verdicts = [_judge(goal, outcome) for goal in contest.goals]
    return outcome


def _medians(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = {name for row in rows for name in row}
    medians = {name: statistics.median(row.get(name, 0.0) for row in rows) for name in names}
    return {name: round(ms, 3) for name, ms in sorted(medians.items()) if ms >= 0.001}


def _judge(goal: Goal, outcome: Outcome) -> Verdict:
    ours, base = outcome.values[goal.ours], outcome.values[goal.base]
    ratio = statistics.median(ours) / statistics.median(base)
    return Verdict(goal, ours, base, ratio, _interval(ours, base))


def _interval(ours: Sequence[float], base: Sequence[float]) -> tuple[float, float]:
    chance = random.Random(20260401)
    ratios = sorted(
        statistics.median(chance.choices(ours, k=len(ours)))
        / statistics.median(chance.choices(base, k=len(base)))
        for _ in range(_RESAMPLES)
    )
    return ratios[int(0.025 * _RESAMPLES)], ratios[int(0.975 * _RESAMPLES)]


def _word(yes: bool, no: bool) -> str:
    return "yes" if yes else "no" if no else "not shown"
