"""One token for all calls, fetched when needed and never twice at once; our clock may be wrong."""

import asyncio
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import pytest
from card_answers import REFUND
from quittance import (
    AsyncQuittance,
    AuthenticationError,
    ForgedAnswer,
    Quittance,
    sign_token_request,
)
from quittance.clock import Clock
from signing_gateway import API_KEY, SECRET, URL

QUESTION = ("DESCO", "1234567800", "2026-04")
TOKEN = "/v1/auth/token"
VECTORS = json.loads((Path(__file__).parent / "token_request_vectors.json").read_text("utf-8"))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["why"])
def test_a_token_request_is_signed_as_published(vector):
    signature = sign_token_request(
        vector["apiKey"], vector["secret"], vector["timestamp"], vector["nonce"]
    )

    assert signature == vector["signature"]


def test_one_token_serves_many_calls(gateway, connect):
    client = connect()

    for _ in range(5):
        client.bills.lookup(*QUESTION)

    assert len(gateway.sent(TOKEN)) == 1


def test_a_token_is_replaced_shortly_before_it_expires(gateway, connect):
    now = [1000.0]
    client = connect(clock=Clock(monotonic=lambda: now[0]))
    client.bills.lookup(*QUESTION)

    now[0] += 869
    client.bills.lookup(*QUESTION)
    assert len(gateway.sent(TOKEN)) == 1

    now[0] += 1
    client.bills.lookup(*QUESTION)
    assert len(gateway.sent(TOKEN)) == 2


def test_a_token_the_gateway_takes_no_more_is_replaced_once_and_the_key_stays(gateway, connect):
    client = connect()
    client.bills.lookup(*QUESTION)
    gateway.good.clear()

    client.bills.pay("lt_1", "ORDER-1")

    first, second = gateway.sent("/v1/bill/pay")
    assert first.headers["authorization"] != second.headers["authorization"]
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


def test_a_gateway_that_refuses_every_token_is_asked_twice_and_no_more(gateway, connect):
    def refuse(request):
        return gateway.envelope(request, "P4004", None, http_status=401)

    gateway.replies = [refuse, refuse, refuse]

    with pytest.raises(AuthenticationError) as caught:
        connect().bills.lookup(*QUESTION)

    assert caught.value.code == "P4004"
    assert len(gateway.sent("/v1/bill/lookup")) == 2


def test_a_wrong_secret_is_an_authentication_error(gateway, connect):
    with pytest.raises(AuthenticationError) as caught:
        connect(secret="qs_wrong").bills.lookup(*QUESTION)

    assert caught.value.code == "P4001"
    assert len(gateway.sent(TOKEN)) == 1


@pytest.mark.parametrize("wrong_by_s", [-86_400, -600, -61, 61, 600, 86_400])
def test_a_wrong_clock_is_set_right_by_the_gateway_s_time(gateway, connect, wrong_by_s):
    # Both stand still: a second more or less is what the nearest of them differ by.
    now = time.time()
    gateway.clock = lambda: now
    client = connect(clock=Clock(wall=lambda: now + wrong_by_s))

    client.bills.lookup(*QUESTION)
    client.bills.lookup(*QUESTION)

    assert len(gateway.sent(TOKEN)) == 2


def test_a_clock_that_cannot_be_set_right_is_an_error_after_one_correction(gateway, connect):
    gateway.clock = iter(range(0, 10**9, 500)).__next__  # Every look at it is 500 s later.

    with pytest.raises(AuthenticationError) as caught:
        connect().bills.lookup(*QUESTION)

    assert caught.value.code == "P4002"
    assert len(gateway.sent(TOKEN)) == 2


