"""Customers with a real browser who are shown a code, and pay it with the sandbox's app."""

import re

from playwright.async_api import Page, expect

from tests.api.shop import Acquirer, Shop
from tests.card_audit import CardAudit
from tests.e2e.shop_front import ShopFront

IN_THE_APP = re.compile("/code/")
BACK = re.compile("/back")


async def shown(page: Page, front: ShopFront) -> str:
    """The order, once the customer sees its code."""
    order, address = front.checkout()
    await page.goto(address)
    await page.get_by_role("button", name="Pay by code").click()
    picture = page.get_by_role("img", name="Scan me")
    await expect(picture).to_be_visible()
    # The browser could draw it.
    assert await picture.evaluate("image => image.complete && image.naturalWidth > 50")
    return order


async def in_the_app(page: Page, front: ShopFront) -> str:
    order = await shown(page, front)
    await page.get_by_role("link", name="Open my app").click()
    await page.wait_for_url(IN_THE_APP)
    await expect(page.get_by_role("status")).to_have_text("Not paid yet.")
    return order


async def test_a_customer_on_a_telephone_opens_the_app_and_pays(
    page: Page, front: ShopFront, shop: Shop, audit: CardAudit
) -> None:
    order = await in_the_app(page, front)

    await page.get_by_role("button", name="Pay 10.00 BRL").click()

    await expect(page.get_by_role("status")).to_contain_text("This is paid.")
    await shop.until_status(front.payments[order], "captured")
    await page.get_by_role("link", name="Back to the shop").click()
    await page.wait_for_url(BACK)
    await expect(page.get_by_role("status")).to_have_text("Payment captured")
    await audit.fits(front.payments[order])


async def test_a_customer_pastes_the_code_into_the_app(
    page: Page, front: ShopFront, shop: Shop, audit: CardAudit
) -> None:
    order = await shown(page, front)
    code = await page.get_by_label("Or copy me").input_value()

    await page.goto(f"{shop.gateway.told['acquirer']}/app")
    await page.get_by_label("Code").fill(code[:-1])
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_role("status")).to_contain_text("no code that can be paid here")
    await page.get_by_label("Code").fill(code)
    await page.get_by_role("button", name="Go on").click()
    await page.wait_for_url(IN_THE_APP)
    await page.get_by_role("button", name="Pay 10.00 BRL").click()

    await shop.until_status(front.payments[order], "captured")
    await audit.fits(front.payments[order])


async def test_a_customer_mistypes_the_amount_then_pays_right_and_once_more(
    page: Page, front: ShopFront, shop: Shop
) -> None:
    order = await in_the_app(page, front)
    payment = front.payments[order]

    await page.get_by_label("Another amount").fill("1.00")
    await page.get_by_role("button", name="Pay another amount").click()
    await expect(page.get_by_role("listitem")).to_have_count(1)
    await expect(page.get_by_role("status")).to_have_text("Not paid yet.")
    for count in (2, 3):
        await page.get_by_role("button", name="Pay 10.00 BRL").click()
        await expect(page.get_by_role("listitem")).to_have_count(count)

    await shop.until_status(payment, "captured")
    assert sorted(await reasons(shop, payment["id"], 2)) == ["amount", "double"]


async def test_a_customer_pays_after_the_time_is_over(
    page: Page, front: ShopFront, shop: Shop, north: Acquirer
) -> None:
    order = await in_the_app(page, front)
    payment = front.payments[order]
    north.ends(payment)
    await shop.until_status(payment, "expired")

    await page.reload()
    await expect(page.get_by_role("status")).to_contain_text("The time for this is over.")
    await page.get_by_role("button", name="Pay 10.00 BRL").click()

    assert await reasons(shop, payment["id"], 1) == ["late"]
    assert (await shop.show(payment))["status"] == "expired"


async def reasons(shop: Shop, payment_id: str, count: int) -> list[str]:
    """Of the payment's cases, once there are as many."""
    found: list[str] = []

    async def there() -> bool:
        answer = await shop.partner.get("/v1/cases", paymentId=payment_id)
        found[:] = [case["reason"] for case in answer.data["cases"]]
        return len(found) == count

    await shop.until(there, f"there are not {count} cases of {payment_id}")
    return found
