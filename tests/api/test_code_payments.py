"""What no payment by a code is made of, and what cannot be done with one.

Each refusal names its field and moves nothing: of its reference nobody knows.
"""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from payments.domain import emv
from payments.domain.money import Money
from tests.api.code_shop import CodeShop, code
from tests.api.shop import Acquirer, Shop
from tests.evidence import Evidence
from tests.running_gateway import new_id

Refused = Callable[..., Awaitable[None]]

_KNOWN = "SELECT id FROM payment WHERE reference = $1"


@pytest.fixture
def codes(shop: Shop) -> CodeShop:
    return CodeShop(shop)


@pytest.fixture(scope="module")
async def refused(shop: Shop, evidence: Evidence) -> AsyncIterator[Refused]:
    """`told` is HTTP status, code and field. Nothing is known of the reference, and of the last
    one the valid twin is accepted.
    """
    codes = CodeShop(shop)
    orders: list[dict[str, Any]] = []

    async def refuse(changes: dict[str, Any], *told: object) -> None:
        order = codes.order()
        answer = await codes.shop.create(order | changes)

        assert (answer.http_status, answer.code, answer.data.get("field")) == told, answer
        assert await evidence.rows(_KNOWN, order["reference"]) == []
        orders.append(order)

    yield refuse
    for order in orders[-1:]:
        assert (await codes.shop.create(order)).code == "P0001"


# What is shown


async def test_the_code_the_picture_and_the_link_are_one_payment(codes: CodeShop) -> None:
    payment = await codes.shown(amount="12.34")

    action = payment["nextAction"]
    assert (action["type"], payment["paymentMethod"]) == ("display_code", code())
    assert emv.asks_for(action["copyCode"]) == (Money(1_234, "BRL"), "BR")
    kind, _, picture = action["qrCode"].partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert base64.b64decode(picture).startswith(b"<svg ")
    assert action["deeplink"].partition("://")[2] in action["copyCode"]
    assert set(action) == {"type", "qrCode", "copyCode", "deeplink", "expiresAt"}
    # However often it is asked for, it is one code, and of the picture nothing is kept.
    assert await codes.shop.show(payment) == payment


async def test_the_picture_is_in_no_record(codes: CodeShop, evidence: Evidence) -> None:
    payment = await codes.shown()

    kept = await evidence.rows(
        "SELECT next_action::text AS it FROM payment WHERE id = $1"
        " UNION ALL SELECT data::text FROM event WHERE object_id = $1",
        payment["id"],
    )

    assert len(kept) == 2
    for each in kept:
        assert payment["nextAction"]["copyCode"] in each["it"]
        assert "svg" not in each["it"]


async def test_a_code_in_every_country_that_has_one(codes: CodeShop) -> None:
    payment = await codes.shown(currency="BDT", method=code("BD"))

    assert emv.asks_for(payment["nextAction"]["copyCode"]) == (Money(1_000, "BDT"), "BD")


# What it is made of

WRONG = [
    ({"type": "code"}, 400, "P5002", "method.country"),
    (code(type="CODE"), 422, "P5003", "method.type"),
    (code(type="pix"), 422, "P5003", "method.type"),
    (code(type=None), 422, "P5003", "method.type"),
    (code(type=["code"]), 422, "P5003", "method.type"),
    ({"country": "BR"}, 400, "P5002", "method.type"),
    (code("br"), 422, "P5003", "method.country"),
    (code("BRA"), 422, "P5003", "method.country"),
    (code("076"), 422, "P5003", "method.country"),
    (code(76), 400, "P5002", "method.country"),
    (code(None), 400, "P5002", "method.country"),
    (code(["BR"]), 400, "P5002", "method.country"),
    (code(""), 422, "P5003", "method.country"),
    (code("BR\n"), 422, "P5003", "method.country"),
    (code("B\u0420"), 422, "P5003", "method.country"),
    (code("\uff22\uff32"), 422, "P5003", "method.country"),
    (code("ZZ"), 422, "P5003", "method.country"),
    (code("GB"), 422, "P5003", "method.country"),
    (code("BD"), 422, "P5003", "method.country"),
    (code(bank="SUNNY"), 400, "P5002", "method.bank"),
    (code(code="000201"), 400, "P5002", "method.code"),
    (code(copyCode="000201"), 400, "P5002", "method.copyCode"),
    (code(expiresAt="2030-01-01T00:00:00Z"), 400, "P5002", "method.expiresAt"),
    (code(Country="BR"), 400, "P5002", "method.Country"),
    (code(__class__="x"), 400, "P5002", "method.__class__"),
]


