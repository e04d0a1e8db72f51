"""Whose signature counts: the gateway's answer keys, learned on first use or pinned."""

import asyncio
import base64
import json

import httpx2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from quittance import AsyncQuittance, ForgedAnswer
from quittance.trust import answer_keys, thumbprint
from signing_gateway import API_KEY, BILL, SECRET, URL, AnswerKey

QUESTION = ("DESCO", "1234567800", "2026-04")
JWKS = "/.well-known/jwks.json"


def test_a_key_for_access_tokens_cannot_sign_answers(gateway, connect):
    token_key = AnswerKey()
    gateway.published.append(token_key.jwk(purpose="access-token"))
    gateway.replies = [lambda request: gateway.envelope(request, "P0000", BILL, key=token_key)]

    with pytest.raises(ForgedAnswer):
        connect().bills.lookup(*QUESTION)


def test_a_stranger_s_key_is_refused_after_one_look_at_the_key_set(gateway, connect):
    client = connect()
    client.bills.lookup(*QUESTION)
    gateway.replies = [lambda request: gateway.envelope(request, "P0000", BILL, key=AnswerKey())]

    with pytest.raises(ForgedAnswer):
        client.bills.lookup(*QUESTION)

    assert len(gateway.sent(JWKS)) == 2


def test_a_rotated_key_is_learned_from_the_key_set(gateway, connect):
    client = connect()
    client.bills.lookup(*QUESTION)

    gateway.key = AnswerKey()
    gateway.published.append(gateway.key.jwk())

    assert client.bills.lookup(*QUESTION).amount == 1250
    assert len(gateway.sent(JWKS)) == 2


def test_tasks_that_meet_a_rotated_key_at_once_look_for_it_once(gateway):
    async def slowly(request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(0)
        return gateway(request)

    async def ask_at_once() -> None:
        transport = httpx2.MockTransport(slowly)
        async with AsyncQuittance(URL, API_KEY, SECRET, transport=transport) as client:
            await client.bills.lookup(*QUESTION)
            gateway.key = AnswerKey()
            gateway.published.append(gateway.key.jwk())
            await asyncio.gather(*(client.bills.lookup(*QUESTION) for _ in range(10)))

    asyncio.run(ask_at_once())

    assert len(gateway.sent(JWKS)) == 2


def test_a_key_set_signed_by_no_key_of_its_own_is_refused(gateway, connect):
    gateway.published = [AnswerKey().jwk()]

    with pytest.raises(ForgedAnswer):
        connect().bills.lookup(*QUESTION)


def test_with_pinned_keys_the_key_set_is_not_even_asked_for(gateway, connect):
    client = connect(answer_keys=[gateway.key.x])

    client.bills.lookup(*QUESTION)

    assert gateway.sent(JWKS) == []


def test_with_pinned_keys_a_stranger_s_whole_key_set_is_refused(gateway, connect):
    client = connect(answer_keys=[AnswerKey().x])

    with pytest.raises(ForgedAnswer):
        client.bills.lookup(*QUESTION)


def test_a_pinned_key_can_vouch_for_its_successor(gateway, connect):
    pinned, successor = gateway.key, AnswerKey()
    gateway.published.append(successor.jwk())
    gateway.replies = [lambda request: gateway.envelope(request, "P0000", BILL, key=successor)]

    client = connect(answer_keys=[pinned.x])

    assert client.bills.lookup(*QUESTION).amount == 1250


def test_a_pin_that_is_no_key_is_refused_at_once(gateway, connect):
    with pytest.raises(ValueError, match="32 bytes"):
        connect(answer_keys=["abc"])


def test_an_altered_key_set_is_refused_though_it_holds_the_right_key(gateway, connect):
    def alter(request: httpx2.Request) -> httpx2.Response:
        response = gateway(request)
        if request.url.path != JWKS:
            return response
        headers = {name: value for name, value in response.headers.items() if name != "signature"}
        return httpx2.Response(200, headers=headers, content=response.content)

    with pytest.raises(ForgedAnswer):
        connect(transport=httpx2.MockTransport(alter)).bills.lookup(*QUESTION)


def test_a_key_set_that_is_none_is_refused(gateway, connect):
    def nonsense(request: httpx2.Request) -> httpx2.Response:
        return (
            httpx2.Response(200, text="<h1>Welcome</h1>")
            if request.url.path == JWKS
            else gateway(request)
        )

    with pytest.raises(ForgedAnswer):
        connect(transport=httpx2.MockTransport(nonsense)).bills.lookup(*QUESTION)


def x_of(key: Ed25519PublicKey) -> str:
    return base64.urlsafe_b64encode(key.public_bytes_raw()).rstrip(b"=").decode()


def test_keys_that_are_not_what_they_say_are_left_out_of_the_key_set():
    right, wrong = AnswerKey().jwk(), AnswerKey().jwk()
    wrong_kid = wrong | {"kid": right["kid"]}
    rsa = wrong | {"kty": "RSA"}

    keys = answer_keys(json.dumps({"keys": [right, wrong_kid, rsa, "nonsense"]}).encode())

    assert [thumbprint(x_of(key)) for key in keys.values()] == [right["kid"]]


def test_an_empty_list_of_pins_is_refused_and_not_taken_for_no_pins(connect):
    with pytest.raises(ValueError, match="answer_keys is empty"):
        connect(answer_keys=[])


def test_the_key_set_is_never_taken_from_a_cache(gateway, connect):
    connect().bills.lookup(*QUESTION)

    (request,) = gateway.sent(JWKS)
    assert request.headers["cache-control"] == "no-cache"
