"""The directory in which a development stack keeps its state between starts: `QUITTANCE_HOME`."""

import base64
import fcntl
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

REPOSITORY = Path(__file__).resolve().parents[2]
SANDBOX_ACQUIRERS = ("NORTH", "SOUTH")
SANDBOX_RAILS = ("GIRO", "PUSH")


class HomeInUse(RuntimeError):
    """Another stack runs on this home; says which process."""


class HomeNotEmpty(RuntimeError):
    """An ephemeral stack would have to delete files it has not made."""


@dataclass(frozen=True, slots=True)
class Home:
    """Where everything of one stack lies."""

    path: Path
    ephemeral: bool = False

    @classmethod
    def find(cls) -> Self:
        """`QUITTANCE_HOME`, or `.quittance` beside the code."""
        named = os.environ.get("QUITTANCE_HOME")
        return cls(Path(named).absolute() if named else REPOSITORY / ".quittance")

    @classmethod
    def make_ephemeral(cls) -> Self:
        """A home that is removed at the end: a new one, or an empty one the caller has named."""
        named = os.environ.get("QUITTANCE_HOME")
        if not named:
            return cls(Path(tempfile.mkdtemp(prefix="quittance-")), ephemeral=True)
        path = Path(named).absolute()
        if path.exists() and any(path.iterdir()):
            raise HomeNotEmpty(f"{path} is not empty, so --ephemeral must not remove it")
        return cls(path, ephemeral=True)

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def postgres_data(self) -> Path:
        return self.path / "postgres" / "data"

    @property
    def temporal_db(self) -> Path:
        return self.path / "temporal" / "temporal.db"

    @property
    def journal(self) -> Path:
        return self.path / "sandbox" / "journal.jsonl"

    @property
    def stack_file(self) -> Path:
        return self.path / "stack.json"

    @property
    def children_file(self) -> Path:
        return self.path / "children.json"

    @property
    def ports_file(self) -> Path:
        return self.path / "ports.json"

    def ready_file(self, name: str) -> Path:
        return self.path / "ready" / name

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the home for one stack; the kernel lets go of it when we die, however we die."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.path / "lock").open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                lock.seek(0)
                pid = lock.read().strip() or "unknown"
                raise HomeInUse(_in_use(self, pid)) from None
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            # What is in them is for nobody else, also where PostgreSQL's own user may pass by.
            state = (self.journal.parent, self.temporal_db.parent, self.ready_file("any").parent)
            for directory in (self.logs, *state):
                directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                yield
            finally:
                lock.truncate(0)
                if self.ephemeral:
                    shutil.rmtree(self.path, ignore_errors=True)

    def secrets(self) -> dict[str, str]:
        """The keys and passwords of this stack, made once and kept."""
        path = self.path / "secrets.env"
        known: dict[str, str] = {}
        with suppress(FileNotFoundError):
            lines = (line.strip() for line in path.read_text().splitlines())
            pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
            known = {name.strip(): value.strip() for name, _, value in pairs}
        missing: dict[str, Callable[[], str]] = {
            "QUITTANCE_SECRET_KEYS": _key,
            "QUITTANCE_TOKEN_KEYS": _key,
            "QUITTANCE_ANSWER_KEYS": _key,
            "QUITTANCE_POSTGRES_OWNER_PASSWORD": _password,
            "QUITTANCE_POSTGRES_APP_PASSWORD": _password,
            "SANDBOX_ACQUIRER_SECRETS": partial(_secrets_of, SANDBOX_ACQUIRERS),
            "SANDBOX_WEBHOOK_SECRETS": partial(_webhook_secrets_of, SANDBOX_ACQUIRERS),
            "SANDBOX_RAIL_SECRETS": partial(_secrets_of, SANDBOX_RAILS),
            "SANDBOX_RAIL_WEBHOOK_SECRETS": partial(_webhook_secrets_of, SANDBOX_RAILS),
        }
        made = {name: make() for name, make in missing.items() if name not in known}
        if made:
            write_private(path, "".join(f"{n}={v}\n" for n, v in (known | made).items()))
        return known | made


def read_json(path: Path) -> Any:
    """A small state file of ours, or None when it is missing or was never finished."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    write_private(path, json.dumps(value, indent=2) + "\n")


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step; nobody else can ever read it, and nobody sees half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # Mode 600.
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _in_use(home: Home, pid: str) -> str:
    running = read_json(home.stack_file) or {}
    where = f" at {running['api']}" if "api" in running else ""
    return (
        f"a stack already runs on {home.path}: process {pid}{where}. "
        "Stop it first, or choose another QUITTANCE_HOME."
    )


def _secrets_of(houses: Sequence[str]) -> str:
    return ",".join(f"{name}={secrets.token_urlsafe(32)}" for name in houses)


def _webhook_secrets_of(houses: Sequence[str]) -> str:
    made = {name: base64.b64encode(secrets.token_bytes(32)).decode() for name in houses}
    return ",".join(f"{name}=whsec_{secret}" for name, secret in made.items())


def _key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()


def _password() -> str:
    return secrets.token_hex(16)
