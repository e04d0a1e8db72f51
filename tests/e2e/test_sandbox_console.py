"""The sandbox's console in a real browser: its buttons move the pretend world, and we follow."""

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.api.shop import Acquirer, Shop
from tests.api.till import Till
from tests.browser import visiting
from tests.card_audit import CardAudit


@pytest.fixture(scope="module")
async def console(shop: Shop, chromium: Browser) -> AsyncIterator[Page]:
    async with visiting(chromium) as context:
        page = await context.new_page()
        await page.goto(shop.gateway.told["sandbox"])
        await expect(page.locator("#acquirer-setting")).to_contain_text("ordinary")
        yield page


async def row_of(console: Page, table: str, payment: dict[str, Any]) -> Locator:
    await console.get_by_role("button", name="Refresh").click()
    row = console.locator(f"#{table} tr").filter(has_text=f"{payment['id']}-1").first
    await expect(row).to_be_visible()
    return row


async def test_an_acquirer_is_told_to_refuse(
    console: Page, shop: Shop, north: Acquirer, audit: CardAudit
) -> None:
    await console.locator("#acquirer-behaviour").select_option("refuse")
    await console.locator("#acquirer-form").get_by_role("button", name="Tell").click()
    await expect(console.locator("#acquirer-setting")).to_contain_text('"refuse"')

    payment = await shop.paid()

    case = await audit.fits(payment)
    assert [each["provider"] for each in case.attempts] == ["NORTH", "SOUTH"]
    await console.locator("#acquirer-reset").click()
    await expect(console.locator("#acquirer-setting")).to_contain_text('"ordinary"')
    assert len((await audit.fits(await shop.paid())).attempts) == 1


async def test_a_webhook_is_sent_three_times_more(
    console: Page, shop: Shop, audit: CardAudit
) -> None:
    payment = await shop.paid()
    before = await audit.fits(payment)

    row = await row_of(console, "events", payment)
    await row.get_by_role("button", name="Duplicate").click()

    await expect(console.locator("#said")).to_have_text(re.compile("^Duplicate .*: 200, 200, 200$"))
    assert (await audit.fits(payment)).events == before.events


async def test_a_webhook_is_forged(console: Page, shop: Shop, audit: CardAudit) -> None:
    payment = await shop.paid()

    row = await row_of(console, "events", payment)
    await row.get_by_label("How it is forged").select_option("signature")
    await row.get_by_role("button", name="Forge").click()

    await expect(console.locator("#said")).to_have_text(re.compile("^Forge .*: 401$"))
    await audit.fits(payment)


async def test_somebody_at_the_acquirer_gives_a_reservation_up(
    console: Page, shop: Shop, audit: CardAudit
) -> None:
    payment = await shop.paid(capture=False)

    row = await row_of(console, "payments", payment)
    await row.get_by_label("New state").select_option("VOIDED")
    await row.get_by_role("button", name="Change").click()

    await expect(console.locator("#said")).to_contain_text("VOIDED")
    case = await audit.ends(payment, "expired")
    assert case.payment["held_minor"] == 0


async def test_a_receiver_is_told_to_be_gone_and_shows_what_came(console: Page, shop: Shop) -> None:
    name, url = f"console-{uuid4().hex[:8]}", shop.gateway.told["receiver"]
    form = console.locator("#receiver-form")
    await console.locator("#receiver").fill(name)
    await console.locator("#receiver-behaviour").select_option("gone")
    await console.locator("#receiver-times").fill("1")
    await form.get_by_role("button", name="Tell").click()
    await expect(console.locator("#receiver-setting")).to_contain_text('"gone"')

    async with httpx2.AsyncClient(base_url=url, verify=False) as sender:
        statuses = [
            (await sender.post(f"/hooks/{name}", json={"word": f"{number}th"})).status_code
            for number in range(2)
        ]

    assert statuses == [410, 200]
    await form.get_by_role("button", name="Read").click()
    await expect(console.locator("#came")).to_contain_text("1th")
    await form.get_by_role("button", name="Forget").click()
    await expect(console.locator("#came")).to_have_text("[]")
    await form.get_by_role("button", name="Reset").click()
    await expect(console.locator("#receiver-setting")).to_contain_text('"ordinary"')


async def test_a_hand_moves_a_payout_at_its_rail(console: Page, till: Till) -> None:
    payout = await till.becomes(await till.pay("04"), "sent")
    await console.locator("#rail-refresh").click()
    row = console.locator("#transfers tr").filter(has_text=payout["id"])
    await expect(row).to_be_visible()

    await row.get_by_role("button", name="paid").click()

    await till.becomes(payout, "paid")
    await expect(console.locator("#statement")).to_contain_text("USD out")
