"""Run a program of ours so that it can be profiled: SIGUSR2 begins, the next SIGUSR2 writes.

python -m bench.profiled DIRECTORY PROGRAM [argument …]

Two profiles at once would disturb each other, so PROFILE chooses: `calls` is cProfile, which counts
every call of the main thread; `samples` looks at all threads a thousand times a second.
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
    """Stacks of all threads that do something, one line each: `frame;frame;frame count`."""

    def __init__(self) -> None:
        self._stacks: Counter[str] = Counter()
        self._ended = threading.Event()

    def begin(self) -> None:
        # Otherwise the sampler gets the interpreter only every 5 ms.
        sys.setswitchinterval(_EVERY_S / 2)
        threading.Thread(target=self._sample, daemon=True).start()

    def _sample(self) -> None:
        me = threading.get_ident()
        while not self._ended.wait(_EVERY_S):
            # There is no public name for this; sys.setprofile would see one thread only.
            for ident, frame in sys._current_frames().items():  # noqa: SLF001
                if ident != me:
                    self._stacks[_stack(frame)] += 1

    def write(self, directory: Path) -> None:
        self._ended.set()
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
