"""Customers with a real browser at their bank: there, back again, and everything on the way."""

import re
from typing import Any

import pytest
from playwright.async_api import BrowserContext, Page, expect
from quittance import verify_webhook

from tests.api.shop import Shop
from tests.card_audit import CardAudit
from tests.card_cases import Case
from tests.e2e.shop_front import ShopFront
from tests.patience import until
from tests.running_gateway import new_id

AT_THE_BANK = re.compile("/bank/")
BACK = re.compile("/back")


async def choosing(page: Page, front: ShopFront) -> str:
    """The order, once the customer sees the list of banks."""
    order, address = front.checkout()
    await page.goto(address)
    await page.get_by_role("button", name="Pay at my bank").click()
    await page.wait_for_url(AT_THE_BANK)
    return order


async def choose(page: Page, bank: str) -> None:
    await page.get_by_role("radio", name=bank).check()
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_role("heading", name="Pay from your account")).to_be_visible()


async def at_the_bank(page: Page, front: ShopFront) -> str:
    """The order, once the customer sees the bank's own page."""
    order = await choosing(page, front)
    await choose(page, "Sunny Bank")
    return order


async def press(page: Page, button: str) -> str:
    """At the bank; what the shop says when the browser is back."""
    await page.get_by_role("button", name=button).click()
    await page.wait_for_url(BACK)
    return await said(page)


async def said(page: Page) -> str:
    status = page.get_by_role("status")
    await expect(status).to_have_text(re.compile("^Payment "))
    return (await status.inner_text()).removeprefix("Payment ")


def is_paid_once(case: Case) -> bool:
    return [(each.kind, each.amount_minor) for each in case.effects] == [
        *(("authorize", 1000), ("capture", 1000)),
    ]


async def test_a_customer_chooses_a_bank_and_pays_and_the_shop_is_told(
    page: Page, front: ShopFront, shop: Shop, audit: CardAudit
) -> None:
    name = new_id("hook").lower()
    hook = {"url": f"{shop.gateway.told['receiver']}/hooks/{name}"}
    endpoint = (await shop.partner.post("/v1/webhook-endpoints", hook)).data

    order = await at_the_bank(page, front)
    method = {"type": "bank_redirect", "country": "GB", "bank": None}
    assert front.payments[order]["paymentMethod"] == method
    assert await press(page, "Approve") == "captured"

    assert is_paid_once(await audit.fits(front.payments[order]))
    told = await delivered(shop, name, "payment.captured", front.payments[order])
    event = verify_webhook(told["body"].encode(), told["headers"], endpoint["secret"])
    assert event.data["amountCaptured"] == "10.00"
    path = f"/v1/webhook-endpoints/{endpoint['id']}"
    assert (await shop.delete(path)).http_status == 200


async def delivered(shop: Shop, name: str, kind: str, payment: dict[str, Any]) -> dict[str, Any]:
    """The first webhook of this type about a payment, as it came."""

    async def there() -> dict[str, Any] | None:
        came = shop.gateway.sandbox("GET", f"/receiver/{name}/deliveries")["deliveries"]
        named = f'"type":"{kind}"', payment["id"]
        return next((each for each in came if all(word in each["body"] for word in named)), None)

    return await until(there, 20, f"no {kind} of {payment['id']} comes")


@pytest.mark.parametrize(("button", "code"), [("Refuse", "P2020"), ("Not enough money", "P2001")])
async def test_a_customer_does_not_pay(
    page: Page, front: ShopFront, audit: CardAudit, button: str, code: str
) -> None:
    order = await at_the_bank(page, front)

    assert await press(page, button) == "failed"

    assert front.payments[order]["declineCode"] == code
    assert (await audit.fits(front.payments[order])).effects == []


async def test_a_customer_walks_away_and_pays_after_all(
    page: Page, front: ShopFront, audit: CardAudit
) -> None:
    """From the list first, then from the bank's own page."""
    order = await choosing(page, front)
    for at in ("the list", "the bank"):
        await page.get_by_role("link", name="Back to the shop without deciding").click()
        assert await said(page) == "requires_action", at
        await page.get_by_role("link", name="Go on with it").click()
        if at == "the list":
            await choose(page, "Sunny Bank")

    assert await press(page, "Approve") == "captured"

    assert is_paid_once(await audit.fits(front.payments[order]))


async def test_a_customer_comes_back_twice(page: Page, front: ShopFront, audit: CardAudit) -> None:
    """With the reload button, and by the back button to the bank, which takes no second answer."""
    order = await at_the_bank(page, front)
    assert await press(page, "Approve") == "captured"

    await page.reload()
    assert await said(page) == "captured"
    await page.go_back()
    await expect(page.get_by_role("status")).to_have_text("You have confirmed this payment.")
    await page.get_by_role("link", name="Back to the shop").click()

    assert await said(page) == "captured"
    assert is_paid_once(await audit.fits(front.payments[order]))


async def test_an_impatient_customer_clicks_twice(
    page: Page, front: ShopFront, audit: CardAudit
) -> None:
    order = await at_the_bank(page, front)

    await page.get_by_role("button", name="Approve").dblclick(no_wait_after=True)

    await page.wait_for_url(BACK)
    assert await said(page) == "captured"
    assert is_paid_once(await audit.fits(front.payments[order]))


async def test_two_tabs_of_one_customer_disagree(
    customers: BrowserContext, page: Page, front: ShopFront, audit: CardAudit
) -> None:
    """One order is one payment, and the first answer counts, whatever the other tab still shows."""
    order = await choosing(page, front)
    other = await customers.new_page()
    await other.goto(front.at_checkout(order))
    await other.get_by_role("button", name="Pay at my bank").click()
    await other.wait_for_url(page.url)
    await choose(page, "Sunny Bank")
    await choose(other, "Rainy Bank")
    await expect(other.get_by_text("Sunny Bank")).to_be_visible()

    assert await press(page, "Approve") == "captured"

    assert await press(other, "Refuse") == "captured"
    assert is_paid_once(await audit.fits(front.payments[order]))
    await other.close()


async def test_an_address_that_says_captured_is_not_believed(
    page: Page, front: ShopFront, audit: CardAudit
) -> None:
    order = await at_the_bank(page, front)
    payment = front.payments[order]

    await page.goto(front.back(order, payment=f"{payment['id']}-1", state="CAPTURED"))

    assert await said(page) == "requires_action"
    assert (await audit.case(payment)).effects == []
    await page.get_by_role("link", name="Go on with it").click()
    assert await press(page, "Refuse") == "failed"
    await audit.fits(payment)
