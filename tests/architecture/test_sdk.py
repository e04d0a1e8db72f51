"""The SDK is held against the gateway: codes, states, routes and fields. It imports none of it."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from quittance import BankRedirect, BatchKind, CardAccount, Iban, LocalAccount, cases
from quittance import DeliveryState as SdkDeliveryState
from quittance import DestinationState as SdkDestinationState
from quittance import DisputeStatus as SdkDisputeStatus
from quittance import EndpointState as SdkEndpointState
from quittance import PaymentStatus as SdkPaymentStatus
from quittance import PayoutStatus as SdkPayoutStatus
from quittance import RefundStatus as SdkRefundStatus
from quittance import batch_operations as batches
from quittance import card_operations as cards
from quittance import dispute_operations as disputes
from quittance import operations as bills
from quittance import payout_operations as payouts
from quittance import webhook_operations as webhooks
from quittance.codes import RETRYABLE
from quittance.codes import Code as SdkCode
from quittance.operations import ANY_PRODUCT, Audience, Operation

from api.bank_schemas import BanksQuery
from api.card_schemas import (
    CaptureBody,
    ClientTokenBody,
    CustomerBody,
    PaymentBody,
    PaymentsQuery,
    RefundBody,
)
from api.delivery_schemas import DeliveriesQuery, EventsQuery
from api.dispute_schemas import DisputesQuery, EvidenceBody, SubmitBody
from api.payout_schemas import (
    CardBody,
    DestinationBody,
    DestinationsQuery,
    FundsQuery,
    IbanBody,
    LocalAccountBody,
    PayoutBody,
    PayoutsQuery,
)
from api.schemas import Asked
from api.webhook_schemas import EndpointBody, EndpointChanges, ReplayBody, RotateBody
from payments.domain.case import CaseReason, CaseStatus
from payments.domain.codes import MEANINGS, Code
from payments.domain.destination import DestinationState
from payments.domain.dispute import DisputeStatus
from payments.domain.partner import Product
from payments.domain.payment import PaymentStatus
from payments.domain.payout import PayoutStatus
from payments.domain.refund import RefundStatus
from payments.domain.webhook import DeliveryState, EndpointState

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
AT_A_BANK = (
    cards.create_payment(
        *("1.00", "USD", BankRedirect("GB", "SUNNY"), "R"),
        capture=True,
        customer=None,
        save_method=False,
        return_url="https://shop.example",
        metadata=None,
        key=None,
    ).body
    or {}
)
LIST_PAYMENTS = cards.list_payments(SEARCH).page(AN_ID)
LIST_CASES = cases.list_cases(cases.CaseSearch(AN_ID, "open", "late", 10)).page(AN_ID)
CAPTURE = cards.capture(AN_ID, "1.00", final=True, reference="R", key=None)
REFUND = cards.refund(AN_ID, "R", "1.00", "why", None)
TOKEN = cards.create_client_token("1.00", "USD", AN_ID, None)
CUSTOMER = cards.create_customer("R", None)
ADD_ENDPOINT = webhooks.create_endpoint("https://shop.example", ["bill.paid"], "thin", "it", None)
CHANGE_ENDPOINT = webhooks.change_endpoint(
    AN_ID,
    url="https://shop.example",
    types=[],
    payload="full",
    version="2026-11-21",
    description="",
    key=None,
)
LIST_DISPUTES = disputes.list_disputes("won", AN_ID, 1).page(AN_ID)
EVIDENCE = disputes.add_evidence(AN_ID, {}, {}, None)
SUBMIT = disputes.submit(AN_ID, 1, None)
LIST_BANKS = cards.list_banks("GB", "GBP")
PAY_OUT = payouts.create_payout(
    "1.00", "USD", AN_ID, "R", customer=AN_ID, metadata={"a": "b"}, key=None
)
ACCOUNTS: dict[type[Asked], Iban | LocalAccount | CardAccount] = {
    IbanBody: Iban("I", "H", "B"),
    LocalAccountBody: LocalAccount("US", "1", "2", "H"),
    CardBody: CardAccount("t"),
}
DESTINATION = payouts.create_destination(ACCOUNTS[IbanBody], "USD", "R", AN_ID, None)
LIST_PAYOUTS = payouts.list_payouts(payouts.Search("paid", "R", AN_ID, A_DAY, A_DAY, 1)).page(AN_ID)
ROTATE = webhooks.rotate_secret(AN_ID, timedelta(0), None)
LIST_DELIVERIES = webhooks.list_deliveries(AN_ID, "failed", 1).page(AN_ID)
LIST_EVENTS = webhooks.list_events(AN_ID, 1).page(AN_ID)

SEND_BATCH, LIST_BATCHES, BATCH_RESULTS = (
    [make(kind) for kind in BatchKind]
    for make in (
        lambda kind: batches.create(kind, b"", "R", "text/csv", None),
        lambda kind: batches.list_batches(kind, 1).page(AN_ID),
        lambda kind: batches.results(kind, AN_ID, "csv"),
    )
)

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
    LIST_PAYMENTS,
    LIST_BANKS,
    cards.confirm(AN_ID, None),
    CAPTURE,
    cards.cancel(AN_ID, None),
    REFUND,
    cards.get_refund(AN_ID),
    cards.list_refunds(AN_ID),
    cases.get_case(AN_ID),
    LIST_CASES,
    CUSTOMER,
    cards.get_customer(AN_ID),
    cards.delete_customer(AN_ID, None),
    cards.list_methods(AN_ID),
    cards.delete_method(AN_ID, AN_ID, None),
    DESTINATION,
    payouts.get_destination(AN_ID),
    payouts.list_destinations(AN_ID),
    payouts.verify_destination(AN_ID),
    PAY_OUT,
    payouts.get_payout(AN_ID),
    LIST_PAYOUTS,
    payouts.cancel(AN_ID, None),
    payouts.get_funds("USD"),
    ADD_ENDPOINT,
    webhooks.list_endpoints(),
    webhooks.get_endpoint(AN_ID),
    CHANGE_ENDPOINT,
    webhooks.delete_endpoint(AN_ID, None),
    webhooks.enable(AN_ID, None),
    webhooks.disable(AN_ID, None),
    ROTATE,
    webhooks.test_endpoint(AN_ID, None),
    LIST_DELIVERIES,
    webhooks.get_delivery(AN_ID, AN_ID),
    webhooks.replay(AN_ID, None, failures=True),
    LIST_EVENTS,
    webhooks.get_event(AN_ID),
    *(*SEND_BATCH, *LIST_BATCHES, *BATCH_RESULTS),
    *(batches.get(kind, AN_ID) for kind in BatchKind),
    *(
        batches.move(kind, AN_ID, how, None)
        for kind in BatchKind
        for how in ("pause", "resume", "cancel")
    ),
    LIST_DISPUTES,
    disputes.get_dispute(AN_ID),
    disputes.get_evidence(AN_ID),
    disputes.give_file(AN_ID, b"", "image/png", None),
    EVIDENCE,
    SUBMIT,
    disputes.accept(AN_ID, None),
]
# The token is fetched by the client itself, health goes without the version, and webhooks are for
# providers.
NOT_FOR_CALLERS = {
    ("POST", "/v1/auth/token"),
    ("GET", "/v1/health"),
    ("GET", "/v1/health/live"),
    ("POST", "/v1/providers/x/webhooks"),
}


def test_the_sdk_knows_every_code_and_which_are_worth_asking_again() -> None:
    assert {code.value for code in SdkCode} == set(Code)
    assert set(RETRYABLE) == {code for code, meaning in MEANINGS.items() if meaning.retryable}


def test_the_sdk_knows_every_status_and_product() -> None:
    assert {status.value for status in cases.CaseStatus} == set(CaseStatus)
    assert {reason.value for reason in cases.CaseReason} == set(CaseReason)
    assert {status.value for status in SdkPaymentStatus} == set(PaymentStatus)
    assert {status.value for status in SdkRefundStatus} == set(RefundStatus)
    assert {status.value for status in SdkPayoutStatus} == set(PayoutStatus)
    assert {state.value for state in SdkDestinationState} == set(DestinationState)
    assert {status.value for status in SdkDisputeStatus} == set(DisputeStatus)
    assert {audience.value for audience in Audience} == set(Product)


def audiences(route: dict[str, Any]) -> list[str | None]:
    """A route that wants a token and names no product takes any; others take none."""
    found = route.get("x-audience", ANY_PRODUCT if route.get("security") else None)
    return found if isinstance(found, list) else [found]


def test_the_sdk_calls_every_route_with_its_audience_and_no_other() -> None:
    told = {
        (method.upper(), re.sub(r"\{\w+\}", AN_ID, path), audience)
        for path, routes in OPENAPI["paths"].items()
        for method, route in routes.items()
        for audience in audiences(route)
        if path.startswith("/v1/")
    }

    asked = {(each.method, each.path, each.audience) for each in CALLS}
    assert asked == {route for route in told if route[:2] not in NOT_FOR_CALLERS}


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (TOKEN, ClientTokenBody),
        (CREATE, PaymentBody),
        (CAPTURE, CaptureBody),
        (REFUND, RefundBody),
        (CUSTOMER, CustomerBody),
        (DESTINATION, DestinationBody),
        (PAY_OUT, PayoutBody),
        (ADD_ENDPOINT, EndpointBody),
        (CHANGE_ENDPOINT, EndpointChanges),
        (ROTATE, RotateBody),
        (EVIDENCE, EvidenceBody),
        (SUBMIT, SubmitBody),
    ],
)
def test_the_sdk_can_say_all_that_a_route_takes(call: Operation[Any], shape: type[Asked]) -> None:
    assert call.body is not None
    told = set(call.body) | (set(AT_A_BANK) if call is CREATE else set())
    assert told == {field.alias for field in shape.model_fields.values()}


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (LIST_PAYMENTS, PaymentsQuery),
        (LIST_BANKS, BanksQuery),
        (LIST_PAYOUTS, PayoutsQuery),
        (payouts.list_destinations(AN_ID), DestinationsQuery),
        (payouts.get_funds("USD"), FundsQuery),
        (LIST_DISPUTES, DisputesQuery),
        (LIST_DELIVERIES, DeliveriesQuery),
        (LIST_EVENTS, EventsQuery),
    ],
)
def test_the_sdk_can_search_by_all_that_a_list_takes(
    call: Operation[Any], shape: type[Asked]
) -> None:
    assert call.query is not None
    assert set(call.query) == {field.alias for field in shape.model_fields.values()}


@pytest.mark.parametrize("shape", list(ACCOUNTS))
def test_the_sdk_can_name_every_kind_of_account(shape: type[Asked]) -> None:
    body = payouts.create_destination(ACCOUNTS[shape], "USD", "R", None, None).body or {}
    account = body["account"]
    assert isinstance(account, dict)
    assert set(account) == {field.alias for field in shape.model_fields.values()}


def test_the_sdk_can_ask_for_every_kind_of_replay() -> None:
    ways = (
        webhooks.replay(AN_ID, None, event=AN_ID),
        webhooks.replay(AN_ID, None, since=A_DAY, until=A_DAY, after=AN_ID),
        webhooks.replay(AN_ID, None, failures=True),
    )

    said = [name for each in ways for name in each.body or ()]
    assert sorted(said) == sorted(str(each.alias) for each in ReplayBody.model_fields.values())


def test_the_sdk_knows_every_state_of_endpoints_and_deliveries() -> None:
    assert {state.value for state in SdkEndpointState} == set(EndpointState)
    assert {state.value for state in SdkDeliveryState} == set(DeliveryState)
