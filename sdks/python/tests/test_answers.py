"""No answer is shown that the gateway did not sign for this very question."""

import json

import httpx2
import pytest
from quittance import ForgedAnswer, Quittance
from quittance.trust import answer_keys
from signing_gateway import BILL, COMPONENTS, LOCK, PAID, URL, AnswerKey

QUESTION = ("DESCO", "1234567800", "2026-04")
JWKS = "/.well-known/jwks.json"


def test_a_signed_answer_is_believed_and_the_keys_are_fetched_once(gateway, connect):
    client = connect()

    bill = client.bills.lookup(*QUESTION)
    client.bills.lock(*QUESTION)

    assert bill.bill_number == "1234567800"
    assert len(gateway.sent(JWKS)) == 1


def test_an_unsigned_answer_is_refused(gateway, connect):
    def unsigned(request):
        response = gateway.envelope(request, "P0000", PAID)
        del response.headers["signature"], response.headers["signature-input"]
        return response

    gateway.replies = [unsigned]

    with pytest.raises(ForgedAnswer) as caught:
        connect().bills.pay("lt_1", "ORDER-1", idempotency_key="key-1")

    assert caught.value.idempotency_key == "key-1"
    assert len(gateway.sent("/v1/bill/pay")) == 1


def test_an_answer_with_a_changed_body_is_refused(gateway, connect):
    def changed(request):
        signed = gateway.envelope(request, "P0000", BILL)
        body = signed.content.replace(b"1250.00", b"1.00")
        headers = {
            name: value for name, value in signed.headers.items() if name != "content-length"
        }
        return httpx2.Response(200, headers=headers, content=body)

    gateway.replies = [changed]

    with pytest.raises(ForgedAnswer):
        connect().bills.lookup(*QUESTION)


def test_an_answer_with_a_changed_status_is_refused(gateway, connect):
    def changed(request):
        signed = gateway.envelope(request, "P2001", None, http_status=402)
        return httpx2.Response(200, headers=signed.headers, content=signed.content)

    gateway.replies = [changed]

    with pytest.raises(ForgedAnswer):
        connect().bills.pay("lt_1", "ORDER-1")


def test_an_answer_with_a_changed_trace_is_refused(gateway, connect):
    def changed(request):
        response = gateway.envelope(request, "P0000", BILL)
        response.headers["quittance-trace"] = "partner_2.20260430T082114123Z.7K3Q9XW2"
        return response

    gateway.replies = [changed]

    with pytest.raises(ForgedAnswer):
        connect().bills.lookup(*QUESTION)


def test_an_answer_moved_from_another_question_is_refused(gateway, connect):
    other = httpx2.Request(
        "GET", f"{URL}/v1/bill/lookup?billerId=DESCO&billNumber=9&billingPeriod=x"
    )
    gateway.replies = [lambda _request: gateway.envelope(other, "P0000", BILL)]

    with pytest.raises(ForgedAnswer):
        connect().bills.lookup(*QUESTION)


def test_an_answer_to_another_idempotency_key_is_refused(gateway, connect):
    other = httpx2.Request("POST", f"{URL}/v1/bill/pay", headers={"Idempotency-Key": "another"})
    gateway.replies = [lambda _request: gateway.envelope(other, "P0000", PAID)]

    with pytest.raises(ForgedAnswer):
        connect().bills.pay("lt_1", "ORDER-1", idempotency_key="mine")


@pytest.mark.parametrize("left_out", [*COMPONENTS, '"idempotency-key";req'])
def test_a_signature_that_leaves_something_out_is_refused(gateway, connect, left_out):
    covered = tuple(each for each in (*COMPONENTS, '"idempotency-key";req') if each != left_out)
    gateway.replies = [lambda request: gateway.envelope(request, "P0000", LOCK, components=covered)]

    with pytest.raises(ForgedAnswer):
        connect().bills.lock(*QUESTION)


def test_a_signature_with_another_tag_is_refused(gateway, connect):
    gateway.replies = [lambda request: gateway.envelope(request, "P0000", BILL, tag="other")]

    with pytest.raises(ForgedAnswer):
        connect().bills.lookup(*QUESTION)


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


def test_an_answer_older_than_five_minutes_is_refused(gateway, connect):
    gateway.replies = [lambda request: gateway.envelope(request, "P0000", BILL, age_s=310)]

    with pytest.raises(ForgedAnswer, match="signed 310 s ago"):
        connect().bills.lookup(*QUESTION)


def test_an_answer_from_the_future_is_refused(gateway, connect):
    gateway.replies = [lambda request: gateway.envelope(request, "P0000", BILL, age_s=-90)]

    with pytest.raises(ForgedAnswer, match="ahead"):
        connect().bills.lookup(*QUESTION)


def test_a_replayed_answer_may_be_a_day_old(gateway, connect):
    replayed = {"Idempotent-Replayed": "true"}
    gateway.replies = [
        lambda request: gateway.envelope(request, "P0000", PAID, headers=replayed, age_s=86_000)
    ]

    assert connect().bills.pay("lt_1", "ORDER-1", idempotency_key="k").amount == 1250


def test_a_replayed_answer_of_yesterday_s_yesterday_is_refused(gateway, connect):
    replayed = {"Idempotent-Replayed": "true"}
    gateway.replies = [
        lambda request: gateway.envelope(request, "P0000", PAID, headers=replayed, age_s=90_000)
    ]

    with pytest.raises(ForgedAnswer):
        connect().bills.pay("lt_1", "ORDER-1", idempotency_key="k")


def test_the_unsigned_replay_header_does_not_make_an_old_read_fresh(gateway, connect):
    replayed = {"Idempotent-Replayed": "true"}
    gateway.replies = [
        lambda request: gateway.envelope(request, "P0000", PAID, headers=replayed, age_s=3600)
    ]

    with pytest.raises(ForgedAnswer):
        connect().transactions.status("ORDER-1")


def test_an_unsigned_refusal_is_refused_too(gateway, connect):
    gateway.replies = [
        lambda _request: httpx2.Response(404, json={"status": "ERROR", "code": "P1001"})
    ]

    with pytest.raises(ForgedAnswer):
        connect().bills.lookup(*QUESTION)


def test_an_encoded_answer_is_refused(gateway, connect):
    def encoded(request):
        response = gateway.envelope(request, "P0000", BILL)
        response.headers["content-encoding"] = "x-unknown"
        return response

    gateway.replies = [encoded]

    with pytest.raises(ForgedAnswer):
        connect().bills.lookup(*QUESTION)


def test_keys_that_are_not_what_they_say_are_left_out_of_the_key_set():
    right, wrong = AnswerKey().jwk(), AnswerKey().jwk()
    wrong_kid = wrong | {"kid": right["kid"]}
    rsa = wrong | {"kty": "RSA"}

    keys = answer_keys(json.dumps({"keys": [right, wrong_kid, rsa, "nonsense"]}).encode())

    assert list(keys) == [right["kid"]]


def test_nothing_but_address_key_and_secret_is_needed():
    with Quittance(URL, "qk_test", "qs_test") as client:
        assert client.bills is not None
