"""Payments, refunds, customers: what is asked, and what the answers become."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import httpx2
import pytest
from card_answers import (
    AUTHORIZED,
    CHALLENGED,
    CUSTOMER_ID,
    FORGOTTEN,
    METHOD,
    PAYMENT,
    PAYMENT_ID,
    REFUND,
    REFUND_ID,
)
from quittance import (
    Bank,
    Code,
    PaymentStatus,
    RefundStatus,
    StillProcessing,
    TransportError,
    UnreadableAnswer,
)

PAYMENTS = "/v1/payments"
CAPTURE = f"{PAYMENTS}/{PAYMENT_ID}/capture"


def body_of(request: httpx2.Request) -> object:
    return json.loads(request.content)


def lost(_request: httpx2.Request) -> Exception:
    return httpx2.ReadTimeout("the answer got lost")


def test_a_client_token_is_for_the_front_end_and_stays_out_of_logs(gateway, connect):
    token = connect().client_tokens.create(Decimal("25.00"), "USD")

    (request,) = gateway.sent("/v1/client-tokens")
    assert body_of(request) == {"amount": "25.00", "currency": "USD"}
    assert token.fields_url.startswith("https://fields.example.test/fields?clientToken=")
    assert token.expires_at == datetime(2026, 4, 30, 8, 36, 14, tzinfo=UTC)
    assert token.client_token not in repr(token)


def test_a_payment_is_typed_and_only_what_was_said_is_sent(gateway, connect):
    payment = connect().payments.create(Decimal("25.00"), "USD", METHOD, "ORDER-1")

    (request,) = gateway.sent(PAYMENTS)
    assert body_of(request) == {
        "amount": "25.00",
        "currency": "USD",
        "paymentMethodToken": METHOD,
        "reference": "ORDER-1",
        "capture": True,
    }
    assert payment.status is PaymentStatus.CAPTURED
    assert payment.is_final
    assert str(payment.amount_captured) == "25.00"
    assert payment.fee == Decimal("0.73")
    assert (payment.card_brand, payment.card_last4) == ("visa", "4242")
    assert payment.metadata == {"basket": "7"}
    assert payment.next_action is None
    assert payment.trace == "partner_1.20260430T082114123Z.7K3Q9XW2"


def test_everything_a_payment_can_say_is_sent(gateway, connect):
    client = connect()
    customer = client.customers.create("C-7")
    (saved,) = client.customers.methods(customer)

    client.payments.create(
        "25.00",
        "USD",
        saved,
        "ORDER-1",
        capture=False,
        customer=customer,
        save_method=True,
        return_url="https://shop.example.test/back",
        metadata={"basket": "7"},
    )

    (request,) = gateway.sent(PAYMENTS)
    assert body_of(request) == {
        "amount": "25.00",
        "currency": "USD",
        "paymentMethodToken": METHOD,
        "reference": "ORDER-1",
        "capture": False,
        "customerId": CUSTOMER_ID,
        "saveMethod": True,
        "returnUrl": "https://shop.example.test/back",
        "metadata": {"basket": "7"},
    }


def test_a_challenge_is_a_result_and_confirm_asks_how_it_ended(gateway, connect):
    gateway.replies = [
        lambda request: gateway.envelope(request, "P0001", CHALLENGED, http_status=202)
    ]
    client = connect()

    payment = client.payments.create("25.00", "USD", METHOD, "ORDER-1")
    assert payment.is_pending
    assert payment.next_action.url == "https://issuer.example.test/challenge/1"
    assert payment.next_action.expires_at == datetime(2026, 4, 30, 8, 31, 14, tzinfo=UTC)

    assert client.payments.confirm(payment).status is PaymentStatus.CAPTURED
    (request,) = gateway.sent(f"{PAYMENTS}/{PAYMENT_ID}/confirm")
    assert request.content == b""


def test_a_declined_payment_that_is_asked_for_is_a_result(gateway, connect):
    failed = PAYMENT | {"status": "failed", "declineCode": "P2014", "reason": "network_forbids"}
    gateway.replies = [lambda request: gateway.envelope(request, "P0000", failed)]

    payment = connect().payments.get(PAYMENT_ID)

    assert payment.status is PaymentStatus.FAILED
    assert payment.decline_code == Code.P2014


def test_a_capture_takes_all_or_says_how_much(gateway, connect):
    client = connect()

    client.payments.capture(PAYMENT_ID)
    client.payments.capture(PAYMENT_ID, Decimal("5.00"), final=True, reference="PART-1")

    first, second = gateway.sent(CAPTURE)
    assert body_of(first) == {}
    assert body_of(second) == {"amount": "5.00", "final": True, "reference": "PART-1"}


def test_a_capture_whose_answer_is_lost_is_the_same_capture_again(gateway, connect):
    gateway.replies = [lost, lost]

    connect().payments.capture(PAYMENT_ID, "5.00")

    requests = gateway.sent(CAPTURE)
    assert len(requests) == 3
    assert len({request.headers["idempotency-key"] for request in requests}) == 1


def test_a_payment_whose_answer_never_comes_is_unknown_and_can_be_repeated(gateway, connect):
    gateway.replies = [lost] * 4
    client = connect()

    with pytest.raises(TransportError) as caught:
        client.payments.create("25.00", "USD", METHOD, "ORDER-1")
    key = caught.value.idempotency_key
    client.payments.create("25.00", "USD", METHOD, "ORDER-1", idempotency_key=key)

    assert {request.headers["idempotency-key"] for request in gateway.sent(PAYMENTS)} == {key}


def test_money_is_given_back(gateway, connect):
    client = connect()
    payment = client.payments.get(PAYMENT_ID)

    refund = client.payments.refund(payment, "BACK-1", "5.00", reason="too small")

    (request,) = gateway.sent(f"{PAYMENTS}/{PAYMENT_ID}/refund")
    assert body_of(request) == {"reference": "BACK-1", "amount": "5.00", "reason": "too small"}
    assert refund.status is RefundStatus.SUCCEEDED
    assert refund.amount == Decimal("5.00")
    assert refund.payment_id == payment.id
    assert client.refunds.get(refund) == refund
    assert client.refunds.list(payment) == (refund,)


def test_a_payment_is_canceled(connect):
    assert connect().payments.cancel(PAYMENT_ID).status is PaymentStatus.CANCELED


def test_wait_ends_when_nobody_else_has_the_next_word(gateway, connect):
    processing = AUTHORIZED | {"status": "processing"}
    gateway.replies = [
        lambda request: gateway.envelope(request, "P0001", processing),
        lambda request: gateway.envelope(request, "P0000", AUTHORIZED),
        lambda request: gateway.envelope(request, "P0001", REFUND | {"status": "pending"}),
    ]
    client = connect()

    assert client.payments.wait(PAYMENT_ID).status is PaymentStatus.AUTHORIZED
    assert client.refunds.wait(REFUND_ID).status is RefundStatus.SUCCEEDED


def test_a_wait_that_is_over_says_how_it_stood(gateway, connect):
    gateway.replies = [lambda request: gateway.envelope(request, "P0001", CHALLENGED)]

    with pytest.raises(StillProcessing) as caught:
        connect().payments.wait(PAYMENT_ID, timeout_s=0)

    assert caught.value.last.status is PaymentStatus.REQUIRES_ACTION


def page(gateway, *ids, following=None):
    data = {"payments": [PAYMENT | {"id": each} for each in ids], "next": following}
    return lambda request: gateway.envelope(request, "P0000", data)


def test_a_list_goes_through_all_pages(gateway, connect):
    gateway.replies = [
        page(gateway, "pay_3", "pay_2", following="pay_2"),
        page(gateway, "pay_1"),
    ]

    found = connect().payments.list(
        status=PaymentStatus.CAPTURED,
        reference="ORDER-1",
        customer=CUSTOMER_ID,
        created_from=datetime(2026, 4, 1, tzinfo=UTC),
        page_size=2,
    )

    assert [payment.id for payment in found] == ["pay_3", "pay_2", "pay_1"]
    first, second = (dict(request.url.params) for request in gateway.sent(PAYMENTS))
    assert first == {
        "status": "captured",
        "reference": "ORDER-1",
        "customerId": CUSTOMER_ID,
        "createdFrom": "2026-04-01T00:00:00+00:00",
        "limit": "2",
    }
    assert second == first | {"after": "pay_2"}


def test_a_page_that_nobody_needs_is_not_asked_for(gateway, connect):
    gateway.replies = [page(gateway, "pay_2", following="pay_2")]

    assert next(connect().payments.list()).id == "pay_2"
    assert len(gateway.sent(PAYMENTS)) == 1


def test_a_time_without_its_zone_is_not_asked_with(connect):
    with pytest.raises(ValueError, match="zone"):
        list(connect().payments.list(created_from=datetime(2026, 4, 1)))  # noqa: DTZ001


def test_a_customer_s_saved_card_is_listed_and_forgotten(gateway, connect):
    client = connect()
    customer = client.customers.get(CUSTOMER_ID)
    (saved,) = client.customers.methods(customer)
    assert (saved.brand, saved.last4, saved.exp_year) == ("visa", "4242", 2030)
    assert METHOD not in repr(saved)

    gateway.replies = [lambda request: gateway.envelope(request, "P0000", FORGOTTEN)] * 2
    assert client.customers.delete_method(customer, saved) is None
    assert client.customers.delete(customer) is None

    (method,) = gateway.sent(f"/v1/customers/{CUSTOMER_ID}/methods/{METHOD}")
    assert method.method == "DELETE"
    assert [each.method for each in gateway.sent(f"/v1/customers/{CUSTOMER_ID}")] == [
        "GET",
        "DELETE",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 25.0},
        {"status": "eaten"},
        {"paymentMethod": None},
        {"metadata": {"basket": 7}},
        {"metadata": []},
        {"nextAction": {"type": "redirect"}},
        {"capture": "yes"},
    ],
)
def test_a_payment_of_another_shape_is_an_error_and_never_a_guess(gateway, connect, wrong):
    gateway.replies = [lambda request: gateway.envelope(request, "P0000", PAYMENT | wrong)]

    with pytest.raises(UnreadableAnswer):
        connect().payments.get(PAYMENT_ID)


def test_banks_are_asked_for_by_country_and_currency_or_all_of_them(gateway, connect):
    client = connect()

    some = client.payments.banks(country="GB", currency="GBP")
    client.payments.banks()

    assert some == (Bank("SUNNY", "Sunny Bank", "GB", ("GBP", "EUR")),)
    asked = [dict(request.url.params) for request in gateway.sent("/v1/banks")]
    assert asked == [{"country": "GB", "currency": "GBP"}, {}]
