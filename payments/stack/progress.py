"""Tell people what the stack is doing: a live table on a terminal, plain lines anywhere else."""

import time
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table


class State(StrEnum):
    """How far a part has come."""

    WAITING = "waiting"
    STARTING = "starting"
    OK = "ok"
    FAILED = "failed"


@dataclass(slots=True)
class _Row:
    state: State = State.WAITING
    since: float = 0.0
    took_s: float = 0.0
    note: str = ""


class Progress(Protocol):
    """A `Witness` that can also say things and that ends with the start of the stack."""

    def expect(self, names: list[str]) -> None: ...
    def starting(self, name: str) -> None: ...
    def ready(self, name: str, took_s: float) -> None: ...
    def crashed(self, name: str, how: str, restart_in_s: float, last_words: str) -> None: ...
    def failed(self, name: str) -> None: ...
    def stopping(self, name: str) -> None: ...
    def stopped(self, name: str) -> None: ...
    def say(self, text: str, style: str = "") -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def for_console(console: Console) -> Progress:
    return LiveProgress(console) if console.is_terminal else PlainProgress(console)


class PlainProgress:
    """One line for each thing that has happened."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._was_ready: set[str] = set()

    def expect(self, names: list[str]) -> None:
        self.say(f"starting {', '.join(names)}")

    def starting(self, name: str) -> None:
        if name in self._was_ready:
            self.say(f"{name}: starting again")

    def ready(self, name: str, took_s: float) -> None:
        self._was_ready.add(name)
        self.say(f"{name}: ok after {took_s * 1000:.0f} ms", "green")

    def crashed(self, name: str, how: str, restart_in_s: float, last_words: str) -> None:
        said = f" ({last_words.strip()})" if last_words.strip() else ""
        self.say(f"{name}: {how}{said}; it starts again in {restart_in_s:.1f} s", "yellow")

    def failed(self, name: str) -> None:
        self.say(f"{name}: failed", "red")

    def stopping(self, name: str) -> None:
        pass

    def stopped(self, name: str) -> None:
        self.say(f"{name}: stopped", "dim")

    def say(self, text: str, style: str = "") -> None:
        with suppress(OSError):  # The terminal may be gone; the stack goes on.
            self._console.print(escape(text), style=style or None, highlight=False, soft_wrap=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass


class LiveProgress(PlainProgress):
    """A table with one row for each part, drawn anew while the stack starts."""

    def __init__(self, console: Console) -> None:
        super().__init__(console)
        self._rows: dict[str, _Row] = {}
        self._spinner = Spinner("dots")
        self._live = Live(console=console, get_renderable=self._table, refresh_per_second=12)
        self._drawing = False

    def expect(self, names: list[str]) -> None:
        self._rows = {name: _Row() for name in names}

    def starting(self, name: str) -> None:
        if not self._drawing:
            super().starting(name)
            return
        row = self._rows.setdefault(name, _Row())
        row.state, row.since = State.STARTING, time.monotonic()

    def ready(self, name: str, took_s: float) -> None:
        if not self._drawing:
            super().ready(name, took_s)
            return
        self._was_ready.add(name)
        row = self._rows.setdefault(name, _Row())
        row.state, row.took_s, row.note = State.OK, took_s, ""

    def crashed(self, name: str, how: str, restart_in_s: float, last_words: str) -> None:
        if self._drawing:
            self._rows.setdefault(name, _Row()).note = how
        super().crashed(name, how, restart_in_s, last_words)

    def failed(self, name: str) -> None:
        self._rows.setdefault(name, _Row()).state = State.FAILED

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        now = time.monotonic()
        for name, row in self._rows.items():
            match row.state:
                case State.WAITING:
                    table.add_row(" ", f"[dim]{name}", "[dim]waiting")
                case State.STARTING:
                    took = f"{(now - row.since) * 1000:6.0f} ms {escape(row.note)}"
                    table.add_row(self._spinner, name, f"[yellow]{took}")
                case State.OK:
                    table.add_row("[green]✓", name, f"[green]ok {row.took_s * 1000:6.0f} ms")
                case State.FAILED:
                    table.add_row("[red]✗", name, f"[red]failed {escape(row.note)}")
        return table

    def __enter__(self) -> Self:
        self._drawing = True
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._drawing = False
        with suppress(OSError):
            self._live.stop()
