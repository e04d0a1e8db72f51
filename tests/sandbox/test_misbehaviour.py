"""Everything the control endpoint can make a biller do wrong."""

import json
import time

import httpx2
import pytest

SHORT_S = 0.7


def test_a_decline_gives_its_reason_and_takes_nothing(sandbox, bill_number):
    number = bill_number()
    order = sandbox.order(number)
    sandbox.tell("decline", reason="RISK")

    declined = sandbox.pay(order)

    assert (declined.status_code, declined.json()) == (422, {"error": "DECLINED", "reason": "RISK"})
    assert sandbox.confirm(order["reference"]).json() == {
        "reference": order["reference"],
        "state": "DECLINED",
        "reason": "RISK",
    }
    assert sandbox.effects(number) == []


def test_a_slow_payment_is_pending_while_it_lasts_and_then_paid(sandbox, bill_number):
    number = bill_number()
    order = sandbox.order(number)
    sandbox.tell("slow", delayMs=300)

    started = time.monotonic()
    paid = sandbox.pay(order)

    assert time.monotonic() - started >= 0.3
    assert paid.status_code == 201
    assert len(sandbox.effects(number)) == 1


def test_a_slow_payment_goes_on_after_its_caller_gave_up(sandbox, bill_number):
    number = bill_number()
    order = sandbox.order(number)
    sandbox.tell("slow", delayMs=3_000, times=1)

    with pytest.raises(httpx2.ReadTimeout):
        sandbox.pay(order, timeout=0.2)

    assert sandbox.confirm(order["reference"]).json()["state"] == "PENDING"
    assert sandbox.effects(number) == []
    assert eventually_paid(sandbox, order["reference"])
    assert sandbox.pay(order).status_code == 201
    assert len(sandbox.effects(number)) == 1


def test_a_pending_payment_is_accepted_now_and_booked_later(sandbox, bill_number):
    number = bill_number()
    order = sandbox.order(number)
    sandbox.tell("pending", delayMs=3_000)

    accepted = sandbox.pay(order)
    confirmed = sandbox.confirm(order["reference"])
    effects_meanwhile = sandbox.effects(number)

    assert accepted.status_code == 202
    assert accepted.json() == {"reference": order["reference"], "state": "PENDING"}
    assert confirmed.json()["state"] == "PENDING"
    assert effects_meanwhile == []
    assert eventually_paid(sandbox, order["reference"])
    assert len(sandbox.effects(number)) == 1


def test_a_pending_payment_is_declined_when_somebody_else_was_faster(sandbox, bill_number):
    number = bill_number()
    order = sandbox.order(number)
    sandbox.tell("pending", delayMs=3_000)
    sandbox.pay(order)
    sandbox.reset()

    faster = sandbox.pay(order | {"reference": f"faster-{number}"})

    assert faster.status_code == 201
    assert not eventually_paid(sandbox, order["reference"])
    assert sandbox.confirm(order["reference"]).json()["reason"] == "ALREADY_PAID"
    assert len(sandbox.effects(number)) == 1


def test_a_hang_after_the_effect_says_nothing_but_took_the_money(sandbox, bill_number):
    number = bill_number()
    order = sandbox.order(number)
    sandbox.tell("hang_after_effect", times=1)

    with pytest.raises(httpx2.ReadTimeout):
        sandbox.pay(order, timeout=SHORT_S)

    assert sandbox.confirm(order["reference"]).json()["state"] == "PAID"
    assert sandbox.pay(order).status_code == 201
    assert len(sandbox.effects(number)) == 1


def test_a_hang_before_the_effect_is_as_if_nothing_had_been_sent(sandbox, bill_number):
    number = bill_number()
    order = sandbox.order(number)
    sandbox.tell("hang_before_effect", times=1)

    with pytest.raises(httpx2.ReadTimeout):
        sandbox.pay(order, timeout=SHORT_S)

    assert sandbox.confirm(order["reference"]).status_code == 404
    assert sandbox.effects(number) == []
    assert len(sandbox.arrivals(number)) == 1
    assert sandbox.pay(order).status_code == 201


def test_a_hang_ends_without_an_answer_when_its_time_is_over(sandbox, bill_number):
    order = sandbox.order(bill_number())
    sandbox.tell("hang_after_effect", delayMs=100)

    with pytest.raises(httpx2.RemoteProtocolError):
        sandbox.pay(order)


