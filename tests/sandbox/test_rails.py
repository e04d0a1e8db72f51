"""The pretend rails over HTTP: what they take, how their stories go, and what a kill leaves."""

import signal
from collections.abc import Callable
from functools import partial
from typing import Any

import httpx2
import pytest

from tests.sandbox.running_sandbox import RunningSandbox
from tests.sandbox.till import eventually
from tests.sandbox.trap import Trap

RAILS = {"SANDBOX_RAIL_SECRETS": "GIRO=secret-of-giro,PUSH=secret-of-push"}
GIRO = {"Authorization": "Bearer secret-of-giro"}


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    return start_sandbox(**RAILS)


def account(ending: str = "00") -> dict[str, str]:
    return {"kind": "bank", "country": "NL", "number": f"NL82ABNA04171600{ending}"}


def send(
    sandbox: RunningSandbox, reference: str, ending: str = "00", *, key: str = "", **changes: Any
) -> httpx2.Response:
    body = {"reference": reference, "amount": "10.00", "currency": "EUR", "payer": "p"}
    headers = GIRO | {"Idempotency-Key": key or reference}
    return sandbox.acquirer.post(
        "/rails/GIRO/transfers", json=body | {"account": account(ending)} | changes, headers=headers
    )


def state(sandbox: RunningSandbox, reference: str) -> str:
    answer = sandbox.acquirer.get(f"/rails/GIRO/transfers/{reference}", headers=GIRO)
    return str(answer.json().get("state", answer.json().get("error")))


def stands(sandbox: RunningSandbox, reference: str, wanted: str) -> bool:
    return state(sandbox, reference) == wanted


def statement(sandbox: RunningSandbox) -> dict[str, Any]:
    return dict(sandbox.acquirer.get("/rails/GIRO/statement", headers=GIRO).json())


def test_the_end_of_the_number_decides(sandbox):
    for reference, ending in (("r0", "00"), ("r2", "02"), ("r3", "03"), ("r4", "04"), ("r9", "09")):
        assert send(sandbox, reference, ending).json()["state"] == "SENT"
    assert send(sandbox, "r1", "01").json() == {"error": "ACCOUNT_CLOSED"}
    assert send(sandbox, "r8", "08").status_code == 500

    ends = {"r0": "PAID", "r2": "FAILED", "r3": "RETURNED", "r4": "SENT", "r9": "RETURNED"}
    for reference, end in ends.items():
        eventually(partial(stands, sandbox, reference, end))
    for reference in ("r1", "r8"):
        assert state(sandbox, reference) == "TRANSFER_NOT_FOUND"
    told = statement(sandbox)
    assert told["totals"] == {"EUR": {"out": "50.00", "back": "30.00", "net": "20.00"}}
    assert len(told["entries"]) == 8


def test_a_name_is_of_one_transfer_and_a_key_of_one_name(sandbox):
    first = send(sandbox, "r1")

    assert send(sandbox, "r1").json()["id"] == first.json()["id"]
    assert send(sandbox, "r1", amount="11.00").json() == {"error": "REFERENCE_USED"}
    assert send(sandbox, "r2", key="r1").json() == {"error": "KEY_REUSED"}
    assert statement(sandbox)["totals"]["EUR"]["out"] == "10.00"


def test_only_who_knows_the_secret_comes_in_and_only_to_what_the_rail_pays(sandbox):
    assert sandbox.acquirer.get("/rails/GIRO/statement").status_code == 401
    push = sandbox.acquirer.get("/rails/PUSH/statement", headers=GIRO)
    assert push.json() == {"error": "UNAUTHORIZED"}
    card = {"kind": "card", "country": "US", "number": "tok_1"}
    assert send(sandbox, "r1", account=card).json()["field"] == "account.kind"
    assert sandbox.control.get("/control/rails/NONE").json() == {"error": "RAIL_NOT_FOUND"}


def test_an_account_is_verified_by_its_end(sandbox):
    def said(ending: str) -> Any:
        body = {"account": account(ending), "currency": "EUR"}
        return sandbox.acquirer.post("/rails/GIRO/verifications", json=body, headers=GIRO).json()

    assert said("00") == {"state": "VERIFIED", "reason": None}
    assert said("05") == {"state": "REFUSED", "reason": "NAME_DIFFERS"}


def test_a_hand_moves_what_waits_and_no_further(sandbox):
    send(sandbox, "r4", "04")
    path = "/control/rails/GIRO/transfers/r4/state"

    assert sandbox.control.post(path, json={"state": "PAID"}).json()["state"] == "PAID"
    back = sandbox.control.post(path, json={"state": "RETURNED", "reason": "WHY"}).json()
    assert (back["state"], back["reason"]) == ("RETURNED", "WHY")
    again = sandbox.control.post(path, json={"state": "PAID"})
    assert (again.status_code, again.json()["error"]) == (409, "WRONG_STATE")
    nothing = sandbox.control.post("/control/rails/GIRO/transfers/r5/state", json={"state": "PAID"})
    assert nothing.status_code == 404


def test_what_nobody_has_taken_is_sent_again_at_once(start_sandbox):
    with Trap() as trap:
        sandbox = start_sandbox(**RAILS, SANDBOX_WEBHOOK_URL=trap.url)
        trap.answer([503] * 50)
        send(sandbox, "r4", "04")
        eventually(lambda: bool(trap.caught))

        path = "/control/rails/GIRO/webhooks/send"
        assert sandbox.control.post(path).json() == {"sent": 1}
        trap.answers.clear()
        eventually(lambda: sandbox.control.post(path).json() == {"sent": 0})

        assert len(trap.caught) > 2
        assert len({one.json["id"] for one in trap.caught}) == 1


def test_books_survive_a_kill_and_what_was_waiting_goes_on(start_sandbox):
    first = start_sandbox(**RAILS)
    send(first, "r0")
    eventually(lambda: state(first, "r0") == "PAID")
    first.control.post("/control/rails/GIRO", json={"decidesAfterMs": 1500})
    send(first, "r2", "02")
    before = statement(first)
    first.stop(signal.SIGKILL)
    lines = first.journal_path.read_text()

    again = start_sandbox(first, **RAILS)

    assert statement(again)["entries"][: len(before["entries"])] == before["entries"]
    assert statement(again)["totals"]["EUR"]["out"] == "20.00"
    eventually(lambda: state(again, "r2") == "FAILED")
    assert send(again, "r0").json()["state"] == "PAID"
    # Of an account no more is kept than its end.
    assert "NL82ABNA" not in lines
