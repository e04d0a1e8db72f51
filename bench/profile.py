"""Where the time of one route goes: run it under load with one process profiled.

python -m bench.profile status                 # cProfile of the API
python -m bench.profile pay --of worker        # samples of the worker, all threads
python -m bench.profile token --samples --seconds 10

Prints the functions that cost most, and every SQL statement with its calls per operation.
"""

import argparse
import asyncio
import io
import os
import pstats
import re
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from bench.arms import Arms
from bench.card_arms import CardArms
from bench.contest import Arm, Run
from bench.cpu import CpuWatch
from bench.crew import Crew
from bench.ground import Ground, Profiled, whole_product
from bench.jobs import REPOSITORY
from payments.stack.supervisor import PartFailed

_WRITE_TIMEOUT_S: Final = 20.0
_SHOWN: Final = 70
_STATEMENTS: Final = """
SELECT query, calls, total_exec_time AS ms FROM pg_stat_statements
WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
ROUTES: Final[Mapping[str, Callable[[Arms], Arm]]] = {
    "status": Arms.status,
    "replay": Arms.replay,
    "token": Arms.token,
    "lookup": Arms.lookup,
    "lock-pay": Arms.lock_and_pay,
    "one-payer": Arms.one_payer,
    "card": lambda arms: CardArms(arms).payments(),
    "one-card": lambda arms: CardArms(arms).one_payer(),
    "webhook": lambda arms: CardArms(arms).webhooks(),
}


async def measure(options: argparse.Namespace) -> str:
    kind = "samples" if options.samples or options.of == "worker" else "calls"
    os.environ["PROFILE"] = kind
    async with whole_product(Profiled(options.of)) as ground, Crew(ground) as crew:
        arm = ROUTES[options.route](Arms(crew, options.seconds))
        await arm.make_ready()
        await arm.run()  # Connections, prepared statements, caches.
        await arm.make_ready()
        before = await _statements(ground)
        watch = CpuWatch(crew.pids)
        output = ground.home.path / ("samples.txt" if kind == "samples" else "calls.pstats")
        run = await _while_profiled(arm.run, ground.pids[options.of], output)
        lines = [f"{options.route}: {run.operations} operations", *run.errors[:3]]
        lines += [f"  {name} {value:.2f}" for name, value in run.values.items()]
        lines += ["", "CPU, ms per operation (profiling included):"]
        used = watch.read()
        lines += [f"  {n} {s * 1000 / run.operations:.2f}" for n, s in used.by_name.items()]
        lines += ["", "SQL, calls per operation:", *_sql(before, await _statements(ground), run)]
        shown = _samples(output) if kind == "samples" else _calls(output)
        if options.keep:
            shutil.copy(output, options.keep)
        return "\n".join([*lines, "", shown])


async def _while_profiled(work: Callable[[], Awaitable[Run]], pid: int, output: Path) -> Run:
    os.kill(pid, signal.SIGUSR2)
    run = await work()
    os.kill(pid, signal.SIGUSR2)
    async with asyncio.timeout(_WRITE_TIMEOUT_S):
        while not output.exists():  # noqa: ASYNC110, ASYNC240  # one look at a local file
            await asyncio.sleep(0.1)
    return run


async def _statements(ground: Ground) -> dict[str, tuple[int, float]]:
    rows: list[Any] = await ground.read(_STATEMENTS)
    return {row["query"]: (int(row["calls"]), float(row["ms"])) for row in rows}


def _sql(
    before: Mapping[str, tuple[int, float]], after: Mapping[str, tuple[int, float]], run: Run
) -> list[str]:
    lines = []
    for query, (calls, ms) in sorted(after.items(), key=lambda item: -item[1][0]):
        called = calls - before.get(query, (0, 0.0))[0]
        spent = ms - before.get(query, (0, 0.0))[1]
        if called and "pg_stat_statements" not in query:
            words = " ".join(query.split())[:110]
            lines.append(f"  {called / run.operations:6.2f} × {spent / called:7.3f} ms  {words}")
    return lines


def _calls(output: Path) -> str:
    shown = io.StringIO()
    stats = pstats.Stats(str(output), stream=shown)
    for order in ("tottime", "cumulative"):
        stats.sort_stats(order).print_stats(_SHOWN)
    # Of a package's path only what is inside it says anything.
    return re.sub(r"/\S*/(site-packages|python3\.\d+)/", "", shown.getvalue()).replace(
        f"{REPOSITORY}/", ""
    )


def _samples(output: Path) -> str:
    own: Counter[str] = Counter()
    inclusive: Counter[str] = Counter()
    total = 0
    for line in output.read_text().splitlines():
        stack, _, count = line.rpartition(" ")
        frames = stack.split(";")
        if _idles(frames):
            continue
        total += int(count)
        own[frames[-1]] += int(count)
        for frame in set(frames):
            inclusive[frame] += int(count)
    lines = [f"{total} samples of working threads"]
    # The frames everything runs under say nothing.
    for frame in [frame for frame, count in inclusive.items() if count > 0.9 * total]:
        del inclusive[frame]
    for title, counter in (("own", own), ("with all it calls", inclusive)):
        lines += ["", f"share, {title}:"]
        lines += [f"  {100 * n / total:5.1f} %  {f}" for f, n in counter.most_common(_SHOWN)]
    return "\n".join(lines)


def _idles(frames: list[str]) -> bool:
    """A thread that waits for work, or the loop that waits for the network."""
    return frames[-1].endswith(
        (":wait", ":_worker", ":select", ":run_until_complete", ":run", ":_run_once")
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("route", choices=sorted(ROUTES))
    parser.add_argument("--of", choices=("api", "worker"), default="api")
    parser.add_argument("--samples", action="store_true", help="sample instead of cProfile")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--keep", type=Path, help="keep the pstats file or the collapsed stacks")
    try:
        sys.stdout.write(asyncio.run(measure(parser.parse_args())) + "\n")
    except PartFailed as failure:
        sys.stderr.write(f"{failure.log_tail}\n{failure}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
