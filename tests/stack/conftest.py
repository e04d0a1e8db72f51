"""Stacks for the tests: started on request, ended whatever happens."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stack.running_stack import RunningStack, put_stand_ins


@pytest.fixture
def place() -> Iterator[Path]:
    # Not tmp_path: PostgreSQL runs as another user, and pytest closes its directories to others.
    with tempfile.TemporaryDirectory(prefix="qt-") as directory:
        yield Path(directory)


@pytest.fixture
def start_stack(place: Path) -> Iterator[Callable[..., RunningStack]]:
    put_stand_ins(place)
    started: list[RunningStack] = []

    def start(*options: str, **how: Any) -> RunningStack:
        stack = RunningStack(place, place / "home", *options, **how)
        started.append(stack)
        return stack

    yield start
    for stack in started:
        stack.end()