def test_an_old_clock_refusal_cannot_be_played_back_to_turn_our_clock(gateway, connect):
    old = []

    def record_then_replay(request: httpx2.Request) -> httpx2.Response:
        response = old[0] if old and request.url.path == TOKEN else gateway(request)
        if request.url.path == TOKEN:
            old.append(response)
        return httpx2.Response(
            response.status_code, headers=response.headers, content=response.content
        )

    client = connect(
        clock=Clock(wall=lambda: time.time() - 600),
        transport=httpx2.MockTransport(record_then_replay),
    )

    with pytest.raises(ForgedAnswer):
        client.bills.lookup(*QUESTION)


def test_every_attempt_at_a_token_has_its_own_nonce(gateway, connect):
    failures = [httpx2.ReadTimeout("lost"), httpx2.ReadTimeout("lost")]

    def lose(request):
        if request.url.path == TOKEN and failures:
            raise failures.pop()

    gateway.before = lose

    connect().bills.lookup(*QUESTION)

    nonces = {json.loads(request.content)["nonce"] for request in gateway.sent(TOKEN)}
    assert len(nonces) == 3


def test_fewer_scopes_can_be_asked_for(gateway, connect):
    connect(scope="read:bill").bills.lookup(*QUESTION)

    (request,) = gateway.sent(TOKEN)
    assert json.loads(request.content)["scope"] == "read:bill"


def test_one_client_gets_and_keeps_a_token_for_each_product(gateway, connect):
    client = connect()

    for _ in range(3):
        client.bills.lookup(*QUESTION)
        client.refunds.get(REFUND["id"])

    asked = [json.loads(request.content)["audience"] for request in gateway.sent(TOKEN)]
    assert asked == ["bill-collection", "payments"]


def test_a_token_that_is_replaced_leaves_the_other_product_s_alone(gateway, connect):
    client = connect()
    client.bills.lookup(*QUESTION)
    client.refunds.get(REFUND["id"])
    del gateway.good["payments"]

    client.refunds.get(REFUND["id"])
    client.bills.lookup(*QUESTION)

    asked = [json.loads(request.content)["audience"] for request in gateway.sent(TOKEN)]
    assert asked == ["bill-collection", "payments", "payments"]


def test_threads_that_need_a_token_at_once_fetch_one(gateway):
    everybody = threading.Barrier(8)

    def ask(client: Quittance) -> None:
        everybody.wait()
        client.bills.lookup(*QUESTION)

    with (
        Quittance(URL, API_KEY, SECRET, transport=httpx2.MockTransport(gateway)) as client,
        ThreadPoolExecutor(8) as pool,
    ):
        list(pool.map(ask, [client] * 8))

    assert len(gateway.sent(TOKEN)) == 1
    assert len(gateway.sent("/.well-known/jwks.json")) == 1


def test_tasks_that_need_a_token_at_once_fetch_one(gateway):
    async def slowly(request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(0)
        return gateway(request)

    async def ask_at_once() -> None:
        transport = httpx2.MockTransport(slowly)
        async with AsyncQuittance(URL, API_KEY, SECRET, transport=transport) as client:
            await asyncio.gather(*(client.bills.lookup(*QUESTION) for _ in range(20)))

    asyncio.run(ask_at_once())

    assert len(gateway.sent(TOKEN)) == 1
    assert len(gateway.sent("/.well-known/jwks.json")) == 1


def test_a_cancelled_refresh_leaves_the_next_caller_free_to_fetch(gateway):
    async def cancel_the_first() -> str:
        arrived, never = asyncio.Event(), asyncio.Event()

        async def hang_once(request: httpx2.Request) -> httpx2.Response:
            if not arrived.is_set():
                arrived.set()
                await never.wait()
            return gateway(request)

        transport = httpx2.MockTransport(hang_once)
        async with AsyncQuittance(URL, API_KEY, SECRET, transport=transport) as client:
            first = asyncio.create_task(client.bills.lookup(*QUESTION))
            await arrived.wait()
            first.cancel()
            bill = await client.bills.lookup(*QUESTION)
        return bill.bill_number

    assert asyncio.run(cancel_the_first()) == "1234567800"
