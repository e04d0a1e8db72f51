"""What real shops get is as the OpenAPI file says: every route for cards, in every outcome."""

from typing import Any

from tests.api.shop import CHALLENGE, Acquirer, Shop
from tests.api.test_schema import hold_against_the_document
from tests.running_gateway import new_id


class Asking:
    """Every answer is held against the document, by route and status; `names` fill the path."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    async def __call__(
        self, method: str, path: str, status: int, body: object = None, **names: str
    ) -> Any:
        partner = self._shop.partner
        response = await partner.fetch(
            method, path.format(**names), json=body, headers=await partner.authorised()
        )
        assert response.status_code == status, response.text
        hold_against_the_document(method, path, response)
        return response.json()["data"]


PAYMENT = "/v1/payments/{payment_id}"
CUSTOMER = "/v1/customers/{customer_id}"


async def test_payments(shop: Shop) -> None:
    asking = Asking(shop)
    await asking("POST", "/v1/client-tokens", 200, {"amount": "1.00", "currency": "USD"})
    order = await shop.order(CHALLENGE, capture=False, metadata={"a": "b"})
    payment = await asking("POST", "/v1/payments", 202, order)
    name = {"payment_id": payment["id"]}
    await asking("POST", PAYMENT + "/confirm", 202, None, **name)
    await asking("GET", PAYMENT, 200, **name)
    await shop.decide(payment, "approve")
    await asking("POST", PAYMENT + "/confirm", 200, None, **name)
    await asking("POST", PAYMENT + "/capture", 422, {"amount": "10.01"}, **name)
    await asking("POST", PAYMENT + "/capture", 200, {"amount": "4.00"}, **name)
    await asking("POST", PAYMENT + "/cancel", 200, None, **name)
    await asking("POST", PAYMENT + "/cancel", 409, None, **name)
    await asking("POST", "/v1/payments", 402, await shop.order("4000000000000002"))
    await asking("POST", "/v1/payments", 409, order | {"capture": True})
    await asking("POST", "/v1/payments", 422, order | {"currency": "KWD"})
    await asking("GET", "/v1/payments", 200)


async def test_refunds(shop: Shop) -> None:
    asking, name = Asking(shop), {"payment_id": (await shop.paid())["id"]}
    body = {"amount": "4.00", "reference": new_id("REFUND"), "reason": "returned"}
    refund = await asking("POST", PAYMENT + "/refund", 200, body, **name)
    await asking("POST", PAYMENT + "/refund", 409, body | {"amount": "5.00"}, **name)
    await asking("GET", PAYMENT + "/refunds", 200, **name)
    await asking("GET", "/v1/refunds/{refund_id}", 200, refund_id=refund["id"])
    await asking("GET", "/v1/refunds/{refund_id}", 404, refund_id="re_" + "0" * 26)


async def test_customers(shop: Shop) -> None:
    asking = Asking(shop)
    customer = await asking("POST", "/v1/customers", 200, {"reference": new_id()})
    name = {"customer_id": customer["id"]}
    await shop.paid(customerId=customer["id"], saveMethod=True)
    await asking("GET", CUSTOMER, 200, **name)
    (saved,) = (await asking("GET", CUSTOMER + "/methods", 200, **name))["methods"]
    method = CUSTOMER + "/methods/{token}"
    await asking("DELETE", method, 200, token=saved["paymentMethodToken"], **name)
    await asking("DELETE", CUSTOMER, 200, **name)
    await asking("DELETE", CUSTOMER, 404, **name)


async def test_webhooks(shop: Shop, acquirer: Acquirer) -> None:
    raw = acquirer.event(await shop.paid())
    for headers, status in ((acquirer.signed(raw), 200), ({}, 415)):
        response = await shop.partner.fetch(
            "POST", "/v1/providers/NORTH/webhooks", content=raw, headers=headers
        )
        assert response.status_code == status
        hold_against_the_document("POST", "/v1/providers/{provider_id}/webhooks", response)
