"""What no payment at a bank is made of, and who may not ask for one.

Each refusal names its field and moves nothing: of its reference nobody knows.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from tests.api.bank_shop import BankShop, bank
from tests.api.shop import Shop
from tests.api.test_audience import bearer
from tests.evidence import Evidence
from tests.running_gateway import new_id

Refused = Callable[..., Awaitable[None]]

_KNOWN = "SELECT id FROM payment WHERE reference = $1"


@pytest.fixture
def banks(shop: Shop) -> BankShop:
    return BankShop(shop)


@pytest.fixture
def other_banks(other_shop: Shop) -> BankShop:
    return BankShop(other_shop)


@pytest.fixture(scope="module")
async def refused(shop: Shop, evidence: Evidence) -> AsyncIterator[Refused]:
    """`told` is HTTP status, code and field. Nothing is known of the reference, and of the last
    one the valid twin is accepted.
    """
    banks = BankShop(shop)
    orders: list[dict[str, Any]] = []

    async def refuse(changes: dict[str, Any], *told: object) -> None:
        order = banks.order()
        answer = await banks.shop.create(order | changes)

        assert (answer.http_status, answer.code, answer.data.get("field")) == told, answer
        assert await evidence.rows(_KNOWN, order["reference"]) == []
        orders.append(order)

    yield refuse
    for order in orders[-1:]:
        assert (await banks.shop.create(order)).data["status"] == "requires_action"


# What it is paid with


async def test_exactly_one_method_pays(banks: BankShop, refused: Refused) -> None:
    token = await banks.shop.method()

    for changes in (
        {"paymentMethodToken": token},
        {"method": None},
        {"method": None, "paymentMethodToken": None},
    ):
        await refused(changes, 400, "P5002", "paymentMethodToken")
    # The card was not used up by the payment that never began.
    assert (await banks.shop.pay(paymentMethodToken=token)).code == "P0000"


async def test_a_method_that_is_null_leaves_the_card_alone(banks: BankShop) -> None:
    order = await banks.shop.order() | {"method": None}

    assert (await banks.shop.create(order)).code == "P0000"


@pytest.mark.parametrize("method", [[], "x", "bank_redirect", 1, True, [bank()]], ids=str)
async def test_a_method_is_an_object(refused: Refused, method: Any) -> None:
    await refused({"method": method}, 400, "P5002", "method")


WRONG = [
    ({}, 400, "P5002", "method.type"),
    (bank(type="card"), 422, "P5003", "method.type"),
    (bank(type="BANK_REDIRECT"), 422, "P5003", "method.type"),
    (bank(type="pix"), 422, "P5003", "method.type"),
    (bank(type=None), 422, "P5003", "method.type"),
    (bank(type=["bank_redirect"]), 422, "P5003", "method.type"),
    (bank(country="gb"), 422, "P5003", "method.country"),
    (bank(country="GBR"), 422, "P5003", "method.country"),
    (bank(country="826"), 422, "P5003", "method.country"),
    (bank(country=826), 400, "P5002", "method.country"),
    (bank(country="G\u0412"), 422, "P5003", "method.country"),
    (bank(country="\uff27\uff22"), 422, "P5003", "method.country"),
    (bank(country="GB\n"), 422, "P5003", "method.country"),
    (bank(country="GB "), 422, "P5003", "method.country"),
    (bank(country=""), 422, "P5003", "method.country"),
    (bank(country=None), 400, "P5002", "method.country"),
    (bank("sunny"), 422, "P5003", "method.bank"),
    (bank("SUNNY\u0000"), 422, "P5003", "method.bank"),
    (bank("SUNNY "), 422, "P5003", "method.bank"),
    (bank("../SUNNY"), 422, "P5003", "method.bank"),
    (bank("'; DROP TABLE payment;--"), 422, "P5003", "method.bank"),
    (bank("\u0405UNNY"), 422, "P5003", "method.bank"),
    (bank("S" * 41), 422, "P5003", "method.bank"),
    (bank("S"), 422, "P5003", "method.bank"),
    (bank(""), 422, "P5003", "method.bank"),
    (bank(bank=1), 400, "P5002", "method.bank"),
    (bank("NOBODY"), 422, "P5003", "method.bank"),
    (bank("SUNNY_DE"), 422, "P5003", "method.bank"),
    (bank("SUNNY_DE", "DE"), 422, "P5003", "method.bank"),
    (bank(None, "ZZ"), 422, "P5003", "method.country"),
    (bank(iban="GB33BUKB20201555555555"), 400, "P5002", "method.iban"),
    (bank(Country="GB"), 400, "P5002", "method.Country"),
    (bank(status="captured"), 400, "P5002", "method.status"),
    (bank(__class__="x"), 400, "P5002", "method.__class__"),
]


@pytest.mark.parametrize(
    ("method", "http_status", "code", "field"), WRONG, ids=[ascii(each[0]) for each in WRONG]
)
async def test_a_method_names_a_bank_that_there_is(
    refused: Refused, method: Any, http_status: int, code: str, field: str
) -> None:
    await refused({"method": method}, http_status, code, field)


# What it cannot do


@pytest.mark.parametrize(
    ("changes", "http_status", "code", "field"),
    [
        ({"capture": False}, 422, "P5003", "capture"),
        ({"saveMethod": True}, 422, "P5003", "saveMethod"),
        ({"returnUrl": None}, 400, "P5002", "returnUrl"),
        ({"returnUrl": ""}, 422, "P5003", "returnUrl"),
        ({"returnUrl": "https://evil.example/back"}, 422, "P5003", "returnUrl"),
        ({"returnUrl": "http://127.0.0.1@evil.example/"}, 422, "P5003", "returnUrl"),
        ({"returnUrl": "javascript:alert(1)"}, 422, "P5003", "returnUrl"),
        ({"currency": "GBP"}, 422, "P2113", "currency"),
        ({"amount": "0.00"}, 422, "P5003", "amount"),
        ({"amount": "10.001"}, 422, "P5003", "amount"),
        ({"customerId": "cus_"}, 422, "P5003", "customerId"),
        ({"bank": "SUNNY"}, 400, "P5002", "bank"),
        ({"country": "GB"}, 400, "P5002", "country"),
    ],
    ids=str,
)
async def test_what_a_bank_cannot_do_is_refused_by_its_field(
    refused: Refused,
    changes: dict[str, Any],
    http_status: int,
    code: str,
    field: str,
) -> None:
    await refused(changes, http_status, code, field)


async def test_a_customer_is_the_partners_own(
    banks: BankShop, other_banks: BankShop, refused: Refused
) -> None:
    own, foreign = await banks.shop.customer(), await other_banks.shop.customer()

    await refused({"customerId": foreign}, 404, "P2112", "customerId")

    payment = await banks.begun(customerId=own)
    assert payment["customerId"] == own


# Who asks


async def test_a_token_of_another_product_or_scope_opens_nothing(
    banks: BankShop, evidence: Evidence
) -> None:
    order = banks.order()
    for told, data, changes in (
        ((403, "P4008"), {"audience": "payments"}, {"audience": "bill-collection"}),
        (
            (403, "P4007"),
            {"scope": "post:payment"},
            {"audience": "payments", "scope": "read:payment"},
        ),
    ):
        headers = await bearer(banks.partner, **changes)
        answer = await banks.partner.ask("POST", "/v1/payments", json=order, headers=headers)
        assert (answer.http_status, answer.code) == told
        assert answer.data == data
    assert await evidence.rows(_KNOWN, order["reference"]) == []


@pytest.mark.parametrize("verb", ["confirm", "cancel", "capture", "refund"])
async def test_another_partners_payment_is_as_unknown_as_none(
    banks: BankShop, other_banks: BankShop, verb: str
) -> None:
    payment = await banks.begun()
    body = {"reference": new_id()} if verb == "refund" else {} if verb == "capture" else None

    answer = await other_banks.shop.do(verb, payment, body)
    looked = await other_banks.partner.get(f"/v1/payments/{payment['id']}")

    assert (answer.http_status, answer.code) == (404, "P2101")
    assert (looked.http_status, looked.code) == (404, "P2101")
    assert await banks.shop.show(payment) == payment
