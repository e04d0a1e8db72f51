"""The SDK is held against the gateway: codes, states, routes and fields. It imports none of it."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from quittance import PaymentStatus as SdkPaymentStatus
from quittance import RefundStatus as SdkRefundStatus
from quittance import card_operations as cards
from quittance import operations as bills
from quittance.codes import RETRYABLE
from quittance.codes import Code as SdkCode
from quittance.operations import Audience, Operation

from api.card_schemas import (
    CaptureBody,
    ClientTokenBody,
    CustomerBody,
    PaymentBody,
    PaymentsQuery,
    RefundBody,
)
from api.schemas import Asked
from payments.domain.codes import MEANINGS, Code
from payments.domain.partner import Product
from payments.domain.payment import PaymentStatus
from payments.domain.refund import RefundStatus

OPENAPI = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text())
AN_ID = "x"
A_DAY = datetime(2026, 4, 1, tzinfo=UTC)
SEARCH = cards.Search(
    status="captured",
    reference="R",
    customer=AN_ID,
    created_from=A_DAY,
    created_before=A_DAY,
    page_size=1,
)
CREATE = cards.create_payment(
    "1.00",
    "USD",
    AN_ID,
    "R",
    capture=True,
    customer=AN_ID,
    save_method=True,
    return_url="https://shop.example",
    metadata={"a": "b"},
    key=None,
)
CAPTURE = cards.capture(AN_ID, "1.00", final=True, reference="R", key=None)
REFUND = cards.refund(AN_ID, "R", "1.00", "why", None)
TOKEN = cards.create_client_token("1.00", "USD", AN_ID, None)
CUSTOMER = cards.create_customer("R", None)

CALLS: list[Operation[Any]] = [
    bills.lookup("B", "1", "2026-04"),
    bills.lock("B", "1", "2026-04", None),
    bills.unlock("t", None),
    bills.pay("t", "1", None, None),
    bills.status("1"),
    bills.codes(),
    TOKEN,
    CREATE,
    cards.get_payment(AN_ID),
    cards.list_payments(SEARCH, AN_ID),
    cards.confirm(AN_ID, None),
    CAPTURE,
    cards.cancel(AN_ID, None),
    REFUND,
    cards.get_refund(AN_ID),
    cards.list_refunds(AN_ID),
    CUSTOMER,
    cards.get_customer(AN_ID),
    cards.delete_customer(AN_ID, None),
    cards.list_methods(AN_ID),
    cards.delete_method(AN_ID, AN_ID, None),
]
# The token is fetched by the client itself, health goes without the version, and webhooks are for
# providers.
NOT_FOR_CALLERS = {
    ("POST", "/v1/auth/token"),
    ("GET", "/v1/health"),
    ("GET", "/v1/health/live"),
    ("POST", "/v1/providers/x/webhooks"),
}
# The SDK comes to these next.
WEBHOOKS_NOT_YET = {
    (method, f"/v1/{path}")
    for path, methods in {
        "webhook-endpoints": "GET POST",
        "webhook-endpoints/x": "GET PATCH DELETE",
        "webhook-endpoints/x/disable": "POST",
        "webhook-endpoints/x/enable": "POST",
        "webhook-endpoints/x/rotate-secret": "POST",
        "webhook-endpoints/x/test": "POST",
        "webhook-endpoints/x/replay": "POST",
        "webhook-endpoints/x/deliveries": "GET",
        "webhook-endpoints/x/deliveries/x": "GET",
        "events": "GET",
        "events/x": "GET",
    }.items()
    for method in methods.split()
}


def test_the_sdk_knows_every_code_and_which_are_worth_asking_again() -> None:
    assert {code.value for code in SdkCode} == set(Code)
    assert set(RETRYABLE) == {code for code, meaning in MEANINGS.items() if meaning.retryable}


def test_the_sdk_knows_every_status_and_product() -> None:
    assert {status.value for status in SdkPaymentStatus} == set(PaymentStatus)
    assert {status.value for status in SdkRefundStatus} == set(RefundStatus)
    assert {audience.value for audience in Audience} == set(Product)


def test_the_sdk_calls_every_route_with_its_audience_and_no_other() -> None:
    told = {
        (method.upper(), re.sub(r"\{\w+\}", AN_ID, path), route.get("x-audience"))
        for path, routes in OPENAPI["paths"].items()
        for method, route in routes.items()
        if path.startswith("/v1/")
    }

    asked = {(each.method, each.path, each.audience) for each in CALLS}
    assert asked == {route for route in told if route[:2] not in NOT_FOR_CALLERS | WEBHOOKS_NOT_YET}


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (TOKEN, ClientTokenBody),
        (CREATE, PaymentBody),
        (CAPTURE, CaptureBody),
        (REFUND, RefundBody),
        (CUSTOMER, CustomerBody),
    ],
)
def test_the_sdk_can_say_all_that_a_route_takes(call: Operation[Any], shape: type[Asked]) -> None:
    assert call.body is not None
    assert set(call.body) == {field.alias for field in shape.model_fields.values()}


def test_the_sdk_can_search_by_all_that_the_list_takes() -> None:
    names = {field.alias for field in PaymentsQuery.model_fields.values()}

    query = cards.list_payments(SEARCH, AN_ID).query
    assert query is not None
    assert set(query) == names
