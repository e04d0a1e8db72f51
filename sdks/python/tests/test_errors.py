"""Every refusal raises its own kind of error, and says what it knows."""

import pickle

import pytest
from card_answers import PAYMENT, REFUND
from quittance import (
    AlreadyPaid,
    AmountDiffers,
    AmountTooLarge,
    ApiError,
    AuthenticationError,
    BillError,
    BillerUnavailable,
    BillLocked,
    BillNotFound,
    CaseUnknown,
    CustomerUnknown,
    DestinationUnknown,
    DisputeAnswered,
    DisputeError,
    DisputeUnknown,
    EndpointError,
    EndpointRefused,
    EndpointUnknown,
    EventUnknown,
    EvidenceRefused,
    FundsInsufficient,
    InvalidRequest,
    LockExpired,
    LockUnknown,
    MethodRefused,
    PaymentDeclined,
    PaymentDisputed,
    PaymentError,
    PaymentUnknown,
    PayoutError,
    PayoutFailed,
    PayoutRefused,
    PayoutUnknown,
    QuittanceError,
    RateLimited,
    ReferenceUsed,
    RefundFailed,
    RefundUnknown,
    ServerError,
    StillInFlight,
    TransactionUnknown,
    WrongStatus,
)

QUESTION = ("DESCO", "1234567800", "2026-04")

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
    ("P2018", 402, PaymentDeclined),
    ("P2101", 404, PaymentUnknown),
    ("P2102", 409, ReferenceUsed),
    ("P2103", 404, MethodRefused),
    ("P2104", 409, MethodRefused),
    ("P2105", 422, MethodRefused),
    ("P2106", 409, WrongStatus),
    ("P2107", 422, AmountTooLarge),
    ("P2108", 422, AmountTooLarge),
    ("P2109", 409, WrongStatus),
    ("P2110", 404, RefundUnknown),
    ("P2111", 402, RefundFailed),
    ("P2112", 404, CustomerUnknown),
    ("P2113", 422, PaymentError),
    ("P2118", 404, EndpointUnknown),
    ("P2119", 404, EventUnknown),
    ("P2120", 409, EndpointRefused),
    ("P2121", 409, EndpointRefused),
    ("P2122", 404, CaseUnknown),
    ("P2201", 409, PaymentDisputed),
    ("P2202", 404, DisputeUnknown),
    ("P2203", 409, DisputeAnswered),
    ("P2204", 422, EvidenceRefused),
    ("P2205", 422, EvidenceRefused),
    ("P2206", 409, DisputeAnswered),
    ("P2207", 409, EvidenceRefused),
    ("P2208", 422, EvidenceRefused),
    ("P2209", 409, EvidenceRefused),
    ("P2219", 409, DisputeError),
    ("P3001", 404, PayoutUnknown),
    ("P3002", 404, DestinationUnknown),
    ("P3003", 409, PayoutRefused),
    ("P3004", 409, FundsInsufficient),
    ("P3005", 422, PayoutRefused),
    ("P3006", 422, PayoutRefused),
    ("P3007", 422, PayoutRefused),
    ("P3008", 422, PayoutRefused),
    ("P3010", 422, PayoutRefused),
    ("P3099", 409, PayoutError),
    ("P3102", 402, PayoutFailed),
    ("P7001", 409, ApiError),
    ("P4005", 403, AuthenticationError),
    ("P5003", 422, InvalidRequest),
    ("P9001", 500, ServerError),
]
# These are asked past first, so they have their tests in test_retries; the last has no code alone.
PASSING = {BillerUnavailable, RateLimited, StillInFlight, EndpointError}


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


def test_a_card_that_is_declined_says_why_and_for_which_payment(gateway, connect):
    failed = PAYMENT | {"status": "failed", "declineCode": "P2010", "reason": "expired_card"}
    gateway.replies = [lambda request: gateway.envelope(request, "P2010", failed, http_status=402)]

    with pytest.raises(PaymentDeclined) as caught:
        connect().payments.create("25.00", "USD", "tok_1", "ORDER-1")

    assert caught.value.reason == "expired_card"
    assert caught.value.payment_id == PAYMENT["id"]
    assert caught.value.idempotency_key


def test_a_refund_that_failed_says_why_it_did_and_not_why_it_was_asked_for(gateway, connect):
    failed = REFUND | {
        "status": "failed",
        "reason": "the coat was too small",
        "declineCode": "P2111",
        "declineReason": "refund_failed",
    }
    gateway.replies = [lambda request: gateway.envelope(request, "P2111", failed, http_status=402)]

    with pytest.raises(RefundFailed) as caught:
        connect().payments.refund(PAYMENT["id"], "BACK-1")

    assert caught.value.reason == "refund_failed"
    assert caught.value.refund_id == REFUND["id"]
    assert caught.value.payment_id == PAYMENT["id"]


def test_a_status_that_does_not_allow_it_is_told(gateway, connect):
    data = {"reason": "the payment is captured"}
    gateway.replies = [lambda request: gateway.envelope(request, "P2106", data, http_status=409)]

    with pytest.raises(WrongStatus) as caught:
        connect().payments.cancel(PAYMENT["id"])

    assert caught.value.reason == "the payment is captured"


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
