"""A real Node, for what only npm's own packages can tell; no test is skipped for want of one."""

import os
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Final

# What a partner installs, and what the tests need to compile as that partner would.
PACKAGES: Final = ("standardwebhooks@1.1.1", "typescript@5.9.3", "@types/node@20")
INSTALL_TIMEOUT_S: Final = 300


class NoNode(Exception):
    """There is no Node: the tests that need one cannot tell anything."""


class NodeFailed(Exception):
    """npm could not install, or what was to be compiled is wrong; it says which."""


def node() -> str:
    return _program("node")


def install(folder: Path) -> None:
    """The packages, in this folder's node_modules, from whichever registry npm is set to."""
    npm = _program("npm")
    options = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"]
    options.append("--fetch-retries=1")
    _run([npm, "install", *options, "--prefix", str(folder), *PACKAGES], folder)


def compile_strictly(source: Path, folder: Path) -> Path:
    """TypeScript to JavaScript, beside the packages, with everything checked."""
    compiler = folder / "node_modules" / "typescript" / "bin" / "tsc"
    copied = shutil.copy(source, folder / source.name)
    (folder / "package.json").write_text('{"type": "module"}')
    options = ["--strict", "--target", "es2022", "--module", "nodenext", "--types", "node"]
    _run([node(), str(compiler), *options, str(copied)], folder)
    return folder / source.with_suffix(".js").name


def _environment() -> dict[str, str]:
    """Node brings certificates of its own; here it trusts whom this machine trusts."""
    trusted = ssl.get_default_verify_paths().cafile
    known = {"NODE_EXTRA_CA_CERTS": trusted} if trusted else {}
    return {**known, **os.environ}


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise NoNode(f"install Node 20 or newer: there is no {name} on the path")
    return found


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_TIMEOUT_S,
        env=_environment(),
    )
    if done.returncode != 0:
        raise NodeFailed((done.stdout + done.stderr)[-2000:])
