"""Payments by a code: what is asked, and what the answers become."""

import json
from decimal import Decimal

from card_answers import CHALLENGED, PAYMENT
from quittance import CaseReason, CaseStatus, DisplayCode, PaymentStatus

PAYMENTS = "/v1/payments"
BY_CODE = {"type": "code", "country": "BR"}
SHOWN = CHALLENGED | {
    "paymentMethod": BY_CODE,
    "nextAction": {
        "type": "display_code",
        "qrCode": "data:image/svg+xml;base64,PHN2Zy8+",
        "copyCode": "000201",
        "deeplink": "https://pix.example/1",
        "expiresAt": "2026-04-30T08:31:14.000Z",
    },
}


def answers(gateway, code, data, http_status=200):
    return lambda request: gateway.envelope(request, code, data, http_status=http_status)


def begin(client):
    return client.payments.create("25.00", "BRL", DisplayCode("BR"), "ORDER-1")


def test_a_code_is_asked_for_by_its_country_and_nobody_has_to_come_back(gateway, connect):
    begin(connect())

    (request,) = gateway.sent(PAYMENTS)
    asked = json.loads(request.content)
    assert asked["method"] == BY_CODE
    assert "returnUrl" not in asked


def test_the_code_is_a_result_in_three_forms(gateway, connect):
    gateway.replies = [answers(gateway, "P0001", SHOWN, 202)]

    payment = begin(connect())

    action = payment.next_action
    assert payment.status is PaymentStatus.REQUIRES_ACTION
    assert (payment.code_country, payment.bank_country, payment.bank) == ("BR", None, None)
    assert (action.type, action.url) == ("display_code", "https://pix.example/1")
    assert (action.copy_code, action.qr_code) == ("000201", "data:image/svg+xml;base64,PHN2Zy8+")


def test_a_paid_code_has_no_action_any_more(gateway, connect):
    gateway.replies = [answers(gateway, "P0000", PAYMENT | {"paymentMethod": BY_CODE})]

    payment = begin(connect())

    assert (payment.status, payment.next_action) == (PaymentStatus.CAPTURED, None)
    assert payment.code_country == "BR"


CASE = {
    "id": "case_1",
    "paymentId": "pay_1",
    "reference": "ORDER-1",
    "reason": "late",
    "status": "accepted",
    "amount": "25.00",
    "currency": "BRL",
    "policy": "accept",
    "fee": "0.65",
    "receivedAt": "2026-04-30T08:31:14.000Z",
    "openedAt": "2026-04-30T08:31:15.000Z",
    "closedAt": "2026-04-30T08:31:16.000Z",
}


def test_a_case_says_what_came_and_what_became_of_it(gateway, connect):
    gateway.replies = [answers(gateway, "P0000", CASE)]

    case = connect().cases.get("case_1")

    assert (case.status, case.reason) == (CaseStatus.ACCEPTED, CaseReason.LATE)
    assert (case.amount, case.fee) == (Decimal("25.00"), Decimal("0.65"))
    assert (case.payment_id, case.policy) == ("pay_1", "accept")


def test_a_list_of_cases_goes_through_all_pages(gateway, connect):
    waiting = CASE | {"id": "case_2", "status": "open", "fee": None, "closedAt": None}
    gateway.replies = [
        answers(gateway, "P0000", {"cases": [CASE], "next": "case_1"}),
        answers(gateway, "P0000", {"cases": [waiting], "next": None}),
    ]

    found = list(connect().cases.list(payment="pay_1", status=CaseStatus.OPEN))

    assert [each.id for each in found] == ["case_1", "case_2"]
    assert (found[1].fee, found[1].closed_at) == (None, None)
    first, second = (request.url.params for request in gateway.sent("/v1/cases"))
    assert (first["paymentId"], first["status"]) == ("pay_1", "open")
    assert second["after"] == "case_1"
