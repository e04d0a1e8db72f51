"""Answers become typed values, refusals one tree of errors; nothing is guessed or rounded."""

import json
from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import quittance
from quittance import (
    BillState,
    Code,
    TransactionState,
    UnreadableAnswer,
)
from quittance.access import Credentials, Token
from signing_gateway import BILL, LOCK, PAID, PROCESSING

QUESTION = ("DESCO", "1234567800", "2026-04")


def test_a_bill_is_read_with_its_amount_as_written(connect):
    bill = connect().bills.lookup(*QUESTION)

    assert bill.amount == Decimal("1250.00")
    assert str(bill.amount) == "1250.00"
    assert bill.due_date == date(2026, 5, 15)
    assert bill.state is BillState.PAYABLE
    assert bill.trace == "partner_1.20260430T082114123Z.7K3Q9XW2"
    with pytest.raises(FrozenInstanceError):
        bill.amount = Decimal(0)


def test_a_lock_is_paid_and_the_receipt_is_typed(gateway, connect):
    client = connect()

    lock = client.bills.lock(*QUESTION)
    payment = client.bills.pay(lock, "ORDER-1")

    assert lock.expires_at == datetime(2026, 4, 30, 8, 26, 14, tzinfo=UTC)
    assert lock.lock_token not in repr(lock)
    assert payment.state is TransactionState.PAID
    assert payment.fee == Decimal("5.00")
    assert payment.paid_at == datetime(2026, 4, 30, 8, 21, 15, 250_000, tzinfo=UTC)
    (request,) = gateway.sent("/v1/bill/pay")
    assert json.loads(request.content) == {
        "lockToken": "lt_0123456789abcdef",
        "transactionId": "ORDER-1",
    }


def test_a_slow_payment_is_a_result_not_an_error(gateway, connect):
    gateway.replies = [
        lambda request: gateway.envelope(request, "P0001", PROCESSING, http_status=202)
    ]

    payment = connect().bills.pay("lt_1", "ORDER-1")

    assert payment.state is TransactionState.PROCESSING
    assert not payment.is_final
    assert payment.paid_at is None


def test_the_status_of_a_declined_payment_is_a_result_with_the_code(gateway, connect):
    declined = PAID | {"state": "DECLINED", "declineCode": "P2007", "reason": "account_blocked"}
    gateway.replies = [lambda request: gateway.envelope(request, "P0000", declined)]

    transaction = connect().transactions.status("ORDER-1")

    assert transaction.state is TransactionState.DECLINED
    assert transaction.decline_code == Code.P2007


def test_a_lock_can_be_given_back(connect):
    assert connect().bills.unlock("lt_1").state == "RELEASED"


def test_the_codes_of_the_gateway_can_be_read_without_a_token(gateway, connect):
    (row,) = connect().codes()

    assert gateway.sent("/v1/auth/token") == []
    assert (row.code, row.http_status, row.retryable) == ("P1102", 409, False)


def test_every_write_carries_a_key_and_no_read_does(gateway, connect):
    client = connect()
    client.bills.lookup(*QUESTION)
    lock = client.bills.lock(*QUESTION)
    client.bills.pay(lock, "ORDER-1")
    client.bills.unlock(lock)
    client.transactions.status("ORDER-1")

    assert all(
        ("idempotency-key" in request.headers) == (request.method == "POST")
        for request in gateway.seen
    )
    assert all(
        request.headers["user-agent"] == f"quittance-python/{quittance.__version__}"
        for request in gateway.seen
    )


@pytest.mark.parametrize(
    ("amount", "sent"),
    [(Decimal("1250.00"), "1250.00"), ("1250.00", "1250.00"), (Decimal("1E+3"), "1000")],
)
def test_an_amount_is_sent_as_it_was_written(gateway, connect, amount, sent):
    connect().bills.pay("lt_1", "ORDER-1", amount)

    (request,) = gateway.sent("/v1/bill/pay")
    assert json.loads(request.content)["amount"] == sent


@pytest.mark.parametrize("amount", [1250.0, 1250, Decimal("NaN"), Decimal("Infinity")])
def test_an_amount_that_is_no_decimal_is_refused_before_anything_is_sent(gateway, connect, amount):
    with pytest.raises(TypeError):
        connect().bills.pay("lt_1", "ORDER-1", amount)

    assert gateway.seen == []


@pytest.mark.parametrize("key", ["", "with space", "tab\t", "é", "x" * 256])
def test_a_key_that_no_header_can_carry_is_refused_before_anything_is_sent(gateway, connect, key):
    with pytest.raises(ValueError, match="idempotency_key"):
        connect().bills.pay("lt_1", "ORDER-1", idempotency_key=key)

    assert gateway.seen == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 1250.0},
        {"amount": "1,250.00"},
        {"amount": "NaN"},
        {"amount": None},
        {"dueDate": "soon"},
        {"state": "EATEN"},
        {"currency": 5},
    ],
)
def test_a_signed_answer_of_another_shape_is_an_error_and_never_a_guess(gateway, connect, wrong):
    gateway.replies = [lambda request: gateway.envelope(request, "P0000", BILL | wrong)]

    with pytest.raises(UnreadableAnswer):
        connect().bills.lookup(*QUESTION)


def test_a_time_without_its_zone_is_not_guessed(gateway, connect):
    naive = LOCK | {"expiresAt": "2026-04-30T08:26:14"}
    gateway.replies = [lambda request: gateway.envelope(request, "P0000", naive)]

    with pytest.raises(UnreadableAnswer):
        connect().bills.lock(*QUESTION)


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{}", b'{"status":"FINE"}', b"\xff"])
def test_a_signed_answer_without_the_envelope_is_an_error(gateway, connect, body):
    gateway.replies = [lambda request: gateway.signed(request, 200, body)]

    with pytest.raises(UnreadableAnswer):
        connect().bills.lookup(*QUESTION)


def test_fields_this_version_does_not_know_are_left_alone(gateway, connect):
    more = BILL | {"colour": "blue"}
    gateway.replies = [lambda request: gateway.envelope(request, "P0000", more)]

    assert connect().bills.lookup(*QUESTION).amount == 1250


def test_secrets_stay_out_of_what_is_printed():
    assert "qs_secret" not in repr(Credentials("qk", "qs_secret"))
    assert "bearer" not in repr(Token("bearer", 0))


@pytest.mark.parametrize("base_url", ["pay.example.com", "ftp://pay.example.com", "https://", "x"])
def test_a_base_url_that_is_no_address_is_refused(connect, base_url):
    with pytest.raises(ValueError, match="base_url"):
        connect(base_url=base_url)


def test_a_gateway_behind_a_path_is_reached(gateway, connect):
    client = connect(base_url="https://pay.example.test/")

    client.bills.lookup(*QUESTION)

    assert str(gateway.sent("/v1/bill/lookup")[0].url).startswith("https://pay.example.test/v1/")
