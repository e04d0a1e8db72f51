"""How long is waited and when: the programs are performed by hand, so no test sleeps."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from quittance import (
    RateLimited,
    Retries,
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


def lost(_request: httpx2.Request) -> Exception:
    return httpx2.ReadTimeout("the answer got lost")


class ByHand:
    """Performs the programs without any I/O, on a clock that only pauses move."""

    def __init__(self, gateway: Callable[[httpx2.Request], httpx2.Response]) -> None:
        self.gateway = gateway
        self.pauses: list[float] = []
        self.core = Core(
            base_url=URL,
            credentials=Credentials(API_KEY, SECRET),
            answer_keys=None,
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

    transaction = hand.run(hand.core.wait(operations.status("ORDER-1"), timeout_s=60))

    assert transaction.state is TransactionState.PAID
    assert hand.pauses == sorted(hand.pauses)
    assert hand.pauses[0] == 0.25
    assert hand.pauses[-1] == 5


def test_wait_ends_when_its_time_is_over(gateway):
    gateway.replies = [lambda request: gateway.envelope(request, "P0001", PROCESSING)] * 99
    hand = ByHand(gateway)

    with pytest.raises(StillProcessing) as caught:
        hand.run(hand.core.wait(operations.status("ORDER-1"), timeout_s=12))

    assert caught.value.last.transaction_id == "TXN-2026-04-7K3Q9XW2"
    assert sum(hand.pauses) == pytest.approx(12)


def test_wait_goes_on_while_the_gateway_is_away(gateway):
    gateway.replies = [lost] * 10
    hand = ByHand(gateway)

    assert hand.run(hand.core.wait(operations.status("ORDER-1"), timeout_s=60)).is_final


def test_wait_does_not_wait_for_a_transaction_that_does_not_exist(gateway, connect):
    gateway.replies = [lambda request: gateway.envelope(request, "P1201", None, http_status=404)]

    with pytest.raises(TransactionUnknown):
        connect().transactions.wait("ORDER-404")
