"""The acquirers' part of the control door: settings, payments moved by hand, and the console."""

import httpx2
import pytest

from sandbox.acquirer.behaviour import Behaviour
from sandbox.acquirer.events import Forgery
from tests.sandbox.till import Till, eventually

NORTH = "/control/acquirers/NORTH"


def test_an_acquirer_is_ordinary_until_it_is_told_otherwise_and_after_a_reset(sandbox):
    ordinary = {
        "acquirer": "NORTH",
        "behaviour": "ordinary",
        "reason": None,
        "delayMs": None,
        "times": None,
        "operations": ["authorize"],
        "honourIdempotencyKeys": True,
        "allowOverRefund": False,
        "challengeLifeMs": 600_000,
        "webhooks": True,
        "webhookCopies": 1,
        "webhookDelayMs": 0,
    }
    told = {"behaviour": "slow", "delayMs": 5, "times": 3, "operations": ["void", "inquire"]}

    assert sandbox.control.get(NORTH).json() == ordinary
    assert sandbox.control.post(NORTH, json=told).json() == ordinary | told
    assert sandbox.control.delete(NORTH).json() == ordinary


@pytest.mark.parametrize(
    ("setting", "field"),
    [
        ({"behaviour": "explode"}, "behaviour"),
        ({"behaviour": "slow", "delayMs": 120_001}, "delayMs"),
        ({"behaviour": "refuse", "delayMs": 5}, "delayMs"),
        ({"behaviour": "slow", "reason": "RISK"}, "reason"),
        ({"behaviour": "decline", "reason": "no words"}, "reason"),
        ({"behaviour": "decline", "times": 0}, "times"),
        ({"behaviour": "ordinary", "times": 1}, "times"),
        ({"behaviour": "decline", "operations": ["capture"]}, "operations"),
        ({"behaviour": "contradict", "operations": ["refund"]}, "operations"),
        ({"behaviour": "lying_keys", "operations": ["inquire"]}, "operations"),
        ({"behaviour": "lying_amount", "operations": ["token"]}, "operations"),
        ({"behaviour": "slow", "operations": []}, "operations"),
        ({"behaviour": "down", "times": 1}, "behaviour"),
        ({"behaviour": "slow", "delay": 5}, "delay"),
        ({"honourIdempotencyKeys": "no"}, "honourIdempotencyKeys"),
        ({"webhookCopies": 0}, "webhookCopies"),
        ({"challengeLifeMs": 0}, "challengeLifeMs"),
    ],
)
def test_a_setting_that_would_do_nothing_is_refused_and_changes_nothing(sandbox, setting, field):
    refused = sandbox.control.post(NORTH, json=setting)

    assert refused.status_code == 422
    assert (refused.json()["error"], refused.json()["field"]) == ("INVALID", field)
    assert sandbox.control.get(NORTH).json()["behaviour"] == "ordinary"


def test_nobody_knows_another_acquirer(sandbox):
    for ask in (sandbox.control.get, sandbox.control.post, sandbox.control.delete):
        assert ask("/control/acquirers/EAST").json() == {"error": "ACQUIRER_NOT_FOUND"}
    asked = sandbox.control.get("/journal?acquirer=EAST")
    assert (asked.status_code, asked.json()) == (404, {"error": "ACQUIRER_NOT_FOUND"})


@pytest.mark.parametrize(
    ("number", "state", "effects"),
    [
        ("4000000000003220", "AUTHORIZED", ["authorize"]),
        ("4000000000003220", "CAPTURED", ["authorize", "capture"]),
        ("4000000000003220", "EXPIRED", []),
        ("4000000000003220", "DECLINED", []),
        ("4000000000000002", "CAPTURED", ["authorize", "capture"]),
        ("4242424242424242", "CAPTURED", ["authorize", "capture"]),
        ("4242424242424242", "EXPIRED", ["authorize", "void"]),
        ("4242424242424242", "DECLINED", ["authorize", "void"]),
        ("4242424242424242", "VOIDED", ["authorize", "void"]),
    ],
)
def test_a_payment_is_moved_by_hand_and_a_webhook_tells(till: Till, trap, number, state, effects):
    reference = till.paid(number)["reference"]

    moved = till.move(reference, state)

    assert (moved.status_code, moved.json()["state"]) == (200, state)
    assert till.ask(reference).json() == moved.json()
    assert [effect for effect, _ in till.effects(reference)] == effects
    eventually(lambda: state in {one.payment["state"] for one in trap.about(reference)})


