"""What no payment is made of: amounts, currencies, texts, addresses, tokens, and wrong moments.

Rows M1, M3, M5, O4, U9, X1, X2, X5, X8, L1 and L2 of the catalogue of bad input. Each refusal names
its field, and its valid twin is accepted.
"""

import asyncio
from typing import Any

import pytest

from tests.api.shop import CHALLENGE, Shop
from tests.running_gateway import new_id

AMOUNTS = [
    ("0", "USD"),
    ("0.00", "USD"),
    ("-1", "USD"),
    ("-0.00", "USD"),
    ("0.001", "USD"),
    ("1.5", "JPY"),
    ("1.2345", "BHD"),
    ("1,250.00", "USD"),
    ("1e3", "USD"),
    ("12.5\u0000", "USD"),
    ("١٢.٥٠", "USD"),
    ("9999999999999999", "USD"),
]


@pytest.mark.parametrize(("amount", "currency"), AMOUNTS)
async def test_an_amount_is_plain_and_possible(shop: Shop, amount: str, currency: str) -> None:
    order = await shop.order()

    for path, body in (
        ("/v1/payments", {**order, "amount": amount, "currency": currency}),
        ("/v1/client-tokens", {"amount": amount, "currency": currency}),
    ):
        answer = await shop.partner.post(path, body)
        assert answer.http_status in (400, 422), answer
        assert answer.data["field"] == "amount"
    assert (await shop.create(order)).code == "P0000"


@pytest.mark.parametrize("amount", [10, 10.0, None, ["10.00"], {"minor": 1000}, True])
async def test_an_amount_is_text(shop: Shop, amount: Any) -> None:
    order = await shop.order() | {"amount": amount}

    answer = await shop.create(order)

    assert (answer.http_status, answer.code, answer.data["field"]) == (400, "P5002", "amount")


CURRENCIES = ["usd", "EURO", "XXX", "XTS", "BTC", "", "USDD", "\u0415UR", "KWD", "XAU", " USD"]


@pytest.mark.parametrize("currency", CURRENCIES)
async def test_a_currency_is_one_that_is_enabled(shop: Shop, currency: str) -> None:
    order = await shop.order()

    answer = await shop.create(order | {"currency": currency})

    assert answer.http_status == 422
    assert answer.code in ("P5003", "P2113")
    assert answer.data["field"] == "currency"
    assert (await shop.create(order)).code == "P0000"


MASS = ["status", "partnerId", "amountCaptured", "ledgerAccount", "createdAt", "__class__", "id"]
MASS += ["fee", "provider", "customer_id", "paymentmethodtoken", "card", "number", "é", ""]


@pytest.mark.parametrize("field", MASS)
async def test_a_field_too_many_is_refused_by_name(shop: Shop, field: str) -> None:
    order = await shop.order()

    answer = await shop.create(order | {field: "1"})

    assert (answer.http_status, answer.code) == (400, "P5002")
    assert answer.data["field"] == field
    assert (await shop.create(order)).code == "P0000"


@pytest.mark.parametrize("verb", ["cancel", "confirm", "capture", "refund"])
async def test_a_field_too_many_moves_nothing(shop: Shop, verb: str) -> None:
    payment = await shop.paid(capture=False)

    answer = await shop.do(verb, payment, {"status": "captured", "reference": new_id()})

    assert (answer.http_status, answer.code) == (400, "P5002")
    assert (await shop.show(payment))["status"] == "authorized"
    assert (await shop.do("cancel", payment, {})).code == "P0000"


HOSTILE = [
    "'; DROP TABLE ledger;--",
    "$1 %s {{7*7}} ${jndi:ldap://x} {0.__class__}",
    "<script>alert(1)</script>",
    "../../etc/passwd",
]


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_text_is_kept_as_it_is(shop: Shop, text: str) -> None:
    payment = await shop.paid(metadata={text[:40]: text})

    assert (await shop.show(payment))["metadata"] == {text[:40]: text}
    named = await shop.pay(reference=text)
    assert (named.code, named.data["field"]) == ("P5003", "reference")


UNKEPT: list[dict[str, Any]] = [
    {f"key {n}": "x" for n in range(51)},
    {"k" * 41: "x"},
    {"k": "v" * 501},
    {"k": "\u200b\u200d"},
    {"k": 'v\n{"level":"info"}'},
    {"k": "\x1b[31m"},
    {"k": "a\u2028b"},
    {"k": "evil\u202etxt"},
    {"": "x"},
    {"k": 1},
    {"k": None},
    {"k": {"deep": "er"}},
    [],  # type: ignore[list-item]
]


@pytest.mark.parametrize("metadata", UNKEPT, ids=range(len(UNKEPT)))
async def test_metadata_has_its_limits(shop: Shop, metadata: Any) -> None:
    order = await shop.order()

    answer = await shop.create(order | {"metadata": metadata})

    assert answer.http_status in (400, 422), answer
    assert answer.data["field"].startswith("metadata")
    assert (await shop.create(order)).code == "P0000"


