"""Make `.venv` and install the hash-locked requirements into it; `make` runs this when it must.

Run by any Python 3.11 or newer outside of the environment, so only the standard library is used.
"""

import itertools
import os
import re
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
VENV = REPOSITORY / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = REPOSITORY / "requirements.txt"
# What `import` finds in the environment besides the requirements: our own two packages.
SOURCES = (REPOSITORY, REPOSITORY / "sdks" / "python" / "src")
OLDEST = (3, 11)

_PIP = (
    *("-m", "pip", "--disable-pip-version-check", "--no-input", "install"),
    # The file names everything, so nothing has to be worked out; what is there is compiled at the
    # end, on all cores.
    *("--progress-bar", "off", "--require-hashes", "--no-deps", "--no-compile"),
)
# Fetching and unpacking keep one core busy, or wait for the index.
_AT_ONCE = 3

# One requirement with its hashes.
_PIN = re.compile(r"^[a-z0-9](?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
# How pip begins to fetch a package, to take one from a local file, or to find it installed.
_STEP = re.compile(r"(?:Collecting|Processing|Requirement already satisfied:) ([^=\s]+)")


def main() -> int:
    if sys.version_info < OLDEST:
        sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}")
    started_at = time.monotonic()
    if not _works():
        _say("making .venv")
        venv.create(VENV, with_pip=True, clear=True, symlinks=True)
    if not _install():
        return 1
    _let_imports_find_us()
    (VENV / ".installed").touch()
    _say(f"installed after {time.monotonic() - started_at:.0f} s")
    return 0


def _works() -> bool:
    """Whether there is an environment whose interpreter still runs and is new enough."""
    question = f"import sys, pip; sys.exit(sys.version_info < {OLDEST})"
    try:
        answer = subprocess.run([PYTHON, "-c", question], capture_output=True, check=False)
    except OSError:
        return False
    return answer.returncode == 0


def _install() -> bool:
    """Share the requirements out among a few pips, which have nothing in common but the place."""
    pins = _PIN.findall(REQUIREMENTS.read_text())
    counted = itertools.count(1)
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(_AT_ONCE) as together:
        shares = [Path(directory) / f"requirements-{number}.txt" for number in range(_AT_ONCE)]
        for number, share in enumerate(shares):
            share.write_text("\n".join(pins[number::_AT_ONCE]) + "\n")
        installed = [together.submit(_run_pip, share, counted, len(pins)) for share in shares]
        went_well = [each.result() for each in installed]
    if not all(went_well):
        return False
    _say("all packages are there, compiling them")
    # Some packages carry files that are no Python for anybody.
    subprocess.run([PYTHON, *("-m", "compileall", "-qq", "-j", "0"), _site_packages()], check=False)
    return True


def _run_pip(share: Path, counted: Iterator[int], pins: int) -> bool:
    """Whether it went well; shows on a terminal how far it is, elsewhere only what went wrong."""
    said: list[str] = []
    with subprocess.Popen(
        [PYTHON, *_PIP, "--requirement", str(share)],
        env=os.environ | {"PYTHONUNBUFFERED": "1", "VIRTUAL_ENV": str(VENV)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            said.append(line)
            step = _STEP.match(line)
            if step is not None:
                _say_step(f"[{next(counted)}/{pins}] {Path(step[1]).name}")
    if pip.returncode != 0:
        sys.stdout.write("\n" + "".join(said[-30:]))
        _say(f"pip failed with code {pip.returncode}")
    return pip.returncode == 0


def _let_imports_find_us() -> None:
    # A path file instead of an editable install: it needs no build tool, which would have to be
    # fetched without a hash. The lines are relative, so the repository may be moved.
    site_packages = _site_packages()
    lines = [os.path.relpath(source, site_packages) for source in SOURCES]
    (site_packages / "quittance.pth").write_text("\n".join(lines) + "\n")


def _site_packages() -> Path:
    return next((VENV / "lib").glob("python3.*/site-packages"))


def _say(text: str) -> None:
    sys.stdout.write(f"\r\x1b[K{text}\n" if sys.stdout.isatty() else f"{text}\n")
    sys.stdout.flush()


def _say_step(text: str) -> None:
    if sys.stdout.isatty():
        sys.stdout.write(f"\r\x1b[K{text[:78]}")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