def test_a_success_after_a_void_or_an_expiry_takes_the_money_again(till: Till):
    for end in ("VOIDED", "EXPIRED"):
        reference = till.paid()["reference"]
        till.move(reference, end)

        late = till.move(reference, "AUTHORIZED").json()

        assert (late["authorizedAmount"], late["voidedAmount"]) == ("10.00", "0.00")
        assert till.capture(reference, "c1", "10.00").json()["state"] == "CAPTURED"
        amounts = [amount for _, amount in till.effects(reference)]
        assert amounts == ["10.00"] * 4


def test_a_move_that_would_lose_money_is_refused(till: Till):
    captured, part = till.paid(capture=True)["reference"], till.paid()["reference"]
    till.capture(part, "c1", "4.00")

    for reference in (captured, part):
        for state in ("DECLINED", "VOIDED", "EXPIRED", "AUTHORIZED"):
            refused = till.move(reference, state)
            assert (refused.status_code, refused.json()["error"]) == (409, "WRONG_STATE")
    assert till.move(captured, "PENDING").json()["field"] == "state"
    assert till.move(captured, "GONE").json()["field"] == "state"
    assert till.move("pay_nobody", "CAPTURED").json() == {"error": "PAYMENT_NOT_FOUND"}
    assert till.move(part, "CAPTURED").json()["capturedAmount"] == "10.00"


def test_a_pending_refund_is_decided_by_hand(till: Till):
    reference = till.paid(capture=True)["reference"]
    till.tell("pending", operations=["refund"], delayMs=60_000)
    for refund in ("r1", "r2"):
        till.refund(reference, refund, "4.00")

    def decide(refund: str, state: str) -> httpx2.Response:
        path = f"{NORTH}/payments/{reference}/refunds/{refund}/state"
        return till.sandbox.control.post(path, json={"state": state})

    assert decide("r1", "SUCCEEDED").json()["refundedAmount"] == "4.00"
    assert decide("r2", "FAILED").json()["refundedAmount"] == "4.00"
    assert decide("r1", "FAILED").json() == {"error": "WRONG_STATE", "state": "SUCCEEDED"}
    assert decide("r3", "FAILED").json() == {"error": "REFUND_NOT_FOUND"}


def test_the_console_shows_recent_payments_their_events_and_the_books(till: Till):
    reference = till.paid()["reference"]

    payments = till.sandbox.control.get(f"{NORTH}/payments").json()["payments"]
    books = till.sandbox.control.get(f"{NORTH}/books").json()

    assert payments[0]["reference"] == reference
    assert books == {"acquirer": "NORTH", "totals": till.books()}
    assert till.events(reference)[0]["type"] == "payment.updated"


def test_the_page_has_a_button_for_everything_and_nothing_inline(sandbox):
    page = sandbox.control.get("/")
    script = sandbox.control.get("/console.js")

    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; ")
    assert "<script>" not in page.text
    assert "<style" not in page.text
    assert all(f"<option>{one}</option>" in page.text for one in (*Behaviour, *Forgery))
    for words in ("Send", "Duplicate", "Delay 5 s", "Forge", "Change"):
        assert f'button("{words}"' in script.text
    for label in ("Slow", "Down", "Lying"):
        assert f">{label}</button>" in page.text
    assert sandbox.control.get("/console.css").headers["content-type"].startswith("text/css")


def test_a_page_of_another_site_cannot_press_our_buttons(sandbox):
    own = str(sandbox.control.base_url).rstrip("/")

    refused = sandbox.control.post(NORTH, json={}, headers={"Origin": "http://elsewhere.example"})
    allowed = sandbox.control.post(NORTH, json={}, headers={"Origin": own})

    assert (refused.status_code, refused.json()) == (403, {"error": "ORIGIN_REFUSED"})
    assert allowed.status_code == 200
