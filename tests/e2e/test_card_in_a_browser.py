"""Customers with a real browser: the hosted card fields in a shop's page, and the issuer's page."""

import re

from playwright.async_api import Page, expect

from tests.api.shop import CHALLENGE, VISA, Acquirer
from tests.card_audit import CardAudit
from tests.e2e.shop_front import ShopFront

AT_THE_ISSUER = re.compile("/challenge/")
BACK = re.compile("/back")


async def type_card(page: Page, number: str) -> None:
    fields = page.frame_locator("iframe[title='Card details']")
    await fields.get_by_label("Card number").fill(number)
    await fields.get_by_label("Expiry (MM/YY)").fill("12/34")
    await fields.get_by_label("Security code").fill("123")
    await fields.get_by_role("button", name="Use this card").click()


async def at_the_issuer(page: Page, front: ShopFront, number: str = CHALLENGE) -> str:
    """The order, once the customer has typed a card and sees the issuer's page."""
    order, address = front.checkout()
    await page.goto(address)
    await type_card(page, number)
    await page.wait_for_url(AT_THE_ISSUER)
    return order


async def said(page: Page) -> str:
    status = page.get_by_role("status")
    await expect(status).to_have_text(re.compile("^Payment "))
    return (await status.inner_text()).removeprefix("Payment ")


async def test_a_customer_pays(page: Page, front: ShopFront, audit: CardAudit) -> None:
    order, address = front.checkout()
    await page.goto(address)

    await type_card(page, VISA)

    assert await said(page) == "captured"
    case = await audit.fits(front.payments[order])
    assert case.payment["captured_minor"] == 1000
    # The shop's own page never had the number.
    assert VISA not in await page.content()


async def test_a_typing_error_is_said_beside_the_field(page: Page, front: ShopFront) -> None:
    order, address = front.checkout()
    await page.goto(address)

    await type_card(page, "4242 4242 4242 4241")

    fields = page.frame_locator("iframe[title='Card details']")
    await expect(fields.get_by_role("alert")).to_contain_text("card number")
    assert order not in front.payments
    await fields.get_by_label("Card number").fill("4242 4242 4242 4242")
    await fields.get_by_role("button", name="Use this card").click()
    assert await said(page) == "captured"


async def test_a_customer_passes_the_challenge(
    page: Page, front: ShopFront, audit: CardAudit
) -> None:
    order = await at_the_issuer(page, front)
    assert front.payments[order]["status"] == "requires_action"

    await page.get_by_role("button", name="Approve").click()

    await page.wait_for_url(BACK)
    assert await said(page) == "captured"
    case = await audit.fits(front.payments[order])
    assert case.payment["captured_minor"] == 1000


async def test_a_customer_gives_up(page: Page, front: ShopFront, audit: CardAudit) -> None:
    order = await at_the_issuer(page, front)

    await page.get_by_role("button", name="Cancel").click()

    await page.wait_for_url(BACK)
    assert await said(page) == "failed"
    assert front.payments[order]["reason"] == "authentication_failed"
    assert (await audit.fits(front.payments[order])).booked("capture") == 0


async def test_a_customer_goes_away(
    page: Page, front: ShopFront, north: Acquirer, audit: CardAudit
) -> None:
    """With the back button, and then for good: the challenge's own time ends the payment."""
    north.tell(challengeLifeMs=4000)
    order = await at_the_issuer(page, front)

    await page.go_back()
    await expect(page.get_by_role("heading", name="Pay 10.00 USD")).to_be_visible()
    await page.close()

    case = await audit.ends(front.payments[order], "expired")
    assert case.booked("authorize") == 0


async def test_a_customer_comes_back_twice(page: Page, front: ShopFront, audit: CardAudit) -> None:
    order = await at_the_issuer(page, front)
    issuer = page.url
    await page.get_by_role("button", name="Approve").click()
    await page.wait_for_url(BACK)

    await page.reload()
    assert await said(page) == "captured"
    await page.goto(issuer)
    await expect(page.get_by_role("status")).to_have_text("You have confirmed this payment.")
    await page.get_by_role("link", name="Back to the shop").click()

    assert await said(page) == "captured"
    case = await audit.fits(front.payments[order])
    assert [effect.kind for effect in case.effects] == ["authorize", "capture"]


async def test_an_address_that_says_captured_is_not_believed(
    page: Page, front: ShopFront, audit: CardAudit
) -> None:
    order = await at_the_issuer(page, front)
    issuer, payment = page.url, front.payments[order]

    await page.goto(front.back(order, payment=f"{payment['id']}-1", state="CAPTURED"))

    assert await said(page) == "requires_action"
    assert (await audit.case(payment)).booked("capture") == 0
    await page.goto(issuer)
    await page.get_by_role("button", name="Fail").click()
    await page.wait_for_url(BACK)
    assert await said(page) == "failed"
    await audit.fits(payment)
