"""`python cli.py …` as an operator types it, without waiting for its imports each time.

It has the environment, the arguments, the exit code and the output of a process of its own.
"""

import os
import runpy
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tests.cradle import CRADLE

REPOSITORY: Final = Path(__file__).parents[1]
_WITHIN_S: Final = 60


def reading(database_url: str, **more: str) -> dict[str, str]:
    """What a command that opens the record finds in its environment; the keys are all noughts."""
    key = urlsafe_b64encode(bytes(32)).decode()
    keys = {f"QUITTANCE_{name}_KEYS": key for name in ("SECRET", "TOKEN", "ANSWER")}
    return {**os.environ, "QUITTANCE_DATABASE_URL": database_url, **keys, **more}


def typed(environment: Mapping[str, str], *arguments: str) -> "subprocess.CompletedProcess[str]":
    words = ["cli.py", *arguments]
    with TemporaryDirectory() as directory:
        output, complaint = Path(directory) / "output", Path(directory) / "complaint"
        process = CRADLE.Process(
            target=_run, args=(words, dict(environment), output, complaint), daemon=True
        )
        process.start()
        process.join(_WITHIN_S)
        if process.exitcode is None:
            process.kill()
            raise subprocess.TimeoutExpired(words, _WITHIN_S)
        return subprocess.CompletedProcess(
            words, process.exitcode, output.read_text(), complaint.read_text()
        )


def _run(words: Sequence[str], environment: Mapping[str, str], output: Path, error: Path) -> None:
    os.chdir(REPOSITORY)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in ((1, output), (2, error)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    sys.argv = list(words)
    runpy.run_path("cli.py", run_name="__main__")
