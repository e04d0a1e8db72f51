"""No answer is shown that the gateway did not sign for this very question."""

import httpx2
import pytest
from quittance import ForgedAnswer, Quittance
from signing_gateway import BILL, COMPONENTS, LOCK, PAID, URL

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


def test_an_answer_older_than_five_minutes_is_refused(gateway, connect):
    gateway.replies = [lambda request: gateway.envelope(request, "P0000", BILL, age_s=310)]

    with pytest.raises(ForgedAnswer, match=r"signed 31[01] s ago"):
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


def test_an_answer_whose_signature_has_expired_is_refused(gateway, connect):
    gateway.replies = [
        lambda request: gateway.envelope(request, "P0000", BILL, age_s=20, expires_after_s=10)
    ]

    with pytest.raises(ForgedAnswer):
        connect().bills.lookup(*QUESTION)


def test_nothing_but_address_key_and_secret_is_needed():
    with Quittance(URL, "qk_test", "qs_test") as client:
        assert client.bills is not None
