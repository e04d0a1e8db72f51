"""What is never sent for cards: a write without a key, an id or amount that is none."""

from decimal import Decimal

import pytest
from card_answers import CUSTOMER_ID, METHOD, PAYMENT_ID


def test_every_write_for_cards_carries_a_key_of_its_own_and_no_read_does(gateway, connect):
    client = connect()
    client.client_tokens.create("25.00", "USD")
    client.payments.create("25.00", "USD", METHOD, "ORDER-1")
    client.payments.get(PAYMENT_ID)
    client.payments.confirm(PAYMENT_ID)
    client.payments.capture(PAYMENT_ID)
    client.payments.cancel(PAYMENT_ID)
    client.payments.refund(PAYMENT_ID, "BACK-1")
    client.refunds.list(PAYMENT_ID)
    customer = client.customers.create("C-7")
    client.customers.delete_method(customer, METHOD)
    client.customers.delete(customer)

    writes = [request for request in gateway.seen if request.method in {"POST", "DELETE"}]
    reads = [request for request in gateway.seen if request.method == "GET"]
    keys = {request.headers.get("idempotency-key") for request in writes}
    assert None not in keys
    assert len(keys) == len(writes)
    assert all("idempotency-key" not in request.headers for request in reads)


@pytest.mark.parametrize("wrong", ["", "a/b", "..", "pay_1?x=1", "pay_1#", "é", "x" * 129])
def test_an_id_that_would_ask_another_question_is_refused(gateway, connect, wrong):
    client = connect()

    for call in (
        lambda: client.payments.get(wrong),
        lambda: client.payments.refund(wrong, "BACK-1"),
        lambda: client.customers.delete_method(CUSTOMER_ID, wrong),
    ):
        with pytest.raises(ValueError, match="an id is"):
            call()

    assert gateway.seen == []


@pytest.mark.parametrize("amount", [25.0, 25, Decimal("NaN")])
def test_an_amount_that_is_no_decimal_is_refused(gateway, connect, amount):
    client = connect()

    for call in (
        lambda: client.client_tokens.create(amount, "USD"),
        lambda: client.payments.create(amount, "USD", METHOD, "ORDER-1"),
        lambda: client.payments.capture(PAYMENT_ID, amount),
        lambda: client.payments.refund(PAYMENT_ID, "BACK-1", amount),
    ):
        with pytest.raises(TypeError):
            call()

    assert gateway.seen == []