NAMES = ["a/b", "a" * 129, "a b", "-a", "a\u0000", "a\nb", "é", "", "a" * 1_001, "pay%2F"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("field", ["reference", "customerId", "paymentMethodToken"])
async def test_a_name_has_few_letters(shop: Shop, field: str, name: str) -> None:
    order = await shop.order()

    answer = await shop.create(order | {field: name})

    assert (answer.http_status, answer.code, answer.data["field"]) == (422, "P5003", field)


RETURNS = [
    "javascript:alert(1)",
    "https://evil.example/",
    "http://127.0.0.1@evil.example/",
    "http://127.0.0.1/\r\nSet-Cookie: a=b",
    "http://127.0.0.1/#x",
    "http://127.0.0.1\\@evil.example/",
    "//127.0.0.1/",
    "ftp://127.0.0.1/",
]


@pytest.mark.parametrize("url", RETURNS)
async def test_a_browser_is_only_sent_to_a_registered_host(shop: Shop, url: str) -> None:
    order = await shop.order()

    answer = await shop.create(order | {"returnUrl": url})

    assert (answer.http_status, answer.code, answer.data["field"]) == (422, "P5003", "returnUrl")
    assert (await shop.create(order | {"returnUrl": "http://127.0.0.1:1/b?x"})).code == "P0000"


async def test_a_method_is_for_its_own_sale(shop: Shop) -> None:
    order, customer = await shop.order(), await shop.customer()

    for change in ({"amount": "10.01"}, {"currency": "EUR"}, {"customerId": customer}):
        answer = await shop.create(order | change)
        assert (answer.http_status, answer.code) == (422, "P2105")
        assert answer.data["field"] == "paymentMethodToken"
    assert (await shop.create(order)).code == "P0000"


async def test_a_method_and_its_client_token_are_for_one_payment(shop: Shop) -> None:
    client_token = await shop.client_token()
    one, two = [await shop.typed(client_token, n) for n in ("4242424242424242", "5555555555554444")]
    await shop.paid(paymentMethodToken=one)

    for token in (one, two):
        answer = await shop.pay(paymentMethodToken=token)
        assert (answer.http_status, answer.code) == (409, "P2104")


@pytest.mark.parametrize("token", ["an access token", "none", "made up"])
async def test_a_method_needs_a_client_token_of_ours(shop: Shop, token: str) -> None:
    texts = {
        "an access token": (await shop.partner.authorised())["Authorization"][7:],
        "none": "x",
        "made up": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJwYXJ0bmVyXzEifQ.",
    }
    method = await shop.typed(texts[token])

    answer = await shop.pay(paymentMethodToken=method)

    assert (answer.http_status, answer.code) == (422, "P2105")


async def test_a_client_token_is_no_access_token(shop: Shop) -> None:
    headers = {"Authorization": f"Bearer {await shop.client_token()}"}

    answer = await shop.partner.ask("GET", "/v1/payments", headers=headers)

    assert (answer.http_status, answer.code) == (401, "P4004")


async def test_more_than_is_left_cannot_be_taken(shop: Shop) -> None:
    """Row M5: by one cent, and by two parts of 60 % at once."""
    payment = await shop.paid(capture=False)
    by_a_cent = await shop.do("capture", payment, {"amount": "10.01"})
    assert (by_a_cent.http_status, by_a_cent.code) == (422, "P2107")

    part = {"amount": "6.00"}
    answers = await asyncio.gather(
        *(shop.do("capture", payment, part | {"reference": name}) for name in "ab")
    )

    assert sorted(answer.code for answer in answers) == ["P0000", "P2107"]
    assert (await shop.show(payment))["amountCaptured"] == "6.00"


@pytest.mark.parametrize("verb", ["confirm", "capture", "cancel"])
@pytest.mark.parametrize("end", ["captured", "canceled", "failed"])
async def test_what_is_over_is_over(shop: Shop, verb: str, end: str) -> None:
    """Row L2."""
    if end == "captured":
        payment = await shop.paid()
    elif end == "failed":
        payment = (await shop.pay("4000000000000002")).data
    else:
        payment = await shop.paid(capture=False)
        await shop.do("cancel", payment)
    before = await shop.show(payment)

    answer = await shop.do(verb, payment, {})

    if (verb, end) == ("cancel", "canceled"):
        assert answer.code == "P0000"
    else:
        assert (answer.http_status, answer.code) == (409, "P2106")
    assert await shop.show(payment) == before


async def test_nothing_can_be_taken_before_the_challenge(shop: Shop) -> None:
    payment = (await shop.pay(CHALLENGE, capture=False)).data

    answer = await shop.do("capture", payment, {})

    assert (answer.http_status, answer.code) == (409, "P2106")
    await shop.decide(payment, "approve")
    assert (await shop.do("confirm", payment)).data["status"] == "authorized"
    assert (await shop.do("capture", payment, {})).data["status"] == "captured"


async def test_there_is_nothing_to_confirm_without_a_challenge(shop: Shop) -> None:
    payment = await shop.paid(capture=False)

    assert (await shop.do("confirm", payment)).code == "P2106"


QUERIES = [
    {"status": "paid"},
    {"limit": "0"},
    {"limit": "101"},
    {"limit": "ten"},
    {"limit": "-1"},
    {"after": "pay_1"},
    {"after": "'; DROP"},
    {"createdFrom": "yesterday"},
    {"createdFrom": "2026-13-01T00:00:00Z"},
    {"createdBefore": "0001-01-01T00:00:00+23:59"},
    {"customerId": "cus_"},
    {"partnerId": "partner_2"},
]


@pytest.mark.parametrize("query", QUERIES, ids=str)
async def test_a_question_that_makes_no_sense_is_refused_by_name(
    shop: Shop, query: dict[str, str]
) -> None:
    answer = await shop.partner.get("/v1/payments", None, **query)

    assert answer.http_status in (400, 422)
    assert answer.data["field"] == next(iter(query))
