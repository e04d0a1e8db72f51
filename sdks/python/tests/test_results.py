"""Answers become typed values, refusals one tree of errors; nothing is guessed or rounded."""

import json
import pickle
from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
import quittance
from quittance import (
    AlreadyPaid,
    AmountDiffers,
    ApiError,
    AuthenticationError,
    BillError,
    BillerUnavailable,
    BillLocked,
    BillNotFound,
    BillState,
    Code,
    InvalidRequest,
    LockExpired,
    LockUnknown,
    PaymentDeclined,
    QuittanceError,
    RateLimited,
    ServerError,
    StillInFlight,
    TransactionState,
    TransactionUnknown,
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


KINDS = [
    ("P1001", 404, BillNotFound),
    ("P1002", 409, AlreadyPaid),
    ("P1003", 404, BillError),
    ("P1101", 409, BillLocked),
    ("P1102", 409, LockExpired),
    ("P1103", 404, LockUnknown),
    ("P1104", 422, AmountDiffers),
    ("P1105", 409, BillError),
    ("P1201", 404, TransactionUnknown),
    ("P2001", 402, PaymentDeclined),
    ("P2008", 402, PaymentDeclined),
    ("P3001", 409, ApiError),
    ("P4005", 403, AuthenticationError),
    ("P5003", 422, InvalidRequest),
    ("P9001", 500, ServerError),
]
# These are asked past first, so they have their tests in test_retries.
PASSING = {BillerUnavailable, RateLimited, StillInFlight}


@pytest.mark.parametrize(("code", "http_status", "kind"), KINDS)
def test_each_code_raises_its_own_kind(gateway, connect, code, http_status, kind):
    data = {"field": "billNumber", "reason": "no such thing", "transactionId": "TXN-1"}
    gateway.replies = [
        lambda request: gateway.envelope(request, code, data, http_status=http_status)
    ]

    with pytest.raises(QuittanceError) as caught:
        connect().bills.pay("lt_1", "ORDER-1", idempotency_key="mine")

    error = caught.value
    assert type(error) is kind
    assert error.code == code
    assert error.http_status == http_status
    assert error.message == "as the test wants it"
    assert error.trace == "partner_1.20260430T082114123Z.7K3Q9XW2"
    assert error.idempotency_key == "mine"
    assert code in str(error)
    assert error.trace in str(error)


def test_the_table_above_leads_to_every_kind_of_refusal():
    def leaves(kind: type[ApiError]) -> set[type[ApiError]]:
        return {kind}.union(*(leaves(each) for each in kind.__subclasses__()))

    assert leaves(ApiError) == {kind for _, _, kind in KINDS} | PASSING


def test_a_decline_says_why_and_for_which_transaction(gateway, connect):
    data = {
        "transactionId": "TXN-1",
        "partnerTransactionId": "ORDER-1",
        "state": "DECLINED",
        "reason": "account_blocked",
    }
    gateway.replies = [lambda request: gateway.envelope(request, "P2007", data, http_status=402)]

    with pytest.raises(PaymentDeclined) as caught:
        connect().bills.pay("lt_1", "ORDER-1")

    assert caught.value.reason == "account_blocked"
    assert caught.value.transaction_id == "TXN-1"


def test_a_refused_field_is_named(gateway, connect):
    data = {"field": "billNumber", "reason": "too long"}
    gateway.replies = [lambda request: gateway.envelope(request, "P5003", data, http_status=422)]

    with pytest.raises(InvalidRequest) as caught:
        connect().bills.lookup(*QUESTION)

    assert caught.value.field == "billNumber"
    assert caught.value.reason == "too long"


def test_an_error_survives_the_way_to_another_process():
    error = BillLocked("P1101", 409, "locked", {"retryAfterS": 5}, "trace")
    error.idempotency_key = "mine"

    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), copy.code, copy.retry_after_s) == (BillLocked, "P1101", 5)
    assert copy.idempotency_key == "mine"


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
