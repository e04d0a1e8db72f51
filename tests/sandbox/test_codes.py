"""Codes: what they hold, what the customer's app sends for them, and what of it goes back."""

import signal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from payments.domain import emv
from payments.domain.money import Money
from sandbox.acquirer.codes import SCHEMES, sealed
from tests.sandbox.till import Till, eventually

README = Path(__file__).parents[2] / "sandbox" / "README.md"


def came(till: Till, payment: dict[str, Any]) -> list[str]:
    return [each["amount"] for each in till.ask(payment["reference"]).json()["receipts"]]


@pytest.mark.parametrize("country", SCHEMES)
def test_every_scheme_is_told_and_its_code_is_of_emvcos_form(till: Till, country: str):
    scheme = SCHEMES[country]
    page, readme = till.sandbox.control.get("/").text, README.read_text(encoding="utf-8")

    payment = till.shown(country)

    code = payment["challenge"]["copyCode"]
    assert emv.asks_for(code) == (Money(1_000, scheme.currency), country)
    assert f"| {country} | {scheme.currency} | {scheme.name} |" in readme
    assert f"<code>{country}</code></td>" in page


def test_the_exact_amount_pays_once_and_all_else_is_too_much(till: Till):
    payment = till.shown()

    for amount in ("9.99", "10.00", "10.00", "10.01"):
        assert till.pay(payment, amount).status_code == 303

    done = till.ask(payment["reference"]).json()
    assert (done["state"], done["capturedAmount"]) == ("CAPTURED", "10.00")
    assert [each["amount"] for each in done["receipts"]] == ["9.99", "10.00", "10.00", "10.01"]
    assert len({each["id"] for each in done["receipts"]}) == 4
    assert till.books()["BRL"]["surplus"] == "30.00"


@pytest.mark.parametrize("end", ["VOIDED", "EXPIRED"])
def test_what_comes_late_is_kept_and_pays_for_nothing(till: Till, end: str):
    payment = till.shown()
    till.move(payment["reference"], end)

    till.pay(payment, "10.00")

    done = till.ask(payment["reference"]).json()
    assert (done["state"], done["capturedAmount"]) == (end, "0.00")
    assert came(till, payment) == ["10.00"]


def test_a_receipt_goes_back_once_and_no_more_of_it_than_came(till: Till):
    payment = till.shown()
    till.pay(payment, "7.00")
    till.pay(payment, "10.00")
    wrong, paying = (each["id"] for each in till.ask(payment["reference"]).json()["receipts"])
    name = payment["reference"]

    assert till.refund(name, "r0", "7.01", receipt=wrong).status_code == 422
    assert till.refund(name, "r0", "1.00", receipt="e2e_nobody").status_code == 422
    assert till.refund(name, "r1", "7.00", receipt=wrong).status_code == 201
    assert till.refund(name, "r1", "7.00", receipt=wrong).status_code == 200
    assert till.refund(name, "r2", "0.01", receipt=wrong).status_code == 422
    # The one that paid is what was captured, by whichever name.
    assert till.refund(name, "r3", "4.00", receipt=paying).status_code == 201
    assert till.refund(name, "r4", "6.01").status_code == 422
    assert till.ask(name).json()["refundedAmount"] == "11.00"


@pytest.mark.parametrize("amount", ["", "0", "-1", "ten", "1.001", "1e3"])
def test_what_is_no_amount_is_not_sent(till: Till, amount: str):
    payment = till.shown()

    assert till.pay(payment, amount).status_code == 422

    assert came(till, payment) == []


def test_a_pasted_code_leads_to_its_page_and_a_mistyped_one_nowhere(till: Till):
    code = till.shown()["challenge"]["copyCode"]

    def paste(text: str) -> httpx2.Response:
        return till.http.post("/app", data={"code": text})

    assert till.http.get("/app").status_code == 200
    found = paste(f" {code}\n")
    assert (found.status_code, found.headers["location"][:6]) == (303, "/code/")
    for wrong in (code[:-1], code.replace("10.00", "10.01"), "", sealed("000201"), "x" * 999):
        assert paste(wrong).status_code == 422


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"country": None}, 422, "INVALID"),
        ({"country": "FR"}, 422, "SCHEME_NOT_FOUND"),
        ({"currency": "USD"}, 422, "SCHEME_NOT_FOUND"),
        ({"bank": "SUNNY"}, 422, "INVALID"),
        ({"capture": False}, 422, "INVALID"),
    ],
    ids=str,
)
def test_what_no_code_can_be_is_refused(
    till: Till, changes: dict[str, Any], status: int, error: str
):
    answer = till.authorize(till.code_order() | changes)

    assert (answer.status_code, answer.json()["error"]) == (status, error)


@pytest.mark.parametrize(
    ("behaviour", "why"), [("lying_code", "another amount"), ("broken_code", "check sum")]
)
def test_an_acquirer_can_lie_in_its_code(till: Till, behaviour: str, why: str):
    till.tell(behaviour)

    code = till.shown()["challenge"]["copyCode"]

    if why == "another amount":
        assert emv.asks_for(code)[0] == Money(1_001, "BRL")
    else:
        with pytest.raises(emv.CodeBroken, match=why):
            emv.asks_for(code)


def test_money_by_hand_is_money_of_the_app_and_a_state_is_not(till: Till):
    payment = till.shown()
    path = f"/control/acquirers/NORTH/payments/{payment['reference']}"

    moved = till.sandbox.control.post(f"{path}/state", json={"state": "CAPTURED"})
    sent = till.sandbox.control.post(f"{path}/receipts", json={"amount": "3.00"})
    paid = till.sandbox.control.post(f"{path}/receipts", json={})
    by_card = till.paid()["reference"]

    assert (moved.status_code, sent.status_code, paid.json()["state"]) == (422, 200, "CAPTURED")
    assert came(till, payment) == ["3.00", "10.00"]
    other = till.sandbox.control.post(
        f"/control/acquirers/NORTH/payments/{by_card}/receipts", json={}
    )
    assert other.status_code == 422


def test_what_came_is_still_there_after_a_restart(start_sandbox):
    sandbox = start_sandbox()
    till = Till(sandbox)
    payment = till.shown()
    till.pay(payment, "1.00")
    till.pay(payment, "10.00")
    before = till.ask(payment["reference"]).json()

    sandbox.stop(signal.SIGKILL)
    again = Till(start_sandbox(sandbox))

    assert again.ask(payment["reference"]).json()["receipts"] == before["receipts"]
    assert again.state(payment["reference"]) == "CAPTURED"
    eventually(lambda: again.books()["BRL"]["surplus"] == "1.00")
