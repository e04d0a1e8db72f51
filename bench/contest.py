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
# Strangers may use this much of the machine before a round counts as disturbed.
QUIET_CORES = 0.4


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
    """`prepare` is done before each run, where nobody counts CPU."""

    name: str
    run: Callable[[], Awaitable[Run]]
    prepare: Callable[[], Awaitable[None]] | None = None

    async def make_ready(self) -> None:
        if self.prepare is not None:
            await self.prepare()


@dataclass(frozen=True, slots=True)
class Goal:
    """`ours` and `base` name values. A rate wants at least, a latency at most.

    Without a base the value itself is judged. What is CPU time is not disturbed by others.
    """

    name: str
    ours: str
    base: str = ""
    at_least: float | None = None
    at_most: float | None = None
    unit: str = "/s"
    is_cpu: bool = False


@dataclass(frozen=True, slots=True)
class Contest:
    name: str
    arms: Sequence[Arm]
    goals: Sequence[Goal]


@dataclass(slots=True)
class Verdict:
    """One goal, measured. `interval` is the bootstrap 95 % interval of the ratio. Without a base,
    the ratio is our own median.
    """

    goal: Goal
    ours: list[float]
    base: list[float]
    ratio: float
    interval: tuple[float, float]
    # Of the CPU that one operation of each arm takes, in all processes but the load maker's: what
    # remains comparable on a busy machine. None for a latency.
    cpu_ratio: float | None = None
    quiet: bool = True

    @property
    def reached(self) -> str:
        """An interval that crosses the goal shows nothing, nor does a busy machine."""
        if not self.quiet and (self.goal.at_least or self.goal.at_most):
            return "not shown: machine busy"
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
    # Rounds that were held again, because others had used the processors.
    set_aside: int = 0
    errors: dict[str, list[str]] = field(default_factory=dict)
    verdicts: list[Verdict] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        verdicts = [{**asdict(verdict), "reached": verdict.reached} for verdict in self.verdicts]
        return {**asdict(self), "verdicts": verdicts}


@dataclass(slots=True)
class _Round:
    """Each arm once."""

    runs: dict[str, Run] = field(default_factory=dict)
    cpu: dict[str, dict[str, float]] = field(default_factory=dict)
    others_cores: list[float] = field(default_factory=list)
    load1: list[float] = field(default_factory=list)


async def hold(
    contest: Contest, rounds: int, pids: Callable[[], Mapping[str, int]], *, patience: int = 0
) -> Outcome:
    """Every arm once in each round, in alternating order; before that, once to warm up.

    A round in which others used the processors is set aside and held again, `patience` times at
    the most; what then is still missing is filled with the least disturbed ones.
    """
    for arm in contest.arms:
        await arm.make_ready()
        warm = await arm.run()
        if not warm.operations:
            raise NothingMeasured(f"{arm.name}: {', '.join(warm.errors[:3]) or 'no operation'}")
    held: list[_Round] = []
    while len(held) < rounds + patience:
        arms = contest.arms if len(held) % 2 == 0 else tuple(reversed(contest.arms))
        held.append(await _hold_round(arms, pids))
        if sum(max(one.others_cores) <= QUIET_CORES for one in held) == rounds:
            break
    counted = sorted(held, key=lambda one: max(*one.others_cores, QUIET_CORES))[:rounds]
    outcome = Outcome(contest.name, set_aside=len(held) - len(counted))
    for one in counted:
        _add(outcome, one)
    outcome.cpu_ms_per_operation = {
        arm.name: _medians([one.cpu[arm.name] for one in counted]) for arm in contest.arms
    }
    outcome.verdicts = [_judge(goal, outcome) for goal in contest.goals]
    return outcome


async def _hold_round(arms: Sequence[Arm], pids: Callable[[], Mapping[str, int]]) -> _Round:
    one = _Round()
    for arm in arms:
        await arm.make_ready()
        watch, began_at = CpuWatch(pids()), time.perf_counter()
        run = await arm.run()
        used = watch.read()
        one.runs[arm.name] = run
        each = max(1, run.operations)
        one.cpu[arm.name] = {name: s * 1000 / each for name, s in used.by_name.items()}
        one.others_cores.append(used.others / (time.perf_counter() - began_at))
        one.load1.append(os.getloadavg()[0])
    return one


def _add(outcome: Outcome, one: _Round) -> None:
    for name, run in one.runs.items():
        for value_name, value in run.values.items():
            outcome.values.setdefault(value_name, []).append(value)
        if run.errors:
            outcome.errors.setdefault(name, []).extend(run.errors)
    outcome.others_cores += one.others_cores
    outcome.load1 += one.load1


def _medians(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = {name for row in rows for name in row}
    medians = {name: statistics.median(row.get(name, 0.0) for row in rows) for name in names}
    return {name: round(ms, 3) for name, ms in sorted(medians.items()) if ms >= 0.001}


def _judge(goal: Goal, outcome: Outcome) -> Verdict:
    ours, base = outcome.values[goal.ours], outcome.values.get(goal.base, [])
    cpu = outcome.cpu_ms_per_operation
    cpu_ratio = None
    if goal.ours in cpu and goal.base in cpu:
        cpu_ratio = _without_load(cpu[goal.base]) / _without_load(cpu[goal.ours])
    return Verdict(
        goal,
        ours,
        base,
        ratio=_ratio(ours, base),
        interval=interval(ours, base),
        cpu_ratio=cpu_ratio,
        quiet=goal.is_cpu or max(outcome.others_cores) <= QUIET_CORES,
    )


def _without_load(by_name: Mapping[str, float]) -> float:
    return sum(ms for name, ms in by_name.items() if name != "load")


def interval(ours: Sequence[float], base: Sequence[float]) -> tuple[float, float]:
    """Of the ratio of the medians: the bootstrap's 95 %."""
    chance = random.Random(20260401)
    ratios = sorted(
        _ratio(chance.choices(ours, k=len(ours)), chance.choices(base, k=len(base)) if base else [])
        for _ in range(_RESAMPLES)
    )
    return ratios[int(0.025 * _RESAMPLES)], ratios[int(0.975 * _RESAMPLES)]


def _ratio(ours: Sequence[float], base: Sequence[float]) -> float:
    return statistics.median(ours) / (statistics.median(base) if base else 1.0)


def _word(yes: bool, no: bool) -> str:
    return "yes" if yes else "no" if no else "not shown"
