"""A key has several products, a token names one, and a route takes only tokens for its own."""

import jwt
import pytest

from tests.api.office import Office
from tests.api.shop import Shop
from tests.running_gateway import PartnerClient, TestBill, new_id


async def bearer(client: PartnerClient, **changes: object) -> dict[str, str]:
    answer = await client.ask("POST", "/auth/token", json=client.key.token_request(**changes))
    assert answer.code == "P0000", answer
    return {"Authorization": f"Bearer {answer.data['accessToken']}"}


def audience(headers: dict[str, str]) -> object:
    token = headers["Authorization"].removeprefix("Bearer ")
    return jwt.decode(token, options={"verify_signature": False})["aud"]


async def test_a_token_is_for_the_keys_first_product_or_the_one_that_was_asked_for(
    shop: Shop,
) -> None:
    client = shop.partner

    assert audience(await bearer(client)) == "bill-collection"
    assert audience(await bearer(client, audience="bill-collection")) == "bill-collection"
    assert audience(await bearer(client, audience="payments")) == "payments"


async def test_a_route_says_which_audience_it_wants(shop: Shop) -> None:
    client = shop.partner
    bills, cards = await bearer(client), await bearer(client, audience="payments")

    at_cards = await client.ask("GET", "/v1/payments", headers=bills)
    at_bills = await client.ask("GET", "/bill/lookup", params=TestBill().told, headers=cards)

    assert (at_cards.http_status, at_cards.code) == (403, "P4008")
    assert at_cards.data == {"audience": "payments"}
    assert (at_bills.code, at_bills.data) == ("P4008", {"audience": "bill-collection"})


@pytest.mark.parametrize("wanted", ["payments", "payouts", "", "PAYMENTS", "bill-collection "])
async def test_a_token_is_never_for_a_product_that_its_key_has_not(
    office: Office, wanted: str
) -> None:
    client = await office.partner(cards=None, payouts=None)

    answer = await client.ask("POST", "/auth/token", json=client.key.token_request(audience=wanted))

    assert (answer.http_status, answer.code) == (403, "P4008")
    assert answer.data == {"audience": "bill-collection"}


@pytest.mark.parametrize("wanted", [1, ["payments"], {"aud": "payments"}])
async def test_an_audience_is_text(shop: Shop, wanted: object) -> None:
    body = shop.partner.key.token_request(audience=wanted)

    answer = await shop.partner.ask("POST", "/auth/token", json=body)

    assert (answer.http_status, answer.code, answer.data["field"]) == (400, "P5002", "audience")


READ_ONLY = {
    "/v1/payments": "post:payment",
    "/v1/client-tokens": "post:payment",
    "/v1/customers": "post:payment",
    "/v1/payments/{}/capture": "post:payment",
    "/v1/payments/{}/cancel": "post:payment",
    "/v1/payments/{}/confirm": "post:payment",
    "/v1/payments/{}/refund": "post:refund",
}


@pytest.mark.parametrize("path", READ_ONLY)
async def test_a_token_that_may_only_read_moves_nothing(shop: Shop, path: str) -> None:
    """Row J10."""
    payment = await shop.paid(capture=False)
    headers = await bearer(shop.partner, audience="payments", scope="read:payment")

    answer = await shop.partner.ask(
        "POST", path.format(payment["id"]), json={"reference": new_id()}, headers=headers
    )

    assert (answer.http_status, answer.code) == (403, "P4007")
    assert answer.data == {"scope": READ_ONLY[path]}
    assert await shop.show(payment) == payment