@pytest.mark.parametrize(
    ("method", "http_status", "code", "field"), WRONG, ids=[ascii(each[0]) for each in WRONG]
)
async def test_a_method_names_a_country_with_codes(
    refused: Refused, method: Any, http_status: int, code: str, field: str
) -> None:
    await refused({"method": method}, http_status, code, field)


@pytest.mark.parametrize(
    ("changes", "http_status", "code", "field"),
    [
        ({"capture": False}, 422, "P5003", "capture"),
        ({"saveMethod": True}, 422, "P5003", "saveMethod"),
        ({"returnUrl": "https://evil.example/back"}, 422, "P5003", "returnUrl"),
        ({"returnUrl": "javascript:alert(1)"}, 422, "P5003", "returnUrl"),
        ({"currency": "USD"}, 422, "P5003", "method.country"),
        ({"currency": "KWD"}, 422, "P2113", "currency"),
        ({"amount": "0.00"}, 422, "P5003", "amount"),
        ({"amount": "10.001"}, 422, "P5003", "amount"),
        ({"customerId": "cus_"}, 422, "P5003", "customerId"),
        ({"paymentMethodToken": "tok_1234"}, 400, "P5002", "paymentMethodToken"),
        ({"method": None}, 400, "P5002", "paymentMethodToken"),
    ],
    ids=str,
)
async def test_what_a_code_cannot_do_is_refused_by_its_field(
    refused: Refused,
    changes: dict[str, Any],
    http_status: int,
    code: str,
    field: str,
) -> None:
    await refused(changes, http_status, code, field)


async def test_a_refusal_never_repeats_what_was_sent(codes: CodeShop) -> None:
    answer = await codes.begin(method=code(type="4000000000000000002<script>"))

    assert "script" not in str(answer.data)


# What cannot be done with one


async def test_nothing_is_captured_or_given_back_before_it_is_paid(codes: CodeShop) -> None:
    payment = await codes.shown()

    captured = await codes.shop.do("capture", payment, {})
    refunded = await codes.shop.refund(payment, "1.00")

    assert (captured.http_status, captured.code) == (409, "P2106")
    assert (refunded.http_status, refunded.code) == (409, "P2109")
    assert (await codes.shop.show(payment))["status"] == "requires_action"
    await codes.pay(payment)
    await codes.shop.until_status(payment, "captured")


async def test_nothing_is_confirmed_where_nobody_was_asked_anything(
    codes: CodeShop, acquirer: Acquirer
) -> None:
    """Where there never was a code, and after its time."""
    acquirer.tell("lying_code", operations=["authorize", "inquire"])
    never = await codes.shop.until_status((await codes.begin()).data, "failed")
    acquirer.forget()
    confirmed = await codes.shop.do("confirm", never)
    assert (confirmed.http_status, confirmed.code) == (409, "P2106")

    canceled = await codes.shown()
    await codes.shop.do("cancel", canceled)
    confirmed = await codes.shop.do("confirm", canceled)

    assert (confirmed.http_status, confirmed.code) == (409, "P2106")


@pytest.mark.parametrize("verb", ["confirm", "cancel", "capture", "refund"])
async def test_another_partners_payment_is_as_unknown_as_none(
    codes: CodeShop, other_shop: Shop, verb: str
) -> None:
    payment = await codes.shown()
    body = {"reference": new_id()} if verb == "refund" else {} if verb == "capture" else None

    answer = await other_shop.do(verb, payment, body)

    assert (answer.http_status, answer.code) == (404, "P2101")
    assert await codes.shop.show(payment) == payment
