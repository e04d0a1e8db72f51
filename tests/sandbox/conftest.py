"""One sandbox for the tests that leave it in order, and a way to start others for the rest."""

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.sandbox.running_sandbox import RunningSandbox
from tests.sandbox.till import Till
from tests.sandbox.trap import Trap

_bills = count(1)


@pytest.fixture(scope="session")
def shared_sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    running = RunningSandbox(tmp_path_factory.mktemp("sandbox") / "journal.jsonl")
    yield running
    running.stop()
    # A crash of the sandbox must not hide behind a test that expected a strange answer anyway.
    assert not [line for line in running.errors if "Traceback" in line or " ERROR " in line]


@pytest.fixture
def sandbox(shared_sandbox: RunningSandbox) -> Iterator[RunningSandbox]:
    yield shared_sandbox
    shared_sandbox.reset()


@pytest.fixture
def till(sandbox: RunningSandbox) -> Till:
    return Till(sandbox)


@pytest.fixture
def trap(sandbox: RunningSandbox) -> Iterator[Trap]:
    """Where the sandbox's webhooks go during this test."""
    with Trap() as trap:
        sandbox.control.put("/control/webhooks", json={"url": trap.url})
        yield trap
        sandbox.control.put("/control/webhooks", json={"url": None})


@pytest.fixture
def bill_number() -> Callable[..., str]:
    """A number nobody has used, with the ending that chooses its behaviour."""
    return lambda ending="00": f"{next(_bills):08d}{ending}"


@pytest.fixture
def start_sandbox(tmp_path: Path) -> Iterator[Callable[..., RunningSandbox]]:
    """Start a sandbox of one's own, or the next one after `previous`."""
    started: list[RunningSandbox] = []

    def start(previous: RunningSandbox | None = None, **environment: str) -> RunningSandbox:
        ports = previous.ports if previous else (0, 0, 0, 0)
        running = RunningSandbox(tmp_path / "journal.jsonl", ports=ports, **environment)
        started.append(running)
        return running

    yield start
    for running in started:
        if running.process.poll() is None:
            running.stop()
