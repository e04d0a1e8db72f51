"""Children that crash, hang, refuse to end, or outlive their parent."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from payments.stack.leftovers import RUN_ID_VARIABLE, Register, end_leftovers
from payments.stack.living import LivingProcess
from payments.stack.process import Child, Command
from payments.stack.supervisor import NotReady, Part, PartFailed, Supervisor
from tests.stack.running_stack import wait_until


@dataclass
class Diary:
    """A witness that remembers."""

    lines: list[str] = field(default_factory=list)

    def starting(self, name: str) -> None:
        self.lines.append(f"starting {name}")

    def ready(self, name: str, took_s: float) -> None:
        self.lines.append(f"ready {name}")

    def crashed(self, name: str, how: str, restart_in_s: float, last_words: str) -> None:
        self.lines.append(f"crashed {name}: {how}: {last_words}")

    def stopping(self, name: str) -> None:
        self.lines.append(f"stopping {name}")

    def stopped(self, name: str) -> None:
        self.lines.append(f"stopped {name}")


def python(place: Path, name: str, code: str, *, grace_s: float = 10) -> Command:
    return Command(
        name=name,
        argv=(sys.executable, "-c", code),
        env=dict(os.environ),
        cwd=place,
        log=place / f"{name}.log",
        grace_s=grace_s,
    )


def ready_when(file: Path) -> Callable[[], Awaitable[None]]:
    async def probe() -> None:
        if not file.exists():  # noqa: ASYNC240 - one look at a local file
            raise NotReady("the file is missing")

    return probe


async def passes() -> None:
    return


SLEEP = "import time; time.sleep(600)"


@pytest.fixture
def diary() -> Diary:
    return Diary()


@pytest.fixture
def supervisor(tmp_path: Path, diary: Diary) -> Supervisor:
    return Supervisor(Register(tmp_path / "children.json"), diary)


async def test_a_part_is_started_when_its_probe_passes(
    tmp_path: Path, supervisor: Supervisor, diary: Diary
) -> None:
    code = f"import pathlib, time; time.sleep(0.3); pathlib.Path('ready').touch(); {SLEEP}"
    part = Part(command=python(tmp_path, "slow", code), probe=ready_when(tmp_path / "ready"))

    await supervisor.start(part)

    assert (tmp_path / "ready").exists()
    await supervisor.stop(asyncio.Event())
    assert diary.lines == ["starting slow", "ready slow", "stopping slow", "stopped slow"]


async def test_a_crashed_part_is_started_again(
    tmp_path: Path, supervisor: Supervisor, diary: Diary
) -> None:
    await supervisor.start(Part(command=python(tmp_path, "api", SLEEP), probe=passes))
    first = _pid_of(tmp_path, "api")

    os.kill(first, signal.SIGKILL)
    await _until(lambda: diary.lines.count("ready api") > 1)

    assert _pid_of(tmp_path, "api") != first
    assert "crashed api: was ended by SIGKILL: " in diary.lines
    await supervisor.stop(asyncio.Event())


async def test_a_part_that_always_crashes_ends_the_stack_with_its_last_words(
    tmp_path: Path,
    supervisor: Supervisor,
    diary: Diary,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("payments.stack.supervisor._FIRST_RESTART_DELAY_S", 0.01)
    command = python(tmp_path, "api", "import sys; sys.exit('no such table')")

    with pytest.raises(PartFailed, match="api ended with code 1, 6 times within 60 s") as failed:
        await supervisor.start(Part(command=command, probe=ready_when(tmp_path / "never")))

    assert failed.value.log_tail == "no such table"
    assert len([line for line in diary.lines if line.startswith("crashed")]) == 5
    with pytest.raises(PartFailed):
        await supervisor.watch()
    await supervisor.stop(asyncio.Event())


async def test_a_part_that_is_never_ready_ends_the_stack_with_the_reason(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    part = Part(
        command=python(tmp_path, "api", SLEEP),
        probe=ready_when(tmp_path / "never"),
        start_timeout_s=0.2,
    )

    with pytest.raises(PartFailed, match="the file is missing"):
        await supervisor.start(part)

    left = LivingProcess.find(_pid_of(tmp_path, "api"))
    await supervisor.stop(asyncio.Event())
    assert left is not None
    assert not left.is_alive


async def test_a_task_that_fails_says_what_it_said(tmp_path: Path, supervisor: Supervisor) -> None:
    with pytest.raises(PartFailed, match="migrate ended with code 3") as failed:
        await supervisor.run(
            python(tmp_path, "migrate", "print('no database'); exit(3)"), timeout_s=60
        )

    assert failed.value.log_tail == "no database"


async def test_parts_stop_in_reverse_order(
    tmp_path: Path, supervisor: Supervisor, diary: Diary
) -> None:
    for name in ("one", "two", "three"):
        await supervisor.start(Part(command=python(tmp_path, name, SLEEP), probe=passes))

    await supervisor.stop(asyncio.Event())

    assert [line for line in diary.lines if line.startswith("stopped")] == [
        "stopped three",
        "stopped two",
        "stopped one",
    ]


async def test_a_part_that_does_not_listen_is_killed_with_its_whole_group(
    tmp_path: Path, supervisor: Supervisor
) -> None:
    code = (
        "import pathlib, signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "pathlib.Path('ready').write_text(str(grandchild.pid))\n"
        "time.sleep(600)"
    )
    command = python(tmp_path, "deaf", code, grace_s=0.2)
    await supervisor.start(Part(command=command, probe=ready_when(tmp_path / "ready")))
    grandchild = LivingProcess.find(int((tmp_path / "ready").read_text()))
    assert grandchild is not None

    await supervisor.stop(asyncio.Event())

    await _until(lambda: not grandchild.is_alive)


async def test_impatience_ends_the_grace_period(tmp_path: Path, supervisor: Supervisor) -> None:
    code = (
        "import pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        "pathlib.Path('ready').touch(); time.sleep(600)"
    )
    command = python(tmp_path, "deaf", code, grace_s=600)
    await supervisor.start(Part(command=command, probe=ready_when(tmp_path / "ready")))
    at_once = asyncio.Event()
    at_once.set()
    started_at = time.monotonic()

    await supervisor.stop(at_once)

    assert time.monotonic() - started_at < 60


def test_what_a_crashed_leader_leaves_in_its_group_is_ended(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys; "
        "print(subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid)"
    )

    child = Child(python(tmp_path, "leader", code))

    assert child.ended.wait(60)
    orphan = int((tmp_path / "leader.log").read_text())
    wait_until(lambda: LivingProcess.find(orphan) is None)


def test_leftovers_are_ended_and_strangers_with_the_same_number_are_not(tmp_path: Path) -> None:
    register = Register(tmp_path / "children.json")
    ours, stranger = (
        subprocess.Popen(
            [sys.executable, "-c", SLEEP],
            env=os.environ | {RUN_ID_VARIABLE: register.run_id},
            start_new_session=True,
        )
        for _ in range(2)
    )
    register.add("api", ours.pid)
    register.add("worker", stranger.pid)
    written = json.loads((tmp_path / "children.json").read_text())
    written["children"]["worker"]["createdAt"] = 1000.0
    (tmp_path / "children.json").write_text(json.dumps(written))

    try:
        assert end_leftovers(tmp_path / "children.json") == ["api"]
        assert ours.wait(60) != 0
        assert stranger.poll() is None
    finally:
        for process in (ours, stranger):
            process.kill()
            process.wait()


def _pid_of(directory: Path, name: str) -> int:
    return int(json.loads((directory / "children.json").read_text())["children"][name]["pid"])


async def _until(question: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not question():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.02)
