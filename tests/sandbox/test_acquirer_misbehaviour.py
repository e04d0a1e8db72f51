"""Everything the control door can make an acquirer do wrong."""

import json
import time

import httpx2
import pytest

from tests.sandbox.till import Till, eventually

SHORT_S = 0.7


def test_a_decline_gives_its_reason_and_its_network_code(till: Till):
    till.tell("decline", reason="STOLEN_CARD")
    known = till.paid()
    till.tell("decline", reason="BAD_MOOD")
    unknown = till.paid()

    assert known["decline"] == {
        "reason": "STOLEN_CARD",
        "networkCode": "43",
        "advice": None,
        "raw": "stolen_card",
    }
    assert (unknown["decline"]["reason"], unknown["decline"]["networkCode"]) == ("BAD_MOOD", "05")


def test_a_refund_can_be_declined(till: Till):
    reference = till.paid(capture=True)["reference"]
    till.tell("decline", operations=["refund"])

    failed = till.refund(reference, "r1", "4.00").json()

    assert failed["refunds"][0]["state"] == "FAILED"
    assert failed["refunds"][0]["reason"] == "REFUND_REJECTED"
    assert (failed["refundedAmount"], failed["state"]) == ("0.00", "CAPTURED")


def test_a_slow_authorisation_is_pending_meanwhile_and_goes_on_without_its_caller(till: Till):
    order = till.order(capture=True)
    till.tell("slow", delayMs=3_000, times=1)

    with pytest.raises(httpx2.ReadTimeout):
        till.authorize(order, timeout=0.2)

    assert till.state(order["reference"]) == "PENDING"
    eventually(lambda: till.state(order["reference"]) == "CAPTURED")
    assert till.effects(order["reference"]) == [("authorize", "10.00"), ("capture", "10.00")]


def test_a_slow_authorisation_is_answered_when_its_time_has_come(till: Till):
    till.tell("slow", delayMs=300, times=1)

    started = time.monotonic()
    paid = till.paid(capture=True)

    assert paid["state"] == "CAPTURED"
    assert time.monotonic() - started >= 0.3


def test_other_slow_operations_are_booked_at_once_and_answered_late(till: Till):
    reference = till.paid()["reference"]
    till.tell("slow", delayMs=60_000, operations=["capture"])

    with pytest.raises(httpx2.ReadTimeout):
        till.capture(reference, "c1", "4.00", timeout=SHORT_S)

    assert till.ask(reference).json()["capturedAmount"] == "4.00"


def test_pending_and_contradicting_authorisations_end_later(till: Till):
    till.tell("pending", delayMs=300)
    pending = till.paid()
    till.tell("contradict", delayMs=300)
    contradicted = till.paid()

    assert (pending["state"], contradicted["state"]) == ("PENDING", "DECLINED")
    eventually(lambda: till.state(pending["reference"]) == "AUTHORIZED")
    eventually(lambda: till.state(contradicted["reference"]) == "AUTHORIZED")


def test_a_pending_authorisation_can_be_voided_and_then_stays_void(till: Till):
    till.tell("pending", delayMs=300)
    reference = till.paid()["reference"]

    voided = till.void(reference)
    other = till.paid()["reference"]

    assert voided.json()["state"] == "VOIDED"
    # The other one was begun later: when it is done, this one's time is over as well.
    eventually(lambda: till.state(other) == "AUTHORIZED")
    assert till.state(reference) == "VOIDED"


def patience_before(behaviour: str) -> float:
    """Only what hangs is not waited for."""
    return SHORT_S if behaviour.startswith("hang") else 60


@pytest.mark.parametrize("operation", ["authorize", "capture", "void", "refund"])
@pytest.mark.parametrize("behaviour", ["hang_before_effect", "error_before_effect", "refuse"])
def test_a_fault_before_the_effect_books_nothing(till: Till, operation, behaviour):
    order, call = prepared(till, operation)
    before = till.effects(order["reference"])
    till.tell(behaviour, operations=[operation], times=1)

    try:
        answer = call(timeout=patience_before(behaviour))
    except httpx2.ReadTimeout:
        assert behaviour == "hang_before_effect"
    else:
        assert answer.status_code == (503 if behaviour == "refuse" else 500)

    assert till.effects(order["reference"]) == before
    assert till.arrivals(order["reference"])[-1]["operation"] == operation
    assert call().status_code in (200, 201)


