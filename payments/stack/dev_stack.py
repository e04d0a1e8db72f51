"""Start the whole development stack in its order, tell where it is, and take it down again."""

import asyncio
import json
import os
from collections.abc import Coroutine
from typing import Any

from payments.stack import postgres_files
from payments.stack.home import Home, write_json
from payments.stack.leftovers import Register, end_leftovers
from payments.stack.log_view import LogView
from payments.stack.parts import Plan
from payments.stack.progress import Progress
from payments.stack.supervisor import PartFailed, Supervisor

_SEED_TIMEOUT_S = 240.0
_BIG_LOG_BYTES = 10_000_000
_SERVERS = ("postgres", "temporal")


class DevStack:
    """The running whole. Only for who holds the lock of its home."""

    def __init__(self, plan: Plan, register: Register, progress: Progress) -> None:
        self.plan = plan
        self._progress = progress
        self._supervisor = Supervisor(register, progress)

    async def start(self) -> None:
        """Start everything, each part as early as what it needs is there."""
        self._progress.expect(self.plan.names)
        with self._progress:
            try:
                partners, *_ = await _together(
                    self._record(),
                    self._supervisor.start(self.plan.temporal()),
                    self._supervisor.start(self.plan.sandbox()),
                )
                await _together(
                    *(self._supervisor.start(self.plan.worker(n)) for n in self.plan.worker_names),
                    self._supervisor.start(self.plan.operator()),
                    self._supervisor.start(self.plan.api()),
                )
            except PartFailed as failure:
                self._progress.failed(failure.name)
                raise
        write_json(self.plan.home.stack_file, self._description(partners))

    async def watch(self) -> None:
        """Wait for the first part that cannot be kept running; raises PartFailed."""
        await self._supervisor.watch()

    async def stop(self, at_once: asyncio.Event) -> None:
        self.plan.home.stack_file.unlink(missing_ok=True)
        await self._supervisor.stop(at_once)
        self.plan.database.forget_socket()

    def follow(self, view: LogView) -> None:
        """Show from now on what the parts write."""
        for name in (*_SERVERS, "sandbox", *self.plan.worker_names, "operator", "api"):
            log = self.plan.home.logs / f"{name}.log"
            view.add(name, log, only_alarming=name in _SERVERS)

    async def _record(self) -> list[dict[str, str]]:
        await self._supervisor.start(self.plan.postgres())
        return await self._seed()

    async def _seed(self) -> list[dict[str, str]]:
        """Migrate, and make the partners and billers, in one process: each imports for a second.

        The answer holds secrets and so stays out of the logs.
        """
        output = self.plan.home.path / "seed.json"
        command = self.plan.seed(output)
        try:
            await self._supervisor.run(command, _SEED_TIMEOUT_S)
            return _partners(output.read_text())
        finally:
            output.unlink(missing_ok=True)

    def _description(self, partners: list[dict[str, str]]) -> dict[str, Any]:
        ports = self.plan.ports
        return {
            "api": ports.url("api"),
            "operator": ports.url("operator"),
            "temporalUi": ports.url("temporal-ui"),
            "temporalAddress": ports.address("temporal"),
            "sandbox": ports.url("sandbox"),
            "biller": ports.url("biller"),
            "acquirer": ports.url("acquirer"),
            "receiver": ports.url("receiver"),
            "databaseUrl": self.plan.database.app_url,
            "partners": partners,
            "pid": os.getpid(),
        }


def clean_up_after_a_killed_run(home: Home) -> list[str]:
    """End what was left behind, and put what it had grown out of the way."""
    ended = end_leftovers(home.children_file)
    if postgres_files.end_leftover(home.postgres_data):
        ended.append("postgres")
    home.stack_file.unlink(missing_ok=True)
    for log in home.logs.glob("*.log"):
        if log.stat().st_size > _BIG_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))
    return ended


def _partners(output: str) -> list[dict[str, str]]:
    for line in reversed(output.splitlines()):
        try:
            partners = json.loads(line)["partners"]
        except (ValueError, KeyError, TypeError):
            continue
        return [{key: str(one[key]) for key in ("id", "apiKey", "secret")} for one in partners]
    raise PartFailed("seed", "has not printed its partners", output)


async def _together(*coroutines: Coroutine[Any, Any, Any]) -> list[Any]:
    """What each answers; the first failure ends the others and is raised as it is."""
    tasks = [asyncio.create_task(one) for one in coroutines]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
