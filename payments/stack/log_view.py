"""Show what the children write: one readable line each, with a coloured name in front.

Children write into files and never into a pipe of ours, so a terminal that was paused, or a
supervisor that is busy, can never make a payment wait.
"""

import asyncio
import json
import re
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

_LOOK_EVERY_S = 0.15
# More than a person can read; under load we say where the rest is and stay out of the way.
MOST_LINES_A_LOOK = 40
_CHUNK_BYTES = 65_536

_COLOURS = (36, 35, 34, 33, 32, 96, 95, 94)
_LEVEL_COLOURS: Mapping[str, int] = {
    "debug": 2,
    "info": 0,
    "warning": 33,
    "error": 31,
    "critical": 31,
}
# Said by structlog in every line and worth no space in ours.
_UNSHOWN = frozenset({"event", "level", "timestamp", "logger", "exception"})
# Servers say much that only their makers understand; what a person needs to see has one of these.
_ALARMING = re.compile(r"\b(WARN|WARNING|ERROR|FATAL|PANIC)\b")


@dataclass(slots=True)
class _Followed:
    name: str
    path: Path
    colour: int
    only_alarming: bool
    position: int
    rest: bytes = b""


@dataclass(slots=True)
class LogView:
    """Follows log files from their present end."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    coloured: bool = False
    _followed: list[_Followed] = field(default_factory=list)
    _width: int = 0

    def add(self, name: str, path: Path, *, only_alarming: bool = False) -> None:
        size = path.stat().st_size if path.exists() else 0
        colour = _COLOURS[len(self._followed) % len(_COLOURS)]
        self._followed.append(_Followed(name, path, colour, only_alarming, size))
        self._width = max(self._width, len(name))

    async def follow(self) -> None:
        """Show new lines until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(_LOOK_EVERY_S)

    def look(self) -> None:
        """Show what has come since the last look."""
        for followed in self._followed:
            lines = [
                line
                for line in _new_lines(followed)
                if not followed.only_alarming or _ALARMING.search(line)
            ]
            for line in lines[:MOST_LINES_A_LOOK]:
                self._say(followed, render(line, coloured=self.coloured))
            left_out = len(lines) - MOST_LINES_A_LOOK
            if left_out > 0:
                self._say(followed, f"… {left_out} more lines in {followed.path}")
        with suppress(OSError):
            self.out.flush()

    def _say(self, followed: _Followed, text: str) -> None:
        name = followed.name.ljust(self._width)
        if self.coloured:
            name = _paint(name, followed.colour)
        for line in text.splitlines():
            with suppress(OSError):  # The terminal may be gone; the stack goes on.
                self.out.write(f"{name} │ {line}\n")


def render(line: str, *, coloured: bool) -> str:
    """One line of a child: JSON of structlog becomes words, anything else stays as it is."""
    entry = _parse(line)
    if entry is None:
        return printable(line)
    level = str(entry.get("level", "info")).lower()
    at = str(entry.get("timestamp", ""))[11:23].rstrip("Z")
    fields = _fields(entry)
    event = printable(str(entry.get("event", "")))
    shown_level = f"{level:<7}"
    if coloured:
        shown_level = _paint(shown_level, _LEVEL_COLOURS.get(level, 0))
        event = _paint(event, 1)
        fields = _paint(fields, 2)
    words = " ".join(word for word in (at, shown_level, event, fields) if word.strip())
    exception = entry.get("exception")
    if isinstance(exception, str) and exception:
        words += "\n" + "\n".join(printable(row) for row in exception.splitlines())
    return words


def printable(text: str) -> str:
    """Without control characters: what a partner sent must not steer somebody's terminal."""
    return "".join(
        char if char.isprintable() or char == "\t" else repr(char)[1:-1] for char in text
    )


def _parse(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and "event" in entry else None


def _fields(entry: Mapping[str, Any]) -> str:
    return " ".join(_pairs((k, v) for k, v in entry.items() if k not in _UNSHOWN))


def _pairs(items: Iterable[tuple[str, Any]]) -> Iterable[str]:
    for name, value in items:
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        shown = printable(text)
        yield f"{printable(name)}={json.dumps(shown) if ' ' in shown else shown}"


def _paint(text: str, colour: int) -> str:
    return f"\x1b[{colour}m{text}\x1b[0m"


def _new_lines(followed: _Followed) -> list[str]:
    try:
        with followed.path.open("rb") as file:
            size = file.seek(0, 2)
            if size < followed.position:  # Somebody has emptied the file.
                followed.position, followed.rest = 0, b""
            file.seek(followed.position)
            read = file.read(size - followed.position)
    except OSError:
        return []
    followed.position += len(read)
    *lines, followed.rest = (followed.rest + read).split(b"\n")
    if len(followed.rest) > _CHUNK_BYTES:
        lines.append(followed.rest)
        followed.rest = b""
    return [line.decode("utf-8", errors="replace").rstrip("\r") for line in lines]
