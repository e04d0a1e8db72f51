"""Measure ours against the denominators, interleaved in one run: `python -m bench` (make bench).

python -m bench --quick                     # short windows, for a first look
python -m bench --only status,token         # some contests; `mix` is one of them
python -m bench --denominators              # the denominators alone, without the product
"""

import argparse
import asyncio
import sys

from bench.arms import Arms
from bench.contest import hold
from bench.crew import Crew
from bench.goals import CONTESTS, DENOMINATORS, MIX_RATE
from bench.ground import servers_only, whole_product
from bench.report import Report
from payments.stack.supervisor import PartFailed

MIX = "mix"


def main() -> int:
    options = _options()
    try:
        report = asyncio.run(measure(options))
    except PartFailed as failure:
        sys.stderr.write(f"{failure.log_tail}\n{failure}\n")
        return 1
    path = report.write("denominators" if options.denominators else options.name)
    sys.stdout.write(f"{report.text()}\nwritten to {path}\n")
    return 0


async def measure(options: argparse.Namespace) -> Report:
    known = DENOMINATORS if options.denominators else CONTESTS
    open_ground = servers_only if options.denominators else whole_product
    async with open_ground() as ground, Crew(ground) as crew:
        report = Report(_told(options), await ground.durability())
        arms = Arms(crew, options.seconds, options.warm)
        for name, make in known.items():
            if options.only and name not in options.only:
                continue
            sys.stderr.write(f"measuring {name}\n")
            outcome = await hold(
                make(arms), options.rounds, lambda: crew.pids, patience=options.patience
            )
            report.outcomes.append(outcome)
        if not options.denominators and (not options.only or MIX in options.only):
            sys.stderr.write(f"measuring {MIX} for {options.mix_seconds:.0f} s\n")
            await arms.mix(MIX_RATE, 5)
            report.mix = await arms.mix(MIX_RATE, options.mix_seconds)
        return report


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    known = [*CONTESTS, MIX, *DENOMINATORS]
    parser.add_argument("--only", default="", help=f"of {', '.join(known)}")
    parser.add_argument("--quick", action="store_true", help="two seconds a run, 20 s of mix")
    parser.add_argument("--seconds", type=float, help="the counted window of each run (5)")
    parser.add_argument("--rounds", type=int, default=6, help="runs of each arm (6)")
    parser.add_argument("--patience", type=int, default=12, help="disturbed rounds to repeat (12)")
    parser.add_argument("--warm", type=float, default=0.7, help="uncounted start of each run")
    parser.add_argument("--mix-seconds", type=float, help="how long the open model runs (120)")
    parser.add_argument("--name", default="latest", help="results/NAME.md (latest)")
    parser.add_argument("--denominators", action="store_true", help="without the product")
    options = parser.parse_args()
    options.only = [name for name in options.only.split(",") if name]
    unknown = set(options.only) - set(known)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known are {', '.join(known)}")
    options.seconds = options.seconds or (2.0 if options.quick else 5.0)
    options.mix_seconds = options.mix_seconds or (20.0 if options.quick else 120.0)
    return options


def _told(options: argparse.Namespace) -> dict[str, object]:
    return {"seconds": options.seconds, "rounds": options.rounds, "warm": options.warm}


if __name__ == "__main__":
    sys.exit(main())
