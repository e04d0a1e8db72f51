"""A passing fault is asked past with the same key; anything else is said at once."""

from collections.abc import Callable
from typing import Any

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
    StillProcessing,
    TransactionState,
    TransactionUnknown,
    TransportError,
    operations,
)
from quittance.access import Credentials
from quittance.clock import Clock
from quittance.core import Core
from quittance.steps import Alone, Pause, Send
from signing_gateway import API_KEY, PROCESSING, SECRET, URL

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


class ByHand:
    """Performs the programs without any I/O, on a clock that only pauses move."""

    def __init__(self, gateway: Callable[[httpx2.Request], httpx2.Response]) -> None:
        self.gateway = gateway
        self.pauses: list[float] = []
        self.core = Core(
            base_url=URL,
            credentials=Credentials(API_KEY, SECRET),
            answer_keys=(),
            retries=Retries(),
            clock=Clock(monotonic=lambda: sum(self.pauses)),
        )

    def run(self, program: Any) -> Any:
        value, failure = None, None
        while True:
            try:
                step = program.throw(failure) if failure else program.send(value)
            except StopIteration as end:
                return end.value
            value, failure = None, None
            try:
                value = self.perform(step)
            except Exception as error:  # noqa: BLE001  as the real drivers do
                failure = error

    def perform(self, step: Send | Pause | Alone) -> Any:
        match step:
            case Send(request):
                response = self.gateway(request)
                response.request = request
                return response
            case Pause(seconds):
                self.pauses.append(seconds)
            case Alone(_, program):
                return self.run(program)
        return None


def test_the_gateway_s_retry_after_is_waited_for_with_jitter(gateway):
    gateway.replies = [
        lambda request: gateway.envelope(
            request, "P5009", None, http_status=429, headers={"Retry-After": "7"}
        )
    ]
    hand = ByHand(gateway)

    hand.run(hand.core.call(operations.pay("lt_1", "ORDER-1", None, None)))

    (pause,) = hand.pauses
    assert 7 < pause <= 7.2


def test_a_retry_after_longer_than_we_wait_is_handed_to_the_caller(gateway):
    gateway.replies = [
        lambda request: gateway.envelope(
            request, "P5009", None, http_status=429, headers={"Retry-After": "3600"}
        )
    ]
    hand = ByHand(gateway)

    with pytest.raises(RateLimited) as caught:
        hand.run(hand.core.call(operations.pay("lt_1", "ORDER-1", None, None)))

    assert caught.value.retry_after_s == 3600
    assert hand.pauses == []


def test_pauses_double_up_to_a_cap_and_differ():
    retries = Retries(max_attempts=100)
    error = TransportError("lost")

    pauses = [retries.pause_s(error, attempt) or 0 for attempt in range(1, 99)]

    assert all(0.1 <= pause <= 0.2 for pause in pauses[:1])
    assert all(2.5 <= pause <= 5 for pause in pauses[5:])
    assert len(set(pauses)) > 90
    assert retries.pause_s(error, 100) is None


def test_wait_asks_ever_less_often_until_the_payment_is_final(gateway):
    gateway.replies = [lambda request: gateway.envelope(request, "P0001", PROCESSING)] * 9
    hand = ByHand(gateway)

    transaction = hand.run(hand.core.wait("ORDER-1", timeout_s=60))

    assert transaction.state is TransactionState.PAID
    assert hand.pauses == sorted(hand.pauses)
    assert hand.pauses[0] == 0.25
    assert hand.pauses[-1] == 5


def test_wait_ends_when_its_time_is_over(gateway):
    gateway.replies = [lambda request: gateway.envelope(request, "P0001", PROCESSING)] * 99
    hand = ByHand(gateway)

    with pytest.raises(StillProcessing) as caught:
        hand.run(hand.core.wait("ORDER-1", timeout_s=12))

    assert caught.value.transaction.transaction_id == "TXN-2026-04-7K3Q9XW2"
    assert sum(hand.pauses) == pytest.approx(12)


def test_wait_goes_on_while_the_gateway_is_away(gateway):
    gateway.replies = [lost] * 10
    hand = ByHand(gateway)

    assert hand.run(hand.core.wait("ORDER-1", timeout_s=60)).is_final


def test_wait_does_not_wait_for_a_transaction_that_does_not_exist(gateway, connect):
    gateway.replies = [lambda request: gateway.envelope(request, "P1201", None, http_status=404)]

    with pytest.raises(TransactionUnknown):
        connect().transactions.wait("ORDER-404")


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
