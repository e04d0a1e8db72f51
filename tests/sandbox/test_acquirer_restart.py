"""The journal is the acquirers' only state: what it tells is all there is after a kill."""

import json
import os
import signal
import subprocess
import sys

from tests.sandbox.running_sandbox import ENVIRONMENT, ROOT
from tests.sandbox.till import Till, eventually
from tests.sandbox.trap import Trap

CHALLENGED = "4000000000003220"


def test_books_payments_and_tokens_survive_a_kill(start_sandbox):
    first = start_sandbox()
    till = Till(first)
    token = till.token()
    captured = till.paid(capture=True)["reference"]
    part, declined = till.paid()["reference"], till.paid("4000000000000002")["reference"]
    till.capture(part, "c1", "4.00", final=True)
    till.refund(captured, "r1", "3.00")
    challenge = till.paid(CHALLENGED)
    references = (captured, part, declined, challenge["reference"])
    before = [till.ask(reference).json() for reference in references]
    effects = [till.effects(reference) for reference in references]
    books, told = till.books(), till.vault(token).json()
    first.stop(signal.SIGKILL)

    till = Till(start_sandbox(first))

    assert [till.ask(reference).json() for reference in references] == before
    assert [till.effects(reference) for reference in references] == effects
    assert till.books() == books
    assert till.vault(token).json() == told
    # The fingerprint's key is the same as well, and so are the keys of requests.
    assert till.token() == token
    assert till.refund(captured, "r1", "3.00").status_code == 200
    till.decide(challenge, "approve")
    assert till.state(challenge["reference"]) == "AUTHORIZED"


def test_what_was_waiting_goes_on_after_a_kill(start_sandbox):
    first = start_sandbox()
    till = Till(first)
    till.tell("pending", delayMs=1500)
    pending = till.paid()["reference"]
    till.tell(challengeLifeMs=1500)
    challenge = till.paid(CHALLENGED)["reference"]
    refunded = till.paid("4000000000000408", capture=True)["reference"]
    till.refund(refunded, "r1", "4.00")
    first.stop(signal.SIGKILL)

    till = Till(start_sandbox(first))

    eventually(lambda: till.state(pending) == "AUTHORIZED")
    eventually(lambda: till.state(challenge) == "EXPIRED")
    eventually(lambda: till.ask(refunded).json()["refunds"][0]["state"] == "FAILED")


def test_a_webhook_that_was_not_taken_is_sent_after_a_kill_and_a_taken_one_is_not(start_sandbox):
    first = start_sandbox()
    till = Till(first)
    with Trap() as trap:
        first.control.put("/control/webhooks", json={"url": trap.url})
        taken = till.paid()["reference"]
        eventually(lambda: till.events(taken)[0]["delivered"])
        # The line about the delivery is on the disk with the next payment's.
        trap.answer([503] * 50)
        waiting = till.paid()["reference"]
        trap.wait(waiting, 1)
        first.stop(signal.SIGKILL)
        trap.answers.clear()
        seen = len(trap.about(waiting))
        till = Till(start_sandbox(first, SANDBOX_WEBHOOK_URL=trap.url))

        trap.wait(waiting, seen + 1)

        assert {one.body for one in trap.about(waiting)} == {trap.about(waiting)[0].body}
        assert len(trap.about(taken)) == 1
        eventually(lambda: till.events(waiting)[0]["delivered"])


def test_every_line_is_on_the_disk_before_the_answer(till: Till):
    def written() -> list[str]:
        lines = [json.loads(line) for line in till.sandbox.journal_path.read_text().splitlines()]
        about = [line for line in lines if line.get("payment") == reference]
        return [line["operation"] for line in about]

    order = till.order()
    reference = order["reference"]
    calls = {
        "authorize": lambda: till.authorize(order),
        "capture": lambda: till.capture(reference, "c1", "4.00"),
        "void": lambda: till.void(reference),
        "refund": lambda: till.refund(reference, "r1", "4.00"),
    }
    for number, call in enumerate(calls.values(), start=1):
        call()
        assert written() == list(calls)[:number]


def test_settings_that_cannot_be_understood_are_refused_without_repeating_secrets(tmp_path):
    for name, value in (
        ("SANDBOX_ACQUIRER_SECRETS", "EAST=hush-hush"),
        ("SANDBOX_ACQUIRER_SECRETS", "hush-hush"),
        ("SANDBOX_WEBHOOK_SECRETS", "NORTH=whsec_hush-hush!"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "sandbox", "--journal", str(tmp_path / "j.jsonl")],
            cwd=ROOT,
            env=os.environ | ENVIRONMENT | {name: value},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert done.returncode == 2
        assert name in done.stderr
        assert "hush-hush" not in done.stderr
