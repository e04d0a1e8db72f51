"""Payments at a customer's bank: what is asked, and what the answers become."""

import json
from datetime import UTC, datetime

import httpx2
import pytest
from card_answers import CHALLENGED, PAYMENT, PAYMENT_ID
from quittance import BankRedirect, Code, PaymentDeclined, PaymentStatus, TransportError

PAYMENTS = "/v1/payments"
CONFIRM = f"{PAYMENTS}/{PAYMENT_ID}/confirm"
BACK = "https://shop.example.test/back?order=1"
AT_SUNNY = {"type": "bank_redirect", "country": "GB", "bank": "SUNNY"}
WAITING = CHALLENGED | {"paymentMethod": AT_SUNNY}


def answers(gateway, code, data, http_status=200):
    return lambda request: gateway.envelope(request, code, data, http_status=http_status)


def lost(_request: httpx2.Request) -> Exception:
    return httpx2.ReadTimeout("the answer got lost")


def at_the_bank(client, method=BankRedirect("GB", "SUNNY"), **more):  # noqa: B008 it is frozen
    return client.payments.create("25.00", "GBP", method, "ORDER-1", return_url=BACK, **more)


def test_a_bank_is_asked_for_as_a_method_and_no_token_is_sent(gateway, connect):
    at_the_bank(connect())

    (request,) = gateway.sent(PAYMENTS)
    assert json.loads(request.content) == {
        "amount": "25.00",
        "currency": "GBP",
        "method": AT_SUNNY,
        "reference": "ORDER-1",
        "capture": True,
        "returnUrl": BACK,
    }
    assert request.headers["idempotency-key"]


def test_a_bank_that_the_customer_chooses_is_left_out(gateway, connect):
    at_the_bank(connect(), BankRedirect("DE"))

    (request,) = gateway.sent(PAYMENTS)
    assert json.loads(request.content)["method"] == {"type": "bank_redirect", "country": "DE"}


def test_the_way_to_the_bank_is_a_result_and_confirm_asks_how_it_ended(gateway, connect):
    paid = PAYMENT | {"paymentMethod": AT_SUNNY}
    gateway.replies = [
        answers(gateway, "P0001", WAITING, 202),
        answers(gateway, "P0000", paid),
    ]
    client = connect()

    payment = at_the_bank(client)
    assert payment.status is PaymentStatus.REQUIRES_ACTION
    assert payment.is_pending
    assert payment.next_action.type == "redirect"
    assert payment.next_action.expires_at == datetime(2026, 4, 30, 8, 31, 14, tzinfo=UTC)
    assert (payment.bank_country, payment.bank) == ("GB", "SUNNY")
    assert (payment.card_brand, payment.card_last4) == (None, None)

    done = client.payments.confirm(payment)
    assert (done.status, done.bank, done.next_action) == (PaymentStatus.CAPTURED, "SUNNY", None)
    assert len(gateway.sent(CONFIRM)) == 1


def test_a_bank_that_was_left_to_the_customer_is_none(gateway, connect):
    chosen = {"type": "bank_redirect", "country": "GB", "bank": None}
    gateway.replies = [answers(gateway, "P0001", WAITING | {"paymentMethod": chosen}, 202)]

    payment = at_the_bank(connect(), BankRedirect("GB"))

    assert (payment.bank_country, payment.bank) == ("GB", None)


@pytest.mark.parametrize(
    ("code", "reason"), [("P2020", "customer_canceled"), ("P2019", "action_expired")]
)
def test_a_customer_who_says_no_or_nothing_is_a_decline(gateway, connect, code, reason):
    ended = WAITING | {"status": "failed", "declineCode": code, "reason": reason}
    gateway.replies = [answers(gateway, code, ended | {"nextAction": None}, 402)]

    with pytest.raises(PaymentDeclined) as caught:
        connect().payments.confirm(PAYMENT_ID)

    assert caught.value.code == Code(code)
    assert (caught.value.reason, caught.value.payment_id) == (reason, PAYMENT_ID)


def test_a_beginning_whose_answer_is_lost_is_the_same_beginning_again(gateway, connect):
    gateway.replies = [lost, lost]

    at_the_bank(connect())

    requests = gateway.sent(PAYMENTS)
    assert len(requests) == 3
    assert len({(each.content, each.headers["idempotency-key"]) for each in requests}) == 1


def test_a_beginning_that_stays_unknown_can_be_asked_for_again_with_its_key(gateway, connect):
    gateway.replies = [lost] * 4
    client = connect()

    with pytest.raises(TransportError) as caught:
        at_the_bank(client)
    at_the_bank(client, idempotency_key=caught.value.idempotency_key)

    assert len({each.headers["idempotency-key"] for each in gateway.sent(PAYMENTS)}) == 1


def test_waiting_ends_when_the_bank_has_thought(gateway, connect):
    thinking = WAITING | {"status": "processing", "nextAction": None}
    gateway.replies = [answers(gateway, "P0001", thinking), answers(gateway, "P0001", thinking)]

    assert connect().payments.wait(PAYMENT_ID).status is PaymentStatus.CAPTURED
