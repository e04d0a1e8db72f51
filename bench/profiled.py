"""Run a program of ours so that it can be profiled: SIGUSR2 begins, the next SIGUSR2 writes.

python -m bench.profiled DIRECTORY PROGRAM [argument …]

Two profiles at once would disturb each other, so PROFILE chooses: `calls` is cProfile, which counts
every call of the main thread; `samples` looks at all threads every millisecond of CPU time.
"""

import cProfile
import os
import runpy
import signal
import sys
import threading
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Protocol

_EVERY_S = 0.001


class Profiler(Protocol):
    def begin(self) -> None: ...

    def write(self, directory: Path) -> None: ...


class Calls:
    def __init__(self) -> None:
        self._profile = cProfile.Profile()

    def begin(self) -> None:
        self._profile.enable()

    def write(self, directory: Path) -> None:
        self._profile.disable()
        self._profile.dump_stats(directory / "calls.pstats.new")
        (directory / "calls.pstats.new").rename(directory / "calls.pstats")


class Samples:
    """Stacks of all threads, one line each: `frame;frame;frame count`.

    A sample is taken by the clock of used CPU time. A sampling thread would be let in mostly where
    somebody gives the interpreter lock away, and would see little else.
    """

    def __init__(self) -> None:
        self._stacks: Counter[str] = Counter()

    def begin(self) -> None:
        # Otherwise the main thread, which takes the sample, may wait 5 ms for the interpreter.
        sys.setswitchinterval(_EVERY_S / 4)
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, _EVERY_S, _EVERY_S)

    def _sample(self, _number: int, frame: FrameType | None) -> None:
        # There is no public name for this; a tracing hook would see one thread only.
        frames = dict(sys._current_frames())  # noqa: SLF001
        frames.pop(threading.get_ident())
        for stack in [_stack(frame), *map(_stack, frames.values())]:
            self._stacks[stack] += 1

    def write(self, directory: Path) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        lines = [f"{stack} {count}" for stack, count in self._stacks.most_common()]
        (directory / "samples.txt.new").write_text("\n".join(lines) + "\n")
        (directory / "samples.txt.new").rename(directory / "samples.txt")


def _stack(frame: FrameType | None) -> str:
    names: list[str] = []
    while frame is not None:
        code = frame.f_code
        names.append(f"{'/'.join(Path(code.co_filename).parts[-2:])}:{code.co_name}")
        frame = frame.f_back
    return ";".join(reversed(names))


def main() -> None:
    directory, program = Path(sys.argv[1]), sys.argv[2]
    profiler: Profiler = Samples() if os.environ.get("PROFILE") == "samples" else Calls()
    started = False

    def toggle(_number: int, _frame: FrameType | None) -> None:
        nonlocal started
        if started:
            profiler.write(directory)
        else:
            profiler.begin()
        started = True

    signal.signal(signal.SIGUSR2, toggle)
    sys.argv = sys.argv[2:]
    sys.path[0] = str(Path.cwd())
    if program == "-m":
        sys.argv = sys.argv[1:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(program, run_name="__main__")


if __name__ == "__main__":
    main()