@pytest.mark.parametrize(
    ("behaviour", "effects"), [("error_before_effect", 0), ("error_after_effect", 1)]
)
def test_an_error_looks_the_same_before_and_after_the_effect(
    sandbox, bill_number, behaviour, effects
):
    number = bill_number()
    order = sandbox.order(number)
    sandbox.tell(behaviour, times=1)

    failed = sandbox.pay(order)
    effects_of_the_failure = sandbox.effects(number)
    again = sandbox.pay(order)

    assert (failed.status_code, failed.json()) == (500, {"error": "INTERNAL_ERROR"})
    assert len(effects_of_the_failure) == effects
    assert again.status_code == 201
    assert len(sandbox.effects(number)) == 1


def test_a_reset_after_the_effect_is_a_real_tcp_reset(sandbox, bill_number):
    number = bill_number()
    order = sandbox.order(number)
    sandbox.tell("reset_after_effect")

    with pytest.raises(httpx2.ReadError) as caught:
        sandbox.pay(order)

    assert "reset" in str(root_cause(caught.value)).lower()
    assert sandbox.confirm(order["reference"]).json()["state"] == "PAID"
    assert len(sandbox.effects(number)) == 1


def test_garbage_after_the_effect_is_correct_http_around_broken_json(sandbox, bill_number):
    number = bill_number()
    order = sandbox.order(number)
    sandbox.tell("garbage_after_effect")

    garbage = sandbox.pay(order)

    assert garbage.status_code == 200
    assert garbage.headers["content-type"] == "application/json"
    with pytest.raises(json.JSONDecodeError):
        garbage.json()
    assert len(sandbox.effects(number)) == 1


def test_paid_elsewhere_comes_between_hold_and_pay(sandbox, bill_number):
    number = bill_number()
    order = sandbox.order(number)
    held = sandbox.hold(number, order["holdId"])
    sandbox.tell("paid_elsewhere")

    refused = sandbox.pay(order)

    assert held.status_code == 200
    assert (refused.status_code, refused.json()) == (409, {"error": "ALREADY_PAID"})
    assert sandbox.lookup(number).json()["state"] == "PAID"
    assert sandbox.confirm(order["reference"]).json()["reason"] == "ALREADY_PAID"
    assert sandbox.effects(number) == []


@pytest.mark.parametrize("operation", ["lookup", "hold", "release", "confirm"])
def test_every_operation_can_fail(sandbox, bill_number, operation):
    number = bill_number()
    ask = {
        "lookup": lambda: sandbox.lookup(number),
        "hold": lambda: sandbox.hold(number, "h"),
        "release": lambda: sandbox.release(number, "h"),
        "confirm": lambda: sandbox.confirm("r"),
    }
    order = sandbox.order(number)
    sandbox.tell("error_before_effect", operations=[operation])

    assert ask.pop(operation)().status_code == 500
    assert all(other().status_code < 500 for other in ask.values())
    assert sandbox.pay(order).status_code == 201


def test_a_lost_answer_to_a_hold_still_holds(sandbox, bill_number):
    number = bill_number()
    sandbox.tell("error_after_effect", operations=["hold"], times=1)

    assert sandbox.hold(number, "mine").status_code == 500
    assert sandbox.hold(number, "theirs").json() == {"error": "HELD"}
    assert sandbox.hold(number, "mine").status_code == 200


def test_a_slow_lookup_waits(sandbox, bill_number):
    sandbox.tell("slow", delayMs=200, operations=["lookup"])

    started = time.monotonic()
    sandbox.lookup(bill_number())

    assert time.monotonic() - started >= 0.2


def test_times_counts_down_and_then_the_biller_is_ordinary_again(sandbox, bill_number):
    orders = [sandbox.order(bill_number()) for _ in range(3)]
    sandbox.tell("decline", times=2, honourIdempotencyKeys=False)

    statuses = [sandbox.pay(order).status_code for order in orders]

    assert statuses == [422, 422, 201]
    setting = sandbox.control.get("/control/billers/DESCO").json()
    assert (setting["behaviour"], setting["honourIdempotencyKeys"]) == ("ordinary", False)


def test_one_biller_misbehaves_alone(sandbox, bill_number):
    number = bill_number()
    sandbox.tell("decline", biller="BAHWATER")

    assert sandbox.pay(sandbox.order(number)).status_code == 201


def eventually_paid(sandbox, reference: str) -> bool:
    """Ask until the payment is no longer pending."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        state = sandbox.confirm(reference).json()["state"]
        if state != "PENDING":
            return bool(state == "PAID")
        time.sleep(0.02)
    message = f"{reference} is still pending"
    raise AssertionError(message)


def root_cause(error: BaseException) -> BaseException:
    while (deeper := error.__cause__ or error.__context__) is not None:
        error = deeper
    return error
