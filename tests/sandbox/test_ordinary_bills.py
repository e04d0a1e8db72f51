"""What a well-behaved biller does: look up, hold, release, pay, confirm."""

import hashlib
from decimal import Decimal

import pytest

from tests.sandbox.running_sandbox import PERIOD


def test_any_ten_digit_number_has_a_bill_whose_amount_anyone_can_compute(sandbox):
    bill = sandbox.lookup("1234567800").json()

    digest = hashlib.sha256(b"DESCO:1234567800:2026-04").digest()
    due_minor = 5000 + int.from_bytes(digest[:8], "big") % (500000 - 5000 + 1)
    assert bill["amountDue"] == f"{due_minor // 100}.{due_minor % 100:02d}"
    assert bill["dueDate"] == "2026-05-15"
    assert bill["state"] == "DUE"
    assert set(bill) == {
        "billNumber",
        "period",
        "amountDue",
        "currency",
        "dueDate",
        "customerName",
        "state",
    }


@pytest.mark.parametrize(
    ("biller", "currency", "digits"),
    [("DESCO", "BDT", 2), ("TOKYOGAS", "JPY", 0), ("BAHWATER", "BHD", 3)],
)
def test_every_biller_writes_its_currency_with_its_own_digits(
    sandbox, bill_number, biller, currency, digits
):
    number = bill_number()

    bill = sandbox.lookup(number, biller=biller).json()
    paid = sandbox.pay(sandbox.order(number, biller=biller), biller=biller)

    assert bill["currency"] == currency
    assert Decimal(bill["amountDue"]).as_tuple().exponent == -digits
    assert 50 <= Decimal(bill["amountDue"]) <= 5000
    assert paid.status_code == 201
    assert paid.json()["receipt"].startswith(f"{biller}-202604-")


def test_december_is_due_in_january(sandbox):
    answer = sandbox.biller.get("/billers/DESCO/bills/1234567800?period=2026-12")

    assert answer.json()["dueDate"] == "2027-01-15"


def test_paying_takes_the_money_once_and_every_question_says_so(sandbox, bill_number):
    number = bill_number()
    order = sandbox.order(number)

    paid = sandbox.pay(order, key="a-key")

    assert paid.status_code == 201
    assert paid.json()["state"] == "PAID"
    assert sandbox.confirm(order["reference"]).json() == paid.json()
    assert sandbox.lookup(number).json()["state"] == "PAID"
    assert sandbox.hold(number, "late").json() == {"error": "ALREADY_PAID"}
    (effect,), (arrival,) = sandbox.effects(number), sandbox.arrivals(number)
    assert effect["kind"] == "effect"
    assert arrival["kind"] == "arrival"
    for row in (effect, arrival):
        assert row["biller"] == "DESCO"
        assert (row["billNumber"], row["period"]) == (number, PERIOD)
        assert (row["reference"], row["idempotencyKey"]) == (order["reference"], "a-key")
        assert (row["amount"], row["currency"]) == (order["amount"], "BDT")
    assert effect["receipt"] == paid.json()["receipt"]


def test_another_period_of_the_same_number_is_another_bill(sandbox, bill_number):
    number = bill_number()
    sandbox.pay(sandbox.order(number))

    may = sandbox.biller.get(f"/billers/DESCO/bills/{number}?period=2026-05").json()

    assert may["state"] == "DUE"


def test_a_hold_keeps_others_out_until_it_is_released(sandbox, bill_number):
    number = bill_number()

    mine = sandbox.hold(number, "mine")
    again = sandbox.hold(number, "mine")
    theirs = sandbox.hold(number, "theirs")
    not_theirs_to_release = sandbox.release(number, "theirs")
    still_mine = sandbox.hold(number, "theirs")
    released = sandbox.release(number, "mine")
    now_theirs = sandbox.hold(number, "theirs")

    assert mine.status_code == 200
    assert mine.json()["amountDue"] == sandbox.lookup(number).json()["amountDue"]
    assert again.json()["heldUntil"] == mine.json()["heldUntil"]
    assert (theirs.status_code, theirs.json()) == (409, {"error": "HELD"})
    assert not_theirs_to_release.status_code == 204
    assert still_mine.status_code == 409
    assert (released.status_code, released.content) == (204, b"")
    assert now_theirs.status_code == 200


def test_releasing_what_nobody_holds_is_harmless(sandbox, bill_number):
    assert sandbox.release(bill_number(), "never-held").status_code == 204
    assert sandbox.biller.delete(
        "/billers/NOBODY/bills/1/holds/h", params={"period": PERIOD}
    ).is_success


@pytest.mark.parametrize("number", ["12345678", "12345678901", "12345abc00", "1234567899"])
def test_a_number_without_a_bill_is_not_found_by_anyone(sandbox, number):
    order = sandbox.order("1234567800") | {"billNumber": number, "reference": f"ref-{number}"}

    for answer in (sandbox.lookup(number), sandbox.hold(number, "h"), sandbox.pay(order)):
        assert (answer.status_code, answer.json()) == (404, {"error": "BILL_NOT_FOUND"})
    assert sandbox.effects(number) == []


def test_unknown_billers_and_payments_are_not_found(sandbox):
    assert sandbox.lookup("1234567800", biller="NOBODY").json() == {"error": "BILLER_NOT_FOUND"}
    answer = sandbox.confirm("never-sent")
    assert (answer.status_code, answer.json()) == (404, {"error": "PAYMENT_NOT_FOUND"})


@pytest.mark.parametrize("change", [{"amount": "49.99"}, {"currency": "USD"}, {"amount": "50.001"}])
def test_a_wrong_amount_or_currency_moves_nothing(sandbox, bill_number, change):
    number = bill_number()
    order = sandbox.order(number, **change)

    refused = sandbox.pay(order)

    assert (refused.status_code, refused.json()) == (422, {"error": "AMOUNT_DIFFERS"})
    assert sandbox.confirm(order["reference"]).json()["state"] == "DECLINED"
    assert sandbox.effects(number) == []
    assert len(sandbox.arrivals(number)) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reference", "with/slash"),
        ("reference", None),
        ("period", "2026-13"),
        ("period", "٢٠٢٦-04"),
        ("amount", 1250),
        ("amount", "1,250.00"),
        ("amount", "-5.00"),
        ("currency", "bdt"),
        ("surprise", "field"),
    ],
)
def test_an_ill_formed_payment_is_refused_by_the_name_of_its_field(
    sandbox, bill_number, field, value
):
    number = bill_number()

    refused = sandbox.pay(sandbox.order(number) | {field: value}, key="a-key")

    assert refused.status_code == 422
    assert refused.json()["error"] == "INVALID"
    assert refused.json()["field"] == field
    assert sandbox.effects(number) == []


def test_what_is_no_request_at_all_gets_a_json_error_too(sandbox):
    for answer, status, error in (
        (sandbox.biller.post("/billers/DESCO/payments", content=b"{"), 422, "INVALID"),
        (sandbox.biller.post("/billers/DESCO/payments", content=b"x" * 70_000), 413, "TOO_LARGE"),
        (sandbox.biller.get("/billers/DESCO/bills/1234567800"), 422, "INVALID"),
        (sandbox.biller.get("/nothing"), 404, "NO_SUCH_ROUTE"),
        (sandbox.biller.get("/billers/DESCO/payments"), 405, "METHOD_NOT_ALLOWED"),
        (
            sandbox.biller.post(
                "/billers/DESCO/payments", headers={"Idempotency-Key": "a b"}, json={}
            ),
            422,
            "INVALID",
        ),
    ):
        assert (answer.status_code, answer.json()["error"]) == (status, error)
