"""One payment is booked once; and a gateway that would pay twice is seen to do so."""

from concurrent.futures import ThreadPoolExecutor

import pytest


def test_the_same_key_and_body_get_the_same_answer_and_no_second_effect(sandbox, bill_number):
    number = bill_number()
    order = sandbox.order(number)

    first, second = sandbox.pay(order), sandbox.pay(order)

    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert len(sandbox.effects(number)) == 1
    assert len(sandbox.arrivals(number)) == 2


@pytest.mark.parametrize("change", [{"amount": "50.00"}, {"reference": "other"}, {"holdId": "h"}])
def test_the_same_key_with_another_body_is_refused(sandbox, bill_number, change):
    number = bill_number()
    order = sandbox.order(number)
    sandbox.pay(order, key=f"key-{number}")

    refused = sandbox.pay(order | change, key=f"key-{number}")

    assert (refused.status_code, refused.json()) == (422, {"error": "KEY_REUSED"})
    assert len(sandbox.effects(number)) == 1


def test_a_refusal_is_remembered_under_its_key(sandbox, bill_number):
    number = bill_number()
    order = sandbox.order(number)
    sandbox.tell("decline", reason="LIMIT_EXCEEDED", times=1)

    first, second = sandbox.pay(order), sandbox.pay(order)

    assert first.json() == {"error": "DECLINED", "reason": "LIMIT_EXCEEDED"}
    assert second.content == first.content
    assert sandbox.effects(number) == []


def test_the_same_key_at_another_biller_is_another_key(sandbox, bill_number):
    number = bill_number()

    here = sandbox.pay(sandbox.order(number), key=f"key-{number}")
    there = sandbox.pay(
        sandbox.order(number, biller="TOKYOGAS"), key=f"key-{number}", biller="TOKYOGAS"
    )

    assert (here.status_code, there.status_code) == (201, 201)


def test_when_keys_are_ignored_a_repeat_is_booked_again(sandbox, bill_number):
    number = bill_number()
    order = sandbox.order(number)
    sandbox.tell("ordinary", honourIdempotencyKeys=False)

    first, second = sandbox.pay(order), sandbox.pay(order)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["receipt"] != second.json()["receipt"]
    assert len(sandbox.effects(number)) == 2


def test_a_repeat_under_a_new_key_is_booked_again_because_only_the_key_tells_repeats(
    sandbox, bill_number
):
    number = bill_number()
    order = sandbox.order(number)

    sandbox.pay(order, key=f"one-{number}")
    sandbox.pay(order, key=f"two-{number}")

    assert len(sandbox.effects(number)) == 2


def test_a_paid_payment_stays_paid_when_its_repeat_is_declined(sandbox, bill_number):
    number = bill_number()
    order = sandbox.order(number)
    sandbox.pay(order)
    sandbox.tell("decline", honourIdempotencyKeys=False)

    assert sandbox.pay(order).status_code == 422
    assert sandbox.confirm(order["reference"]).json()["state"] == "PAID"


@pytest.mark.parametrize("keys", [True, False])
def test_of_many_payers_at_once_exactly_one_pays_the_bill(sandbox, bill_number, keys):
    number = bill_number()
    sandbox.tell("ordinary", honourIdempotencyKeys=keys)
    orders = [sandbox.order(number, reference=f"{number}-{payer}") for payer in range(20)]

    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(sandbox.pay, orders))

    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 19
    assert {a.json()["error"] for a in answers if a.status_code == 409} == {"ALREADY_PAID"}
    assert len(sandbox.effects(number)) == 1
    assert len(sandbox.arrivals(number)) == 20


def test_one_payment_sent_many_times_at_once_has_one_effect_and_one_answer(sandbox, bill_number):
    number = bill_number()
    order = sandbox.order(number)

    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(sandbox.pay, [order] * 20))

    assert {answer.content for answer in answers} == {answers[0].content}
    assert len(sandbox.effects(number)) == 1
