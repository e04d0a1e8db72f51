"""Payouts: what is asked, and what the answers become."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from payout_answers import by_legs, destination, payout
from quittance import (
    CardAccount,
    DestinationState,
    FundsInsufficient,
    Iban,
    LocalAccount,
    PayoutFailed,
    PayoutRefused,
    PayoutStatus,
)

PAYOUTS, DESTINATIONS = "/v1/payouts", "/v1/destinations"
ACCOUNT = Iban("NL82ABNA0417160000", "Ada Example")


def answers(gateway, code, data, http_status=200):
    return lambda request: gateway.envelope(request, code, data, http_status=http_status)


@pytest.mark.parametrize(
    ("account", "told"),
    [
        (ACCOUNT, {"type": "iban", "iban": "NL82ABNA0417160000", "holder": "Ada Example"}),
        (
            LocalAccount("US", "123", "026009593", "Ada"),
            {"type": "local", "country": "US", "accountNumber": "123", "bankCode": "026009593"}
            | {"holder": "Ada"},
        ),
        (CardAccount("tok_1"), {"type": "card", "paymentMethodToken": "tok_1"}),
    ],
)
def test_an_account_is_told_by_its_kind_and_never_shown(gateway, connect, account, told):
    gateway.replies = [answers(gateway, "P0000", destination())]

    made = connect().destinations.create(account, "EUR", "ACC-1", customer="cus_1")

    (request,) = gateway.sent(DESTINATIONS)
    body = {"account": told, "currency": "EUR", "reference": "ACC-1", "customerId": "cus_1"}
    assert json.loads(request.content) == body
    assert request.headers["idempotency-key"]
    assert (made.state, made.last4) == (DestinationState.VERIFIED, "0000")
    for private in ("Ada", "NL82ABNA0417160000", "tok_1"):
        assert private not in repr(account)


def test_a_payout_shows_its_legs(gateway, connect):
    gateway.replies = [answers(gateway, "P0000", by_legs())]

    found = connect().payouts.get("po_1")

    assert (found.status, found.is_pending) == (PayoutStatus.PARTLY_PAID, False)
    back, out = found.legs
    assert (back.number, back.type, back.amount) == (1, "refund", Decimal("7.00"))
    assert (back.payment_id, back.refund_id, back.failure_code) == ("pay_1", "re_1", None)
    assert (out.type, out.status, out.payment_id) == ("transfer", PayoutStatus.FAILED, None)
    assert (out.failure_code, out.failure_reason) == ("P3102", "account_closed")


def test_a_payout_is_pending_until_its_rail_has_the_last_word(gateway, connect):
    paid = payout(status="paid", arrivalEstimate=None)
    gateway.replies = [
        answers(gateway, "P0001", payout(), 202),
        answers(gateway, "P0001", payout(status="sent")),
        answers(gateway, "P0000", paid),
    ]
    client = connect()

    begun = client.payouts.create("10.00", "EUR", "dst_1", "PO-1", metadata={"run": "7"})

    (request,) = gateway.sent(PAYOUTS)
    assert json.loads(request.content) == {
        "amount": "10.00",
        "currency": "EUR",
        "destinationToken": "dst_1",
        "reference": "PO-1",
        "metadata": {"run": "7"},
    }
    assert begun.is_pending
    assert (begun.status, begun.fee) == (PayoutStatus.QUEUED, Decimal("0.25"))
    assert begun.arrival_estimate == datetime(2026, 5, 1, 22, 59, 59, tzinfo=UTC)
    assert client.payouts.get(begun).status is PayoutStatus.SENT
    assert client.payouts.wait(begun).status is PayoutStatus.PAID


def test_a_failed_payout_is_a_result_and_asked_for_again_an_error(gateway, connect):
    failed = payout(status="failed", failureCode="P3102", failureReason="account_closed")
    gateway.replies = [
        answers(gateway, "P0000", failed),
        answers(gateway, "P3102", failed, 402),
    ]
    client = connect()

    assert client.payouts.get("po_1").failure_reason == "account_closed"
    with pytest.raises(PayoutFailed) as caught:
        client.payouts.create("10.00", "EUR", "dst_1", "PO-1")
    assert (caught.value.reason, caught.value.payout_id) == ("account_closed", "po_1")


def test_a_payout_back_to_a_customer_names_no_destination(gateway, connect):
    back = payout(customerId="cus_1") | {"destinationToken": None}
    gateway.replies = [answers(gateway, "P0001", back, 202)]

    begun = connect().payouts.create("10.00", "EUR", None, "PO-1", customer="cus_1")

    (request,) = gateway.sent(PAYOUTS)
    asked = json.loads(request.content)
    assert (asked["customerId"], "destinationToken" in asked) == ("cus_1", False)
    assert (begun.customer_id, begun.destination_token) == ("cus_1", None)


@pytest.mark.parametrize(
    ("code", "http_status", "kind"),
    [("P3004", 409, FundsInsufficient), ("P3005", 422, PayoutRefused)],
)
def test_a_no_is_an_error_of_its_kind(gateway, connect, code, http_status, kind):
    data = {"field": "destinationToken", "reason": "it is refused"}
    gateway.replies = [answers(gateway, code, data, http_status)]

    with pytest.raises(kind):
        connect().payouts.create("10.00", "EUR", "dst_1", "PO-1")


def test_pages_follow_each_other_and_lists_are_whole(gateway, connect):
    gateway.replies = [
        answers(gateway, "P0000", {"payouts": [payout(id="po_1")], "next": "po_1"}),
        answers(gateway, "P0000", {"payouts": [payout(id="po_2")], "next": None}),
        answers(gateway, "P0000", {"destinations": [destination(), destination()]}),
        answers(gateway, "P0000", {"currency": "EUR", "available": "-3.10"}),
    ]
    client = connect()

    assert [each.id for each in client.payouts.list(status=PayoutStatus.PAID)] == ["po_1", "po_2"]
    assert len(client.destinations.list(customer="cus_1")) == 2
    assert client.payouts.funds("EUR").available == Decimal("-3.10")


def test_a_cancel_and_a_second_look_at_a_destination(gateway, connect):
    gateway.replies = [
        answers(gateway, "P0000", payout(status="canceled")),
        answers(gateway, "P0001", destination(state="unverified"), 202),
    ]
    client = connect()

    assert client.payouts.cancel("po_1").status is PayoutStatus.CANCELED
    again = client.destinations.verify("dst_1")
    assert again.state is DestinationState.UNVERIFIED
