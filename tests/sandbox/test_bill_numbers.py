"""The last two digits of a bill number choose a behaviour, so that no control call is needed."""

import json
from pathlib import Path

import httpx2
import pytest

from sandbox.biller.behaviour import NUMBER_RULES

README = Path(__file__).parents[2] / "sandbox" / "README.md"
SHORT_S = 0.7


@pytest.mark.parametrize("ending", ["00", "42", "89"])
def test_endings_up_to_89_are_ordinary(sandbox, bill_number, ending):
    assert sandbox.pay(sandbox.order(bill_number(ending))).status_code == 201


@pytest.mark.parametrize(
    ("ending", "reason"), [("90", "ACCOUNT_BLOCKED"), ("91", "LIMIT_EXCEEDED")]
)
def test_90_and_91_are_declined_every_time(sandbox, bill_number, ending, reason):
    number = bill_number(ending)
    order = sandbox.order(number)

    for attempt in ("first", "second"):
        declined = sandbox.pay(order | {"reference": f"{attempt}-{number}"})
        assert (declined.status_code, declined.json()["reason"]) == (422, reason)
    assert sandbox.effects(number) == []


def test_92_is_pending_until_its_six_seconds_are_over(sandbox, bill_number):
    number = bill_number("92")
    order = sandbox.order(number)

    with pytest.raises(httpx2.ReadTimeout):
        sandbox.pay(order, timeout=SHORT_S)

    assert sandbox.confirm(order["reference"]).json()["state"] == "PENDING"
    assert sandbox.effects(number) == []


@pytest.mark.parametrize("ending", ["93", "94", "95", "96"])
def test_93_to_96_take_the_money_and_spoil_the_first_answer(sandbox, bill_number, ending):
    number = bill_number(ending)
    order = sandbox.order(number)

    with pytest.raises((httpx2.HTTPError, json.JSONDecodeError)):
        sandbox.pay(order, timeout=SHORT_S).raise_for_status().json()
    confirmed = sandbox.confirm(order["reference"])
    again = sandbox.pay(order)

    assert confirmed.json()["state"] == "PAID"
    assert (again.status_code, again.json()) == (201, confirmed.json())
    assert len(sandbox.effects(number)) == 1


def test_97_is_paid_elsewhere_between_hold_and_pay(sandbox, bill_number):
    number = bill_number("97")

    held = sandbox.hold(number, "mine")
    refused = sandbox.pay(sandbox.order(number))

    assert held.status_code == 200
    assert refused.json() == {"error": "ALREADY_PAID"}
    assert sandbox.lookup(number).json()["state"] == "PAID"


def test_98_hangs_once_with_nothing_paid_and_then_is_ordinary(sandbox, bill_number):
    number = bill_number("98")
    order = sandbox.order(number)

    with pytest.raises(httpx2.ReadTimeout):
        sandbox.pay(order, timeout=SHORT_S)
    confirmed = sandbox.confirm(order["reference"])
    again = sandbox.pay(order)

    assert confirmed.status_code == 404
    assert again.status_code == 201
    assert len(sandbox.effects(number)) == 1


def test_what_the_control_endpoint_says_comes_before_the_number(sandbox, bill_number):
    order = sandbox.order(bill_number("90"))
    sandbox.tell("error_before_effect")

    assert sandbox.pay(order).status_code == 500


def test_the_page_and_the_readme_list_every_number_with_a_behaviour(sandbox):
    page, readme = sandbox.control.get("/").text, README.read_text(encoding="utf-8")

    for ending, rule in NUMBER_RULES.items():
        assert f"<code>{ending}</code>" in page
        assert f"| {ending} | {rule.story} |" in readme