@pytest.mark.parametrize("operation", ["authorize", "capture", "void", "refund"])
@pytest.mark.parametrize(
    "behaviour",
    ["hang_after_effect", "error_after_effect", "reset_after_effect", "garbage_after_effect"],
)
def test_a_fault_after_the_effect_has_booked_it_and_a_repeat_books_no_more(
    till: Till, operation, behaviour
):
    order, call = prepared(till, operation)
    before = till.effects(order["reference"])
    till.tell(behaviour, operations=[operation], times=1)

    with pytest.raises((httpx2.HTTPError, json.JSONDecodeError)):
        call(timeout=patience_before(behaviour)).raise_for_status().json()

    booked = till.effects(order["reference"])
    assert booked[:-1] == before
    assert booked[-1][0] == operation
    assert call().status_code == 200
    assert till.effects(order["reference"]) == booked


def test_a_refusal_says_when_to_come_again(till: Till):
    till.tell("refuse")

    refused = till.authorize(till.order())

    assert (refused.status_code, refused.json()) == (503, {"error": "UNAVAILABLE"})
    assert refused.headers["retry-after"] == "1"


@pytest.mark.parametrize("operation", ["authorize", "capture", "refund"])
def test_an_acquirer_that_forgets_keys_books_a_repeat_again(till: Till, operation):
    order, call = prepared(till, operation, amount="1.00")
    till.tell("lying_keys", operations=[operation])

    call()
    call()

    effects = [effect for effect, _ in till.effects(order["reference"])]
    assert effects.count(operation) == 2


@pytest.mark.parametrize(
    ("behaviour", "field", "lie"),
    [
        ("lying_amount", "amount", "10.01"),
        ("lying_amount", "authorizedAmount", "10.01"),
        ("lying_amount", "capturedAmount", "0.00"),
        ("lying_currency", "currency", "EUR"),
        ("lying_payee", "payee", "not_partner_1"),
    ],
)
def test_a_lie_is_told_and_not_booked(till: Till, behaviour, field, lie):
    till.tell(behaviour)
    told = till.paid()
    till.tell(behaviour, operations=["inquire"])
    asked = till.ask(told["reference"]).json()
    till.tell()
    truth = till.ask(told["reference"]).json()

    assert told[field] == asked[field] == lie
    assert truth["amount"] == truth["authorizedAmount"] == "10.00"
    assert (truth["currency"], truth["payee"]) == ("USD", "partner_1")


def test_a_lie_about_a_capture_is_told_in_the_capture_itself(till: Till):
    reference = till.paid()["reference"]
    till.tell("lying_amount", operations=["capture"])

    told = till.capture(reference, "c1", "4.00").json()

    assert (told["captures"][0]["amount"], told["capturedAmount"]) == ("4.01", "4.01")
    assert till.effects(reference)[-1] == ("capture", "4.00")


def test_times_counts_down_and_the_switches_stay(till: Till):
    till.tell("decline", times=2, honourIdempotencyKeys=False, webhookCopies=2)

    states = [till.paid()["state"] for _ in range(3)]

    assert states == ["DECLINED", "DECLINED", "AUTHORIZED"]
    setting = till.sandbox.control.get("/control/acquirers/NORTH").json()
    assert (setting["behaviour"], setting["times"]) == ("ordinary", None)
    assert (setting["honourIdempotencyKeys"], setting["webhookCopies"]) == (False, 2)


def test_one_acquirer_misbehaves_alone(till: Till):
    south = Till(till.sandbox, "SOUTH")
    till.tell("refuse", operations=["authorize", "token"])

    assert south.paid()["state"] == "AUTHORIZED"
    assert south.vault(south.token()).status_code == 200
    assert till.vault(till.token()).status_code == 503


def test_down_closes_the_listener_until_the_last_is_up_again(till: Till):
    south = Till(till.sandbox, "SOUTH")
    reference = till.paid()["reference"]
    till.tell("down")
    south.tell("down")

    till.tell()
    with pytest.raises(httpx2.ConnectError):
        till.ask(reference)
    assert till.sandbox.control.get("/health").json()["acquirerListener"] == "closed"
    south.tell()

    assert till.state(reference) == "AUTHORIZED"


def prepared(till: Till, operation: str, amount: str = "4.00"):
    """An order, and the call on it, which can be made again."""
    order = till.order(capture=operation == "refund")
    reference = order["reference"]
    calls = {
        "authorize": lambda **options: till.authorize(order, **options),
        "capture": lambda **options: till.capture(reference, "c1", amount, **options),
        "void": lambda **options: till.void(reference, **options),
        "refund": lambda **options: till.refund(reference, "r1", amount, **options),
    }
    if operation != "authorize":
        assert till.authorize(order).status_code == 201
    return order, calls[operation]
