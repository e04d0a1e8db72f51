"""Make `.venv` and install the hash-locked requirements into it; `make` runs this when it must.

Run by any Python 3.11 or newer outside of the environment, so only the standard library is used.
"""

import os
import re
import subprocess
import sys
import time
import venv
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
    *("--progress-bar", "off", "--require-hashes", "--requirement", str(REQUIREMENTS)),
)

# How pip begins to fetch a package, to take one from a local file, or to find it installed.
_STEP = re.compile(r"(?:Collecting|Processing|Requirement already satisfied:) ([^=\s]+)")


def main() -> int:
    if sys.version_info < OLDEST:
        sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}")
    started_at = time.monotonic()
    if not _works():
        _say("making .venv")
        venv.create(VENV, with_pip=True, clear=True, symlinks=True)
    code = _install()
    if code != 0:
        return code
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


def _install() -> int:
    """Run pip and show how far it is, one line on a terminal and a few lines elsewhere."""
    pins = len(re.findall(r"^[a-z0-9][^ ]*==", REQUIREMENTS.read_text(), re.MULTILINE))
    said: list[str] = []
    collected = 0
    environment = os.environ | {"PYTHONUNBUFFERED": "1", "VIRTUAL_ENV": str(VENV)}
    with subprocess.Popen(
        [PYTHON, *_PIP],
        env=environment,
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
                collected += 1
                _say_step(f"[{collected}/{pins}] {Path(step[1]).name}")
            elif line.startswith("Installing collected"):
                _say(f"fetched {collected} packages, unpacking them")
    if pip.returncode != 0:
        sys.stdout.write("\n" + "".join(said[-30:]))
        _say(f"pip failed with code {pip.returncode}")
    return pip.returncode


def _let_imports_find_us() -> None:
    # A path file instead of an editable install: it needs no build tool, which would have to be
    # fetched without a hash. The lines are relative, so the repository may be moved.
    site_packages = next((VENV / "lib").glob("python3.*/site-packages"))
    lines = [os.path.relpath(source, site_packages) for source in SOURCES]
    (site_packages / "quittance.pth").write_text("\n".join(lines) + "\n")


def _say(text: str) -> None:
    sys.stdout.write(f"\r\x1b[K{text}\n" if sys.stdout.isatty() else f"{text}\n")
    sys.stdout.flush()


def _say_step(text: str) -> None:
    if sys.stdout.isatty():
        sys.stdout.write(f"\r\x1b[K{text[:78]}")
        sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
