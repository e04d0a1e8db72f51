"""The sandbox as a process: down and up again, restarts, torn journals, signals."""

import json
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

import httpx2
import pytest

from tests.sandbox.running_sandbox import ROOT


def test_down_refuses_connections_and_a_reset_opens_the_same_port_again(sandbox, bill_number):
    number = bill_number()
    sandbox.lookup(number)
    kept_alive = socket.create_connection(("127.0.0.1", sandbox.ports[1]), timeout=60)

    for _ in range(2):
        sandbox.tell("down")
        # A connection that is still open may be reset first; a new one is refused.
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", sandbox.ports[1]), timeout=60)
        with pytest.raises(httpx2.TransportError):
            sandbox.lookup(number)
        assert sandbox.control.get("/health").json()["billerListener"] == "closed"
        sandbox.reset()
        assert sandbox.lookup(number).status_code == 200

    with kept_alive:
        assert kept_alive.recv(1) == b""


def test_down_ends_with_any_other_behaviour_and_lasts_until_the_last_biller_is_up(sandbox):
    sandbox.tell("down")
    sandbox.tell("down", biller="TOKYOGAS")

    sandbox.tell("ordinary")
    with pytest.raises(httpx2.TransportError):
        sandbox.lookup("1234567800")
    sandbox.tell("slow", biller="TOKYOGAS")

    assert sandbox.lookup("1234567800").status_code == 200


def test_going_down_cuts_a_request_in_the_middle(sandbox, bill_number):
    order = sandbox.order(bill_number())
    sandbox.tell("hang_after_effect")
    cut: list[Exception] = []

    def hanging():
        try:
            sandbox.pay(order)
        except httpx2.TransportError as error:
            cut.append(error)

    caller = threading.Thread(target=hanging)
    caller.start()
    wait_until(lambda: sandbox.effects(order["billNumber"]))
    sandbox.tell("down")
    caller.join(60)

    assert len(cut) == 1


def test_a_restart_reads_everything_back(start_sandbox, bill_number):
    first = start_sandbox()
    paid, declined, elsewhere, held, waiting = (
        bill_number(e) for e in ("00", "90", "00", "00", "00")
    )
    order = first.order(paid)
    receipt = first.pay(order).json()
    refusal = first.pay(first.order(declined))
    first.control.post(
        f"/control/billers/DESCO/bills/{elsewhere}/pay-elsewhere", json={"period": "2026-04"}
    )
    hold = first.hold(held, "mine").json()
    first.tell("pending", delayMs=1500)
    first.pay(first.order(waiting))
    first.stop(signal.SIGKILL)

    second = start_sandbox(first)

    assert second.confirm(order["reference"]).json() == receipt
    assert second.pay(order).json() == receipt
    assert second.pay(order | {"amount": "50.00"}).json() == {"error": "KEY_REUSED"}
    assert second.pay(second.order(declined)).content == refusal.content
    assert second.lookup(elsewhere).json()["state"] == "PAID"
    assert second.hold(held, "mine").json() == hold
    assert second.hold(held, "theirs").json() == {"error": "HELD"}
    assert len(second.effects(paid)) == 1
    assert len(second.arrivals(paid)) == 3
    wait_until(lambda: second.confirm(f"ref-{waiting}").json()["state"] == "PAID")
    assert len(second.effects(waiting)) == 1
    assert second.effects(waiting)[0]["receipt"] != receipt["receipt"]


def test_half_a_last_line_is_cut_off_because_nobody_was_told_of_it(start_sandbox, bill_number):
    first = start_sandbox()
    number = bill_number()
    first.pay(first.order(number))
    first.stop()
    whole = first.journal_path.read_bytes()
    first.journal_path.write_bytes(whole + b'{"at":"2026-04-30T08:2')

    second = start_sandbox(first)
    second.pay(second.order(bill_number()))

    assert len(second.effects(number)) == 1
    content = second.journal_path.read_bytes()
    assert content.startswith(whole)
    assert all(json.loads(line) for line in content.splitlines())


def test_a_damaged_line_or_a_second_process_on_one_journal_is_refused(start_sandbox, tmp_path):
    running = start_sandbox()
    damaged = tmp_path / "damaged.jsonl"
    damaged.write_text('{"at": 5}\n')

    in_use, unreadable = run_and_fail(running.journal_path), run_and_fail(damaged)

    assert "in use by another sandbox" in in_use
    assert "line 1 is not a journal line" in unreadable


def test_a_busy_port_is_said_and_ends_the_process(sandbox, tmp_path):
    said = run_and_fail(tmp_path / "journal.jsonl", port=sandbox.ports[0])

    assert "port.unusable" in said


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_process_at_once_even_with_hanging_requests(
    start_sandbox, bill_number, signal_number
):
    running = start_sandbox()
    orders = [running.order(bill_number()) for _ in range(3)]
    behaviours = ("hang_after_effect", "hang_before_effect", "slow")
    callers = []
    for order, behaviour in zip(orders, behaviours, strict=True):
        running.tell(behaviour)
        callers.append(threading.Thread(target=pay_and_be_cut, args=(running, order)))
        callers[-1].start()
        wait_until(lambda order=order: running.arrivals(order["billNumber"]))

    # What hangs would do so for two minutes; nobody waits here for half as long.
    assert running.stop(signal_number) == 0
    for caller in callers:
        caller.join(60)
    assert not [line for line in running.errors if "Traceback" in line or " ERROR " in line]


def test_the_journal_is_on_the_disk_before_the_answer(sandbox, bill_number):
    number = bill_number()

    sandbox.pay(sandbox.order(number))

    kinds = [
        row["kind"]
        for row in map(json.loads, sandbox.journal_path.read_text().splitlines())
        if row.get("billNumber") == number
    ]
    assert kinds == ["arrival", "effect"]


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux to fill a disk")
def test_a_biller_whose_journal_cannot_be_written_stops_instead_of_answering(
    start_sandbox, bill_number
):
    running = start_sandbox()
    running.pay(running.order(bill_number()))
    order = running.order(bill_number())
    full = running.journal_path.stat().st_size
    resource.prlimit(running.process.pid, resource.RLIMIT_FSIZE, (full, full))

    answer = running.pay(order)

    assert answer.status_code == 500
    assert running.ended() == 1
    assert start_sandbox(running).confirm(order["reference"]).status_code == 404


def pay_and_be_cut(running, order):
    with pytest.raises(httpx2.TransportError):
        running.pay(order)


def run_and_fail(journal, *, port: int = 0) -> str:
    command = [sys.executable, "-m", "sandbox", "--port", str(port)]
    command += ["--biller-port", "0", "--acquirer-port", "0", "--receiver-port", "0"]
    done = subprocess.run(
        [*command, "--journal", str(journal)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    return done.stderr


def wait_until(is_so) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)
