"""A passing fault is asked past with the same key; anything else is said at once."""

import httpx2
import pytest
from quittance import (
    ApiError,
    BillerUnavailable,
    BillLocked,
    ForgedAnswer,
    RateLimited,
    Retries,
    ServerError,
    StillInFlight,
    TransactionState,
    TransportError,
)

QUESTION = ("DESCO", "1234567800", "2026-04")
PAY = "/v1/bill/pay"


def keys_of(requests: list[httpx2.Request]) -> set[str]:
    return {request.headers["idempotency-key"] for request in requests}


def lost(_request: httpx2.Request) -> Exception:
    return httpx2.ReadTimeout("the answer got lost")


def test_a_lost_answer_is_asked_for_again_with_the_same_key(gateway, connect):
    gateway.replies = [lost, lost]

    payment = connect().bills.pay("lt_1", "ORDER-1")

    assert payment.state is TransactionState.PAID
    assert len(gateway.sent(PAY)) == 3
    assert len(keys_of(gateway.sent(PAY))) == 1
    assert len({request.content for request in gateway.sent(PAY)}) == 1


def test_two_calls_have_two_keys_and_a_given_key_is_used(gateway, connect):
    client = connect()

    client.bills.pay("lt_1", "ORDER-1")
    client.bills.pay("lt_1", "ORDER-1")
    client.bills.pay("lt_1", "ORDER-1", idempotency_key="mine")

    keys = [request.headers["idempotency-key"] for request in gateway.sent(PAY)]
    assert len(set(keys)) == 3
    assert keys[2] == "mine"


def test_when_no_answer_arrives_the_outcome_is_unknown_and_the_key_is_told(gateway, connect):
    gateway.replies = [lost] * 4

    with pytest.raises(TransportError) as caught:
        connect().bills.pay("lt_1", "ORDER-1", idempotency_key="mine")

    assert caught.value.idempotency_key == "mine"
    assert isinstance(caught.value.__cause__, httpx2.ReadTimeout)
    assert len(gateway.sent(PAY)) == 4


@pytest.mark.parametrize(
    ("code", "http_status"),
    [
        ("P5009", 429),
        ("P1004", 503),
        ("P9002", 503),
        ("P9003", 503),
        ("P9004", 503),
        ("P5102", 409),
    ],
)
def test_a_passing_refusal_is_asked_past_with_the_same_key(gateway, connect, code, http_status):
    gateway.replies = [
        lambda request: gateway.envelope(request, code, None, http_status=http_status)
    ] * 2

    connect().bills.pay("lt_1", "ORDER-1")

    assert len(gateway.sent(PAY)) == 3
    assert len(keys_of(gateway.sent(PAY))) == 1


@pytest.mark.parametrize(
    ("code", "http_status", "kind"),
    [
        ("P5009", 429, RateLimited),
        ("P1004", 503, BillerUnavailable),
        ("P9002", 503, ServerError),
        ("P5102", 409, StillInFlight),
    ],
)
def test_a_refusal_that_does_not_pass_is_raised_in_the_end(
    gateway, connect, code, http_status, kind
):
    gateway.replies = [
        lambda request: gateway.envelope(request, code, None, http_status=http_status)
    ] * 9

    with pytest.raises(kind) as caught:
        connect(retries=Retries(max_attempts=2, first_pause_s=0)).bills.pay("lt_1", "ORDER-1")

    assert caught.value.retryable
    assert caught.value.idempotency_key
    assert len(gateway.sent(PAY)) == 2


@pytest.mark.parametrize(
    ("code", "http_status"),
    [("P1101", 409), ("P1102", 409), ("P2001", 402), ("P5003", 422), ("P9001", 500)],
)
def test_any_other_refusal_is_raised_at_once(gateway, connect, code, http_status):
    gateway.replies = [
        lambda request: gateway.envelope(request, code, None, http_status=http_status)
    ]

    with pytest.raises(ApiError):
        connect().bills.pay("lt_1", "ORDER-1")

    assert len(gateway.sent(PAY)) == 1


def test_an_unsigned_502_of_a_proxy_is_asked_past_and_never_believed(gateway, connect):
    gateway.replies = [lambda _request: httpx2.Response(502, text="<h1>Bad Gateway</h1>")] * 2
    client = connect()
    client.bills.pay("lt_1", "ORDER-1")
    assert len(keys_of(gateway.sent(PAY))) == 1

    gateway.replies = [lambda _request: httpx2.Response(502, text="<h1>Bad Gateway</h1>")] * 4
    with pytest.raises(ForgedAnswer):
        client.bills.pay("lt_1", "ORDER-2")


def test_a_payment_survives_that_the_key_set_cannot_be_had_at_first(gateway, connect):
    failures = [httpx2.ConnectError("refused")]

    def refuse(request):
        if request.url.path == "/.well-known/jwks.json" and failures:
            raise failures.pop()

    gateway.before = refuse

    assert connect().bills.pay("lt_1", "ORDER-1").state is TransactionState.PAID


def test_health_is_asked_once_and_without_a_token(gateway, connect):
    gateway.replies = [lambda request: gateway.envelope(request, "P9002", None, http_status=503)]
    client = connect()

    with pytest.raises(ServerError):
        client.health()

    assert client.health().state == "ready"
    assert gateway.sent("/v1/auth/token") == []


def test_a_locked_bill_is_told_with_its_signed_seconds_not_the_header(gateway, connect):
    data = {"retryAfterS": 212, "heldByYou": True, "expiresAt": "2026-04-30T08:26:14Z"}
    gateway.replies = [
        lambda request: gateway.envelope(
            request, "P1101", data, http_status=409, headers={"Retry-After": "1"}
        )
    ]

    with pytest.raises(BillLocked) as caught:
        connect().bills.lock(*QUESTION)

    assert caught.value.retry_after_s == 212
    assert caught.value.held_by_you
    assert caught.value.expires_at.isoformat() == "2026-04-30T08:26:14+00:00"
