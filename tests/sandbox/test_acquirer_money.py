"""Reserve, take, give back: sums, repeats and states at an acquirer, and its books."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sandbox.till import Till


@pytest.fixture
def reserved(till: Till) -> str:
    return str(till.paid()["reference"])


@pytest.fixture
def charged(till: Till) -> str:
    return str(till.paid(capture=True)["reference"])


def test_the_same_reference_is_one_payment_under_whatever_key(till: Till):
    order = till.order()
    first = till.authorize(order)

    again, other_key = till.authorize(order), till.authorize(order, key="another")

    assert (again.status_code, again.json()) == (200, first.json())
    assert (other_key.status_code, other_key.json()) == (200, first.json())
    assert till.effects(order["reference"]) == [("authorize", "10.00")]
    assert len(till.arrivals(order["reference"])) == 3


def test_the_same_reference_or_key_for_something_else_is_refused(till: Till):
    order = till.order()
    till.authorize(order)

    other_amount = till.authorize(order | {"amount": "11.00"}, key="another")
    other_payment = till.authorize(till.order(), key=order["reference"])

    assert (other_amount.status_code, other_amount.json()) == (409, {"error": "REFERENCE_USED"})
    assert (other_payment.status_code, other_payment.json()) == (422, {"error": "KEY_REUSED"})


def test_acquirers_do_not_share_references_and_keys(till: Till):
    order = till.order()
    south = Till(till.sandbox, "SOUTH")

    assert till.authorize(order).status_code == 201
    assert south.ask(order["reference"]).json() == {"error": "PAYMENT_NOT_FOUND"}
    assert south.authorize(order).status_code == 201


def test_an_acquirer_that_ignores_keys_books_twice(till: Till):
    order = till.order(capture=True)
    till.tell(honourIdempotencyKeys=False)

    first, second = till.authorize(order).json(), till.authorize(order).json()

    assert first["id"] != second["id"]
    assert till.effects(order["reference"]) == [("authorize", "10.00"), ("capture", "10.00")] * 2
    assert till.ask(order["reference"]).json()["id"] == first["id"]


def test_the_same_payment_sent_many_times_at_once_is_booked_once(till: Till):
    order = till.order(capture=True)

    with ThreadPoolExecutor(20) as crowd:
        answers = list(crowd.map(till.authorize, [order] * 20))

    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len(till.effects(order["reference"])) == 2


def test_it_is_captured_in_parts_up_to_what_is_reserved(till: Till, reserved):
    first = till.capture(reserved, "c1", "4.00")
    too_large = till.capture(reserved, "c2", "6.01")
    last = till.capture(reserved, "c2", "6.00")
    after = till.capture(reserved, "c3", "0.01")

    assert (first.status_code, first.json()["state"]) == (201, "AUTHORIZED")
    assert (too_large.status_code, too_large.json()) == (422, {"error": "AMOUNT_TOO_LARGE"})
    assert (last.json()["state"], last.json()["capturedAmount"]) == ("CAPTURED", "10.00")
    assert [part["amount"] for part in last.json()["captures"]] == ["4.00", "6.00"]
    assert (after.status_code, after.json()["error"]) == (409, "WRONG_STATE")


def test_a_final_capture_gives_the_rest_back(till: Till, reserved):
    final = till.capture(reserved, "c1", "4.00", final=True).json()

    assert (final["state"], final["capturedAmount"]) == ("CAPTURED", "4.00")
    assert final["voidedAmount"] == "6.00"
    assert till.effects(reserved) == [("authorize", "10.00"), ("capture", "4.00"), ("void", "6.00")]


def test_a_capture_or_refund_sent_again_changes_nothing(till: Till, reserved):
    captures = [till.capture(reserved, "c1", "4.00") for _ in range(2)]
    refunds = [till.refund(reserved, "r1", "1.00") for _ in range(2)]
    others = [
        till.capture(reserved, "c1", "5.00", key="another"),
        till.refund(reserved, "r1", "2.00", key="one-more"),
        till.capture(reserved, "c1", "5.00"),
    ]

    assert [answer.status_code for answer in captures + refunds] == [201, 200, 201, 200]
    assert captures[0].json() == captures[1].json()
    errors = [answer.json()["error"] for answer in others]
    assert errors == ["REFERENCE_USED", "REFERENCE_USED", "KEY_REUSED"]
    assert till.effects(reserved) == [
        ("authorize", "10.00"),
        ("capture", "4.00"),
        ("refund", "1.00"),
    ]


def test_a_void_gives_everything_back_and_can_be_sent_again(till: Till, reserved):
    first, again = till.void(reserved), till.void(reserved)

    assert (first.status_code, first.json()["state"]) == (200, "VOIDED")
    assert first.json()["voidedAmount"] == "10.00"
    assert again.json() == first.json()
    assert till.capture(reserved, "c1", "1.00").json() == {
        "error": "WRONG_STATE",
        "state": "VOIDED",
    }
    assert till.effects(reserved) == [("authorize", "10.00"), ("void", "10.00")]


def test_a_void_after_a_part_was_captured_releases_the_rest(till: Till, reserved):
    till.capture(reserved, "c1", "4.00")

    voided, again = till.void(reserved), till.void(reserved)

    assert (voided.json()["state"], voided.json()["voidedAmount"]) == ("CAPTURED", "6.00")
    assert again.json() == voided.json()


def test_what_is_captured_is_too_late_to_void(till: Till, charged):
    refused = till.void(charged)

    assert (refused.status_code, refused.json()) == (
        409,
        {"error": "WRONG_STATE", "state": "CAPTURED"},
    )


def test_it_is_refunded_in_parts_up_to_what_was_captured(till: Till, charged):
    first = till.refund(charged, "r1", "4.00")
    too_large = till.refund(charged, "r2", "6.01")
    last = till.refund(charged, "r2", "6.00")

    assert (first.status_code, first.json()["refundedAmount"]) == (201, "4.00")
    assert (too_large.status_code, too_large.json()) == (422, {"error": "AMOUNT_TOO_LARGE"})
    assert last.json()["refundedAmount"] == "10.00"
    assert [(one["reference"], one["state"]) for one in last.json()["refunds"]] == [
        ("r1", "SUCCEEDED"),
        ("r2", "SUCCEEDED"),
    ]


def test_nothing_is_refunded_before_it_was_captured(till: Till, reserved):
    assert till.refund(reserved, "r1", "1.00").json() == {
        "error": "WRONG_STATE",
        "state": "AUTHORIZED",
    }


def test_a_pending_refund_is_spoken_for(till: Till, charged):
    till.tell("pending", operations=["refund"], delayMs=60_000)
    till.refund(charged, "r1", "7.00")
    till.tell()

    assert till.refund(charged, "r2", "4.00").json() == {"error": "AMOUNT_TOO_LARGE"}
    assert till.refund(charged, "r3", "3.00").status_code == 201


def test_an_acquirer_can_be_told_to_let_refunds_exceed(till: Till, charged):
    till.tell(allowOverRefund=True)

    assert till.refund(charged, "r1", "25.00").json()["refundedAmount"] == "25.00"


@pytest.mark.parametrize(
    ("currency", "amount", "more"), [("JPY", "1000", "1"), ("BHD", "10.005", "0.001")]
)
def test_every_currency_has_its_own_digits(till: Till, currency, amount, more):
    paid = till.paid(currency=currency, amount=amount)

    assert (paid["amount"], paid["authorizedAmount"]) == (amount, amount)
    part = till.capture(paid["reference"], f"c-{currency}", more).json()
    assert part["capturedAmount"] == more


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"amount": "10.001"}, "amount"),
        ({"amount": "0.00"}, "amount"),
        ({"amount": "-1"}, "amount"),
        ({"amount": "1e3"}, "amount"),
        ({"currency": "usd"}, "currency"),
        ({"capture": "yes"}, "capture"),
        ({"threeDS": "never"}, "threeDS"),
        ({"returnUrl": "javascript:alert(1)"}, "returnUrl"),
        ({"reference": "a/b"}, "reference"),
        ({"more": 1}, "more"),
    ],
)
def test_what_is_ill_formed_is_refused_and_does_not_even_arrive(till: Till, changes, field):
    order = till.order()

    refused = till.authorize(order | changes, key="k")

    assert refused.status_code == 422
    assert (refused.json()["error"], refused.json()["field"]) == ("INVALID", field)
    assert till.arrivals(order["reference"]) == []


def test_a_method_that_nobody_knows_is_refused(till: Till):
    refused = till.authorize(till.order(method="tok_nobody"))

    assert (refused.status_code, refused.json()) == (422, {"error": "METHOD_NOT_FOUND"})


def test_every_call_needs_the_acquirers_own_secret(till: Till, reserved):
    path = f"/acquirers/SOUTH/payments/{reserved}"
    north = {"Authorization": "Bearer secret-of-north"}

    for answer in (
        till.http.get(path, headers=north),
        till.http.get(path),
        till.http.post("/acquirers/NORTH/payments", json={}),
        till.http.post(f"{path}/void", headers=north, json={}),
        till.http.get("/acquirers/EAST/books", headers=north),
        till.http.get("/acquirers/SOUTH/books", headers=north),
    ):
        assert (answer.status_code, answer.json()) == (401, {"error": "UNAUTHORIZED"})


def test_the_books_add_up(start_sandbox):
    till = Till(start_sandbox())
    taken, part, dropped = (till.paid(capture=way)["reference"] for way in (True, False, False))
    till.capture(part, "c1", "2.50")
    till.void(dropped)
    till.refund(taken, "r1", "4.00")
    till.paid("4000000000000002")
    till.paid(currency="JPY", amount="700")

    assert till.books() == {
        "JPY": {
            "authorized": "700",
            "captured": "0",
            "voided": "0",
            "held": "700",
            "refunded": "0",
            "disputed": "0",
            "surplus": "0",
            "counts": {
                "authorized": 1,
                "captured": 0,
                "voided": 0,
                "refunded": 0,
                "refundsFailed": 0,
                "surplus": 0,
            },
        },
        "USD": {
            "authorized": "30.00",
            "captured": "12.50",
            "voided": "10.00",
            "held": "7.50",
            "refunded": "4.00",
            "disputed": "0.00",
            "surplus": "0.00",
            "counts": {
                "authorized": 3,
                "captured": 2,
                "voided": 1,
                "refunded": 1,
                "refundsFailed": 0,
                "surplus": 0,
            },
        },
    }
