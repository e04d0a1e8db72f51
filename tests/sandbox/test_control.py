"""The control door refuses what would have no effect, and shows what is in force."""

import pytest

from sandbox.biller.behaviour import Behaviour
from tests.sandbox.running_sandbox import PERIOD


def test_a_biller_is_ordinary_until_it_is_told_otherwise(sandbox):
    assert sandbox.control.get("/control/billers/DESCO").json() == {
        "biller": "DESCO",
        "behaviour": "ordinary",
        "reason": None,
        "delayMs": None,
        "times": None,
        "operations": ["pay"],
        "honourIdempotencyKeys": True,
    }


def test_a_setting_is_shown_and_a_reset_removes_it(sandbox):
    told = {"behaviour": "slow", "delayMs": 5, "times": 3, "operations": ["hold", "pay"]}

    answer = sandbox.control.post("/control/billers/DESCO", json=told)

    assert answer.json() == told | {
        "biller": "DESCO",
        "reason": None,
        "honourIdempotencyKeys": True,
    }
    assert sandbox.control.delete("/control/billers/DESCO").json()["behaviour"] == "ordinary"


def test_an_unknown_behaviour_is_refused_with_the_list_of_known_ones(sandbox):
    refused = sandbox.control.post("/control/billers/DESCO", json={"behaviour": "explode"})

    assert refused.status_code == 422
    assert refused.json()["field"] == "behaviour"
    assert all(behaviour in refused.json()["message"] for behaviour in Behaviour)


@pytest.mark.parametrize(
    ("setting", "field"),
    [
        ({"behaviour": "slow", "delayMs": -1}, "delayMs"),
        ({"behaviour": "slow", "delayMs": 120_001}, "delayMs"),
        ({"behaviour": "slow", "delayMs": "5"}, "delayMs"),
        ({"behaviour": "decline", "delayMs": 5}, "delayMs"),
        ({"behaviour": "slow", "reason": "RISK"}, "reason"),
        ({"behaviour": "decline", "reason": "no words"}, "reason"),
        ({"behaviour": "decline", "times": 0}, "times"),
        ({"behaviour": "ordinary", "times": 1}, "times"),
        ({"behaviour": "decline", "operations": ["hold"]}, "operations"),
        ({"behaviour": "slow", "operations": []}, "operations"),
        ({"behaviour": "slow", "operations": ["refund"]}, "operations.0"),
        ({"behaviour": "down", "times": 1}, "behaviour"),
        ({"behaviour": "slow", "delay": 5}, "delay"),
        ({"honourIdempotencyKeys": "no"}, "honourIdempotencyKeys"),
    ],
)
def test_a_setting_that_would_do_nothing_is_refused_and_changes_nothing(sandbox, setting, field):
    refused = sandbox.control.post("/control/billers/DESCO", json=setting)

    assert refused.status_code == 422
    assert (refused.json()["error"], refused.json()["field"]) == ("INVALID", field)
    assert sandbox.control.get("/control/billers/DESCO").json()["behaviour"] == "ordinary"


def test_unknown_billers_cannot_be_told_anything(sandbox):
    for ask in (sandbox.control.get, sandbox.control.post, sandbox.control.delete):
        assert ask("/control/billers/NOBODY").json() == {"error": "BILLER_NOT_FOUND"}


def test_a_bill_can_be_paid_at_another_counter(sandbox, bill_number):
    number = bill_number()
    path = f"/control/billers/DESCO/bills/{number}/pay-elsewhere"

    paid = sandbox.control.post(path, json={"period": PERIOD})
    again = sandbox.control.post(path, json={"period": PERIOD})

    assert (paid.status_code, paid.json()["state"]) == (200, "PAID")
    assert (again.status_code, again.json()) == (409, {"error": "ALREADY_PAID"})
    assert sandbox.hold(number, "h").json() == {"error": "ALREADY_PAID"}
    assert sandbox.pay(sandbox.order(number)).json() == {"error": "ALREADY_PAID"}
    assert sandbox.effects(number) == []


def test_the_journal_answers_by_biller_bill_and_reference(sandbox, bill_number):
    number, other = bill_number(), bill_number()
    for paid in (number, other):
        sandbox.pay(sandbox.order(paid))

    def found(**questions):
        rows = sandbox.control.get("/journal", params=questions).json()
        return {row["billNumber"] for row in rows["effects"] + rows["arrivals"]}

    assert found(billNumber=number) == {number}
    assert found(reference=f"ref-{other}") == {other}
    assert {number, other} <= found(biller="DESCO")
    assert found(biller="TOKYOGAS", billNumber=number) == set()
    assert found(reference=f"ref-{other}", billNumber=number) == set()
    assert sandbox.control.get("/journal?bill=1").json()["field"] == "bill"


def test_health_and_the_page_answer(sandbox):
    health, page = sandbox.control.get("/health"), sandbox.control.get("/")

    assert (health.status_code, health.json()["state"]) == (200, "ready")
    assert page.headers["content-type"].startswith("text/html")
    assert all(behaviour in page.text for behaviour in Behaviour)
