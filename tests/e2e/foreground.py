"""`python cli.py dev` as somebody at a terminal runs it: with the demo, until Ctrl-C."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # it publishes no type hints

from tests.running_gateway import READY, REPOSITORY, START_TIMEOUT_S

STOP_TIMEOUT_S = 120


class Foreground:
    """One start; `said` is everything it has written so far."""

    def __init__(self, home: Path, number: int, *options: str) -> None:
        self.home = home
        self._output = home.with_name(f"start-{number}.log")
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "cli.py", "dev", "--ports", "auto", *options],
                cwd=REPOSITORY,
                env={**os.environ, "QUITTANCE_HOME": str(home), "COLUMNS": "120"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                # A group of its own, as a shell gives to what runs in the foreground.
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._output.read_text()

    @property
    def told(self) -> dict[str, Any]:
        return dict(json.loads((self.home / "stack.json").read_text()))

    def wait_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while READY not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def receipt(self) -> dict[str, str]:
        """The rows of the receipt that the demo prints."""
        rows = re.findall(r"^│ (.+?) +│ (.+?) +│$", self.said, re.MULTILINE)
        return dict(rows)

    def press_ctrl_c(self) -> int:
        """The terminal sends it to the whole group."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(STOP_TIMEOUT_S)

    def end(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def processes_of(home: Path) -> list[str]:
    """Every living process that has to do with this home, whoever started it."""
    found = []
    for process in psutil.process_iter():
        try:
            words = [*process.cmdline(), *process.environ().values(), process.cwd()]
        except psutil.Error:
            continue
        if any(str(home) in word for word in words):
            found.append(f"{process.pid} {process.name()}")
    return found
