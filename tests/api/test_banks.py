"""Banks that a customer can be sent to: the list, and what an order may name of it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.api.beside import ApiBeside
from tests.api.office import Office
from tests.api.shop import Acquirer, Shop
from tests.patience import persistently
from tests.running_gateway import PartnerClient, RunningGateway, new_id

BACK = "http://127.0.0.1/back"


def at_a_bank(bank: str | None = "SUNNY_US", country: str = "US", **changes: Any) -> dict[str, Any]:
    method = {"type": "bank_redirect", "country": country} | ({"bank": bank} if bank else {})
    order = {"amount": "10.00", "currency": "USD", "reference": new_id(), "returnUrl": BACK}
    return order | {"method": method} | changes


async def test_the_list_is_narrowed_by_country_and_by_currency(shop: Shop) -> None:
    everywhere = await shop.partner.get("/v1/banks")
    german = await shop.partner.get("/v1/banks", None, country="DE")
    euro = await shop.partner.get("/v1/banks", None, country="GB", currency="EUR")
    nowhere = await shop.partner.get("/v1/banks", None, country="DE", currency="GBP")

    assert everywhere.code == "P0000"
    assert {"SUNNY", "SUNNY_DE", "RAINY_BD"} <= {bank["id"] for bank in everywhere.data["banks"]}
    assert [bank["id"] for bank in german.data["banks"]] == ["FOGGY_DE", "RAINY_DE", "SUNNY_DE"]
    assert "SUNNY" in {bank["id"] for bank in euro.data["banks"]}
    assert nowhere.data == {"banks": []}
    assert german.data["banks"][2] == {
        "id": "SUNNY_DE",
        "name": "Sunny Bank",
        "country": "DE",
        "currencies": ["EUR"],
    }


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"country": "de"}, "country"),
        ({"country": "DEU"}, "country"),
        ({"currency": "Euro"}, "currency"),
        ({"bank": "SUNNY"}, "bank"),
    ],
)
async def test_a_question_that_is_none_is_refused_by_its_field(
    shop: Shop, query: dict[str, str], field: str
) -> None:
    refused = await shop.partner.get("/v1/banks", None, **query)

    code = "P5002" if field == "bank" else "P5003"
    assert (refused.code, refused.data["field"]) == (code, field)


@pytest.mark.parametrize(
    ("bank", "country", "field"),
    [
        ("NOBODY", "US", "method.bank"),
        ("SUNNY_DE", "US", "method.bank"),
        ("SUNNY_DE", "DE", "method.bank"),
        (None, "DE", "method.country"),
        (None, "FR", "method.country"),
    ],
)
async def test_an_order_names_a_bank_that_is_there_and_takes_its_currency(
    shop: Shop, bank: str | None, country: str, field: str
) -> None:
    order = at_a_bank(bank, country)

    refused = await shop.create(order)

    assert (refused.http_status, refused.code) == (422, "P5003")
    assert refused.data["field"] == field
    # Nothing was begun under this reference.
    again = await shop.create(at_a_bank() | {"reference": order["reference"]})
    assert (again.code, again.data["status"]) == ("P0001", "requires_action")


async def test_a_customer_is_sent_to_the_bank_that_was_named_and_pays_there(shop: Shop) -> None:
    waiting = await shop.create(at_a_bank())
    page = await shop.vault.get(waiting.data["nextAction"]["url"])

    await shop.vault.post(waiting.data["nextAction"]["url"], data={"decision": "approve"})
    done = await shop.do("confirm", waiting.data)

    assert (waiting.http_status, waiting.data["status"]) == (202, "requires_action")
    assert waiting.data["nextAction"]["type"] == "redirect"
    assert "Sunny Bank" in page.text
    assert (done.code, done.data["status"]) == ("P0000", "captured")


async def test_only_who_may_read_payments_is_told(office: Office) -> None:
    partner = await office.guest()
    partner.audience = "bill-collection"

    assert (await partner.get("/v1/banks")).code == "P4008"


@pytest.fixture
async def shop_in_the_dark(gateway: RunningGateway, shop: Shop) -> AsyncIterator[Shop]:
    """At a process to which no acquirer has ever told its banks."""
    acquirers = [Acquirer(gateway, name) for name in ("NORTH", "SOUTH")]
    for acquirer in acquirers:
        acquirer.tell("refuse", operations=["banks"])
    process = await ApiBeside.start(gateway)
    dark = Shop(gateway, PartnerClient(process.url, shop.partner.key))
    yield dark
    await dark.close()
    await process.stop()
    for acquirer in acquirers:
        acquirer.forget()


async def test_while_nobody_knows_any_bank_the_provider_decides(shop_in_the_dark: Shop) -> None:
    unknown = await shop_in_the_dark.partner.get("/v1/banks")
    orders = at_a_bank("NOBODY"), at_a_bank()
    missing, there = [
        await persistently(lambda order=order: shop_in_the_dark.create(order))  # type: ignore[misc]
        for order in orders
    ]

    assert (unknown.http_status, unknown.code) == (503, "P2117")
    assert unknown.headers["retry-after"] == "5"
    failed = await shop_in_the_dark.until_status(missing.data, "failed")
    assert (failed["declineCode"], failed["providerCode"]) == ("P2006", "BANK_NOT_FOUND")
    await shop_in_the_dark.until_status(there.data, "requires_action")
