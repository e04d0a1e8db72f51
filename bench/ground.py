"""What everything is measured on: one PostgreSQL, one Temporal, and our processes when wanted.

All of it is made for one run and thrown away after it.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console

from payments.stack import ports
from payments.stack.dev_stack import DevStack
from payments.stack.home import Home, read_json
from payments.stack.leftovers import Register
from payments.stack.parts import Plan
from payments.stack.postgres_files import SETTINGS
from payments.stack.progress import PlainProgress
from payments.stack.supervisor import Part
from payments.stack.temporal import SQLITE_PRAGMAS

TABLES = Path(__file__).with_name("denominators") / "tables.sql"


@dataclass(frozen=True, slots=True)
class Ground:
    """Addresses of a running whole, and the process ids by name for counting CPU seconds."""

    home: Home
    app_url: str
    owner_url: str
    temporal_address: str
    pids: Mapping[str, int]
    # What a process of ours reads, for a driver that runs our code without the API.
    environment: Mapping[str, str]
    api_port: int
    acquirer_port: int = 0
    partners: tuple[Mapping[str, str], ...] = ()

    async def read(self, sql: str, *parameters: object) -> list[Any]:
        """Look into the database as its owner."""
        connection = await asyncpg.connect(self.owner_url)
        try:
            rows: list[Any] = await connection.fetch(sql, *parameters)
        finally:
            await connection.close()
        return rows

    def secret(self, name: str, of: str) -> str:
        """What the pretend world knows: `SANDBOX_WEBHOOK_SECRETS`, of NORTH."""
        pairs = (pair.split("=", 1) for pair in self.home.secrets()[name].split(","))
        return dict(pairs)[of]

    async def durability(self) -> dict[str, str]:
        """The settings without which no figure means anything."""
        rows = await self.read(
            "SELECT name, setting FROM pg_settings WHERE name = ANY($1)",
            ["fsync", "synchronous_commit", "full_page_writes", "wal_sync_method"],
        )
        known = {f"postgres.{row['name']}": row["setting"] for row in rows}
        sqlite = {f"temporal.sqlite.{name}": value for name, value in SQLITE_PRAGMAS.items()}
        return {**known, "postgres.shared_buffers": SETTINGS["shared_buffers"], **sqlite}


@dataclass(frozen=True, slots=True)
class Profiled:
    """Which process runs under bench.profiled; none in a measurement."""

    name: str = ""

    def wrapped(self, part: Part, home: Home) -> Part:
        if part.name != self.name:
            return part
        argv = (sys.executable, "-m", "bench.profiled", str(home.path), *part.command.argv[1:])
        return replace(part, command=replace(part.command, argv=argv))


class _BenchPlan(Plan):
    """The stack of everybody, on free ports, perhaps with one process profiled."""

    def __init__(self, home: Home, register: Register, profiled: Profiled) -> None:
        super().__init__(home, ports.choose("auto"), home.secrets(), register.run_id)
        self._profiled = profiled

    def worker(self, name: str) -> Part:
        return self._profiled.wrapped(super().worker(name), self.home)

    def api(self) -> Part:
        return self._profiled.wrapped(super().api(), self.home)


@asynccontextmanager
async def whole_product(profiled: Profiled | None = None) -> AsyncIterator[Ground]:
    """Everything `make run` starts, each process as it runs for everybody."""
    home = Home.make_ephemeral()
    with home.locked():
        register = Register(home.children_file)
        plan = _BenchPlan(home, register, profiled or Profiled())
        stack = DevStack(plan, register, PlainProgress(Console(stderr=True, quiet=True)))
        try:
            await stack.start()
            described = read_json(home.stack_file)
            children = read_json(home.children_file)["children"]
            pids = {name: int(child["pid"]) for name, child in children.items()}
            ground = _ground(plan, pids, tuple(described["partners"]))
            await _prepare(ground)
            yield ground
        finally:
            await stack.stop(asyncio.Event())


@asynccontextmanager
async def servers_only() -> AsyncIterator[Ground]:
    """PostgreSQL and Temporal: all that a denominator needs."""
    home = Home.make_ephemeral()
    with home.locked():
        plan = _BenchPlan(home, Register(home.children_file), Profiled())
        # Not in a thread: the kernel ties a child's life to the thread that started it.
        plan.database.start()
        try:
            async with plan.engine:
                pids = {"postgres": plan.database.pid, "temporal": plan.engine.pid}
                ground = _ground(plan, pids, ())
                await _prepare(ground)
                yield ground
        finally:
            plan.database.stop()


def _ground(plan: Plan, pids: Mapping[str, int], partners: tuple[Mapping[str, str], ...]) -> Ground:
    return Ground(
        home=plan.home,
        app_url=plan.database.app_url,
        owner_url=plan.database.owner_url,
        temporal_address=plan.ports.address("temporal"),
        pids=pids,
        environment=plan.environment(),
        api_port=plan.ports["api"],
        acquirer_port=plan.ports["acquirer"],
        partners=partners,
    )


async def _prepare(ground: Ground) -> None:
    """The plain tables of the denominators."""
    connection = await asyncpg.connect(ground.owner_url)
    try:
        await connection.execute(TABLES.read_text())
    finally:
        await connection.close()
