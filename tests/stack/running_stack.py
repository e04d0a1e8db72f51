"""`cli.py dev` as its own process, with stand-ins for the gateway's programs."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # it publishes no type hints

from payments.stack.leftovers import RUN_ID_VARIABLE
from payments.stack.living import LivingProcess

REPOSITORY = Path(__file__).parents[2]
_START = """
import sys
from pathlib import Path
from payments.cli import dev

root, ports, *options = sys.argv[1:]
switches = {option[2:].replace("-", "_"): True for option in options}
sys.exit(dev.run(root=Path(root), ports=ports, **switches))
"""


def wait_until(question: Callable[[], bool], timeout_s: float = 120) -> None:
    deadline = time.monotonic() + timeout_s
    while not question():
        assert time.monotonic() < deadline, f"nothing after {timeout_s} s"
        time.sleep(0.02)


def put_stand_ins(root: Path) -> None:
    for name in ("cli.py", "worker.py", "sandbox.py"):
        shutil.copy(Path(__file__).with_name("stand_in.py"), root / name)


class RunningStack:
    """One supervisor process, what it has said, and every process that carries its mark."""

    def __init__(
        self,
        root: Path,
        home: Path,
        *options: str,
        ports: str = "auto",
        stdin: int = subprocess.DEVNULL,
        **env: str,
    ) -> None:
        self.home = home
        self._output = root / f"output-{time.monotonic_ns()}.txt"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _START, str(root), ports, *options],
                env=os.environ | {"QUITTANCE_HOME": str(home)} | env,
                cwd=REPOSITORY,
                stdin=stdin,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def said(self) -> str:
        return self._output.read_text()

    @property
    def description(self) -> dict[str, Any]:
        return dict(json.loads((self.home / "stack.json").read_text()))

    def works(self) -> dict[str, str | None]:
        """What each worker was told to do."""
        return {
            name: psutil.Process(child["pid"]).environ().get("QUITTANCE_WORK")
            for name, child in self._children().items()
            if name.startswith("worker")
        }

    def _children(self) -> dict[str, Any]:
        return dict(json.loads((self.home / "children.json").read_text())["children"])

    def child(self, name: str) -> LivingProcess:
        found = LivingProcess.find(self._children()[name]["pid"])
        assert found is not None, f"{name} does not run"
        return found

    def wait_ready(self) -> "RunningStack":
        self.wait_said("quittance is ready\n")
        return self

    def wait_said(self, text: str) -> None:
        def heard() -> bool:
            assert text in self.said or self.process.poll() is None, self.said
            return text in self.said

        wait_until(heard)

    def family(self) -> list[LivingProcess]:
        """Every living process of this run."""
        run_id = json.loads((self.home / "children.json").read_text())["runId"]
        return [one for one in LivingProcess.everyone() if one.variable(RUN_ID_VARIABLE) == run_id]

    def wait_end(self, timeout_s: float = 120) -> int:
        return self.process.wait(timeout_s)

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.wait_end()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.wait_end()
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
