"""PostgreSQL 18 from a wheel, as our own child process: for `make run` and for every test.

with EmbeddedPostgres(directory) as server:
    server.owner_url, server.app_url, server.create_database("another").app_url
"""

import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from payments.stack import postgres_files as files
from payments.stack.ports import LOCALHOST, free_port
from payments.stack.process import Child, Command, ending, tail

OWNER = "quittance_owner"
APP = "quittance_app"
DATABASE = "quittance"

# What the server says while the processes of its killed predecessor are still on their way out.
_STILL_ENDING = "pre-existing shared memory block"

_ROLES = f"""
-- Neither the log nor the statistics may ever repeat a password.
SET log_min_error_statement = panic;
SET pg_stat_statements.track = none;
DO $$ BEGIN
    IF to_regrole('{OWNER}') IS NULL THEN CREATE ROLE {OWNER}; END IF;
    IF to_regrole('{APP}') IS NULL THEN CREATE ROLE {APP}; END IF;
END $$;
-- The owner may create databases, because tests take a fresh one each.
ALTER ROLE {OWNER} LOGIN NOSUPERUSER NOCREATEROLE CREATEDB PASSWORD :'owner_password';
ALTER ROLE {APP} LOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB PASSWORD :'app_password';
GRANT pg_read_all_stats TO {OWNER};
"""

# In the template, so that every database has it: only a superuser could add it later.
_TEMPLATE = f"""
CREATE EXTENSION IF NOT EXISTS pg_stat_statements;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {OWNER};
"""

_NEW_DATABASE = f"""
CREATE DATABASE :"name" OWNER {OWNER} TEMPLATE :"template";
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO {APP};
"""


class PostgresFailed(RuntimeError):
    """The server did not start, or refused a statement of ours; says what it said."""


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """One database, seen by its owner and by the application."""

    name: str
    owner_url: str
    app_url: str


class EmbeddedPostgres:
    """A server on 127.0.0.1 with the two roles of the gateway and one database."""

    def __init__(
        self,
        data_dir: Path,
        port: int = 0,
        *,
        owner_password: str | None = None,
        app_password: str | None = None,
        log: Path | None = None,
        durable: bool = True,
    ) -> None:
        self._settings = files.SETTINGS if durable else files.QUICK
        self.data_dir = data_dir.absolute()
        self.port = port or free_port()
        self.log = log or self.data_dir.with_name(f"{self.data_dir.name}.log")
        self._passwords = {
            OWNER: owner_password or secrets.token_hex(16),
            APP: app_password or secrets.token_hex(16),
        }
        self._account = files.server_account()
        self._socket_dir: Path | None = None
        self._child: Child | None = None

    @property
    def owner_url(self) -> str:
        return self.urls(DATABASE).owner_url

    @property
    def app_url(self) -> str:
        return self.urls(DATABASE).app_url

    @property
    def pid(self) -> int:
        assert self._child is not None, "the server was not started"
        return self._child.pid

    def urls(self, database: str) -> DatabaseUrls:
        owner, app = (
            f"postgresql://{role}:{self._passwords[role]}@{LOCALHOST}:{self.port}/{database}"
            for role in (OWNER, APP)
        )
        return DatabaseUrls(database, owner, app)

    def prepare(self) -> None:
        """Make the data directory ready for a start, also after a crash."""
        files.prepare_data_directory(self.data_dir, self._account)
        files.remove_stale_pid_file(self.data_dir)

    def command(self) -> Command:
        """The server itself; `prepare` comes before each start of it."""
        if self._socket_dir is None:
            self._socket_dir = files.socket_directory(self.data_dir, self._account)
        settings = {
            **self._settings,
            "port": str(self.port),
            "unix_socket_directories": str(self._socket_dir),
            "unix_socket_permissions": "0700",
        }
        options = [word for item in settings.items() for word in ("-c", "=".join(item))]
        return Command(
            name="postgres",
            argv=(files.program("postgres"), "-D", str(self.data_dir), *options),
            env=files.clean_environment(),
            cwd=self.data_dir,
            log=self.log,
            run_as=self._account,
            stop_signal=signal.SIGINT,  # "Fast": ends the sessions, writes a checkpoint.
            orphan_signal=signal.SIGINT,
            grace_s=20,
        )

    def ensure_roles(self) -> None:
        """Create the roles and the database, or give known roles the passwords of this start."""
        variables = {
            "owner_password": self._passwords[OWNER],
            "app_password": self._passwords[APP],
        }
        self.execute(_ROLES, **variables)
        self.execute(_TEMPLATE, database="template1")
        known = self.execute("SELECT 1 FROM pg_database WHERE datname = :'name'", name=DATABASE)
        if not known:
            self.create_database(DATABASE)

    def create_database(self, name: str, *, template: str = "template1") -> DatabaseUrls:
        """A new database that belongs to the owner role; the application may only connect."""
        self.execute(_NEW_DATABASE, name=name, template=template)
        return self.urls(name)

    def execute(self, sql: str, *, database: str = "postgres", **variables: str) -> str:
        """Run statements as superuser through the private socket; answers what they select."""
        settings = [word for item in variables.items() for word in ("-v", "=".join(item))]
        return psql(
            *("-h", str(self._socket_dir), "-p", str(self.port), "-U", files.SUPERUSER),
            *("-d", database, *settings),
            sql=sql,
        )

    def start(self, timeout_s: float = 30) -> None:
        """Start, and return when the roles and the database are there."""
        deadline = time.monotonic() + timeout_s
        self.prepare()
        self._child = Child(self.command())
        while not self.is_ready():
            if self._child.ended.wait(0.02):
                said = self._child.log_tail()
                if _STILL_ENDING not in said or time.monotonic() > deadline:
                    code = self._child.returncode or 0
                    raise PostgresFailed(f"PostgreSQL {ending(code)}:\n{said}")
                self.prepare()
                self._child = Child(self.command())
            if time.monotonic() > deadline:
                self.stop()
                raise PostgresFailed(f"PostgreSQL is not ready:\n{tail(self.log, 20)}")
        self.ensure_roles()

    def is_ready(self) -> bool:
        """Whether the server says in its pid file that it takes connections."""
        try:
            lines = (self.data_dir / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()
        self.forget_socket()

    def forget_socket(self) -> None:
        """Remove the socket's own directory; `command` makes a new one."""
        if self._socket_dir is not None and self._socket_dir != self.data_dir:
            shutil.rmtree(self._socket_dir, ignore_errors=True)
        self._socket_dir = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def psql(*arguments: str, sql: str, password: str | None = None) -> str:
    """Run statements with the wheel's own client; answers what they select, one row a line."""
    environment = files.clean_environment() | {"PGCONNECT_TIMEOUT": "5"}
    if password is not None:
        environment["PGPASSWORD"] = password
    result = subprocess.run(
        [files.program("psql"), "-XqAt", "-w", "-v", "ON_ERROR_STOP=1", *arguments],
        input=sql,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if result.returncode != 0:
        raise PostgresFailed(result.stderr.strip() or f"psql {ending(result.returncode)}")
    return result.stdout.strip()
