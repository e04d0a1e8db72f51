"""What every scene of the demo needs: where the stack is, and how a step is told and shown.

Everything is seen through the doors that others have: the partner's SDK, Temporal's own client, the
operator's app, and the ledger in PostgreSQL.
"""

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from quittance import AsyncQuittance
from rich.console import Console
from temporalio.client import Client

from payments.bootstrap import open_ledger
from payments.cli.tables import entries_table

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Stack:
    """What stack.json says of a running stack."""

    api: str
    operator: str
    acquirer: str
    temporal_address: str
    temporal_ui: str
    database_url: str
    api_key: str
    secret: str

    @classmethod
    def read(cls, home: Path) -> Self:
        """Raises FileNotFoundError when no stack is running there."""
        told: dict[str, Any] = json.loads((home / "stack.json").read_text())
        partner = told["partners"][0]
        return cls(
            api=told["api"],
            operator=told["operator"],
            acquirer=told["acquirer"],
            temporal_address=told["temporalAddress"],
            temporal_ui=told["temporalUi"],
            database_url=told["databaseUrl"],
            api_key=partner["apiKey"],
            secret=partner["secret"],
        )

    def partner(self) -> AsyncQuittance:
        return AsyncQuittance(self.api, self.api_key, self.secret)


class Stage:
    """Runs a step and says in one line what came of it and how long it took."""

    def __init__(self, stack: Stack, console: Console) -> None:
        self.stack = stack
        self.console = console

    async def told(
        self, name: str, step: Callable[[], Awaitable[T]], tell: Callable[[T], str]
    ) -> T:
        started = time.perf_counter()
        result = await step()
        elapsed_ms = (time.perf_counter() - started) * 1000
        self.say(name, f"{tell(result)}  [dim]{elapsed_ms:.0f} ms[/]")
        return result

    def say(self, name: str, text: str) -> None:
        self.console.print(f"  [bold]{name:<8}[/] {text}", soft_wrap=True)

    async def show_engine(self, workflow_id: str) -> None:
        client = await Client.connect(self.stack.temporal_address)
        history = await client.get_workflow_handle(workflow_id).fetch_history()
        self.say("temporal", f"{workflow_id}: {len(history.events)} events in its history")
        self.say("", f"{self.stack.temporal_ui}/namespaces/default/workflows/{workflow_id}")

    async def show_ledger(self, subject: str) -> None:
        async with open_ledger(self.stack.database_url) as ledger:
            entries = await ledger.entries(subject)
        self.console.print(entries_table(subject, entries))
