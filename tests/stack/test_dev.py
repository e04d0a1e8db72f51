"""`cli.py dev` from the outside: a process, its signals, its files and what it leaves behind."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable

import httpx2

from payments.stack.ports import choose
from payments.stack.postgres import psql
from tests.stack.running_stack import RunningStack, wait_until

Start = Callable[..., RunningStack]


def test_a_stack_pays_tells_where_it_is_refuses_a_second_and_ends_with_ctrl_c(
    start_stack: Start,
) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    stack = start_stack().wait_ready()

    assert stack.description["pid"] == stack.process.pid
    assert (stack.home / "stack.json").stat().st_mode & 0o777 == 0o600
    assert [one["id"] for one in stack.description["partners"]] == ["partner_1", "partner_2"]
    for part in ("api", "operator", "sandbox"):
        assert httpx2.get(f"{stack.description[part]}/health").status_code == 200
    assert httpx2.get(stack.description["temporalUi"]).status_code == 200
    for outside in ("acquirer", "receiver"):
        assert stack.description[outside].startswith("http://127.0.0.1:")
    assert psql(stack.description["databaseUrl"], sql="SELECT 1") == "1"
    assert "one bill was paid" in stack.said
    assert "qs_partner_1" not in "".join(log.read_text() for log in stack.home.rglob("*.log"))
    assert stack.works() == {"worker": "counter,webhooks", "worker-batches": "batches"}
    family = stack.family()
    assert len(family) >= 7

    second = start_stack()
    assert second.wait_end() == 2
    refusal = f"process {stack.process.pid} at {stack.description['api']}"
    assert refusal in " ".join(second.said.split())

    assert stack.interrupt() == 0

    assert not [one for one in family if one.is_alive]
    assert not (stack.home / "stack.json").exists()
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_a_killed_stack_takes_its_children_along_and_the_next_finds_its_state(
    start_stack: Start,
) -> None:
    first = start_stack("--no-demo").wait_ready()
    before, family = first.description, first.family()
    psql(_owner_url(first), sql="CREATE TABLE kept (id int)")
    assert len(family) >= 6

    first.process.kill()
    wait_until(lambda: not [one for one in family if one.is_alive])

    second = start_stack("--no-demo").wait_ready()
    assert {**second.description, "pid": 0} == {**before, "pid": 0}
    assert psql(_owner_url(second), sql="SELECT count(*) FROM kept") == "0"


def test_a_stack_ends_with_whoever_holds_its_standard_input(start_stack: Start) -> None:
    reading, writing = os.pipe()
    holder = subprocess.Popen(
        [sys.executable, "-c", "import time; time.sleep(600)"], pass_fds=[writing]
    )
    os.close(writing)
    stack = start_stack("--no-demo", "--until-eof", stdin=reading).wait_ready()
    os.close(reading)
    family = stack.family()
    assert len(family) >= 6

    holder.kill()
    holder.wait()

    assert stack.wait_end() == 0
    assert not [one for one in family if one.is_alive]


def test_a_crashed_part_comes_back_at_the_same_place(start_stack: Start) -> None:
    stack = start_stack("--no-demo", "--together").wait_ready()
    assert stack.works() == {"worker": None}
    api = stack.child("api")
    postgres = stack.child("postgres")

    api.send(signal.SIGKILL)
    postgres.send(signal.SIGKILL)

    wait_until(lambda: stack.said.count("api: ok after") > 1)
    wait_until(lambda: stack.said.count("postgres: ok after") > 1)
    assert "api: was ended by SIGKILL" in stack.said
    assert httpx2.get(f"{stack.description['api']}/health").json()["pid"] != api.pid
    assert psql(stack.description["databaseUrl"], sql="SELECT 1") == "1"


def test_a_part_that_cannot_start_ends_the_stack_loudly(start_stack: Start) -> None:
    stack = start_stack(STAND_IN_BROKEN="seed")

    assert stack.wait_end() == 1

    assert "seed is broken on purpose" in stack.said
    assert "quittance stopped: seed ended with code 1" in stack.said
    assert not stack.family()
    assert not (stack.home / "stack.json").exists()


def test_a_busy_port_is_replaced_and_said_and_an_ephemeral_home_is_removed(
    start_stack: Start,
) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        busy = listener.getsockname()[1]
        # A port that nobody names is the one that every other stack on this machine tries, too.
        wanted = {**choose("auto").by_name, "api": busy}
        ports = ",".join(f"{name}={port}" for name, port in wanted.items())
        stack = start_stack("--no-demo", "--ephemeral", ports=ports).wait_ready()

    assert f"port {busy} for api is busy" in stack.said
    assert httpx2.get(f"{stack.description['api']}/health").status_code == 200

    os.kill(stack.process.pid, signal.SIGHUP)

    assert stack.wait_end() == 0
    assert not stack.home.exists()


def test_ctrl_c_during_the_start_leaves_nothing(start_stack: Start) -> None:
    # It is never over before anybody presses a key.
    stack = start_stack("--no-demo", STAND_IN_STUCK="api")
    stack.wait_said("sandbox: ok")

    assert stack.interrupt() == 130

    assert not stack.family()


def _owner_url(stack: RunningStack) -> str:
    lines = (stack.home / "secrets.env").read_text().splitlines()
    secrets = dict(line.split("=", 1) for line in lines)
    where = stack.description["databaseUrl"].split("@")[1]
    password = secrets["QUITTANCE_POSTGRES_OWNER_PASSWORD"]
    return f"postgresql://quittance_owner:{password}@{where}"
