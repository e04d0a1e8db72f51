"""An operator at the console, in a real browser: sees why a partner's webhooks fail, and sends them
again once the partner is well.
"""

import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.api.hooks import Hooks
from tests.api.shop import Shop
from tests.browser import PATIENCE_MS, visiting
from tests.evidence import Evidence
from tests.patience import until


@pytest.fixture
async def page(chromium: Browser) -> AsyncIterator[Page]:
    """Whatever the browser objects to, such as what the page's own policy forbids, is a failure."""
    objections: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            objections.append(message.text)

    async with visiting(chromium) as context:
        page = await context.new_page()
        page.on("console", heard)
        yield page
    assert objections == []


async def loaded_until(page: Page, there: Locator) -> None:
    async def seen() -> bool:
        # Not reload(): under way from the page before, a busy browser has nothing to load again.
        await page.goto(page.url)
        return await there.count() > 0

    await until(seen, PATIENCE_MS / 1_000, f"the page never has {there}")


async def fits(page: Page) -> None:
    """Nothing of the page has to be looked for at its right, not on a phone either."""
    # What is there already may still be without its style.
    await page.wait_for_load_state("load")
    whole = page.viewport_size
    for width in (1280, 390):
        await page.set_viewport_size({"width": width, "height": 800})
        beyond = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert await page.evaluate(beyond) == 0, (page.url, width)
    assert whole is not None
    await page.set_viewport_size(whole)


async def test_an_operator_sees_why_webhooks_fail_and_replays_them(
    page: Page, shop: Shop, evidence: Evidence
) -> None:
    gateway, hooks = shop.gateway, Hooks(shop.partner, evidence)
    name = f"console-{uuid4().hex[:8]}"
    gateway.sandbox("POST", f"/control/receivers/{name}", {"behaviour": "error", "status": 500})
    endpoint = await hooks.added(
        url=f"{gateway.told['receiver']}/hooks/{name}", types=["payment.captured"]
    )
    event = (await hooks.do("test", endpoint)).data["eventId"]

    await open_endpoint(page, gateway.told["operator"], endpoint)
    row = page.get_by_role("row").filter(has_text=event)
    await loaded_until(page, row.filter(has_text="HTTP 500"))
    await expect(page.get_by_role("heading", level=1)).to_contain_text("failing")
    await expect(row).to_contain_text("webhook_endpoint.test")
    await expect(row).to_contain_text(re.compile(r"\d ms"))
    await fits(page)

    await row.get_by_role("link", name=event).click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("pending")
    await expect(page.get_by_text(re.compile(r"next try \(\d of 10\)"))).to_be_visible()
    answered = page.locator("ol.tries > li").last
    await expect(answered).to_contain_text(re.compile(r"HTTP 500\s+after \d+ ms"))
    await expect(answered.locator("pre")).to_have_text('{"error":"ERROR"}')
    await fits(page)

    # While it is pending, its next try comes by itself; disabled, it is given up.
    await page.get_by_role("link", name=endpoint["id"]).click()
    await page.get_by_role("link", name="Disable…").click()
    await page.get_by_role("button", name="Disable").click()
    await expect(page.get_by_role("status")).to_contain_text("Disabled")
    await expect(row).to_contain_text("canceled")
    gateway.sandbox("DELETE", f"/control/receivers/{name}")
    await page.get_by_role("button", name="Enable").click()
    await expect(page.get_by_role("status")).to_contain_text("Enabled")

    await page.get_by_role("link", name="Replay all failures…").click()
    await expect(page.get_by_text("1 delivery is sent again")).to_be_visible()
    await page.get_by_role("button", name="Replay").click()
    await expect(page.get_by_role("status")).to_have_text("1 delivery is on the way again.")
    again = row.filter(has_text="round 2")
    await loaded_until(page, again.filter(has_text="delivered"))
    await again.get_by_role("link", name=event).click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("delivered")
    await expect(page.locator("section.round").first).to_contain_text("HTTP 200")

    await page.get_by_role("button", name="Replay").click()
    await loaded_until(page, page.get_by_role("heading", name="Round 3 delivered"))
    came = gateway.sandbox("GET", f"/receiver/{name}/deliveries")["deliveries"]
    assert [event_of(each) for each in came][-2:] == [event, event]


async def open_endpoint(page: Page, operator: str, endpoint: dict[str, Any]) -> None:
    await page.goto(operator)
    await page.get_by_role("combobox", name="Partner").fill("partner_1")
    await page.get_by_role("button", name="Show").click()
    await page.wait_for_url("**partner=partner_1**")
    await fits(page)
    await page.get_by_role("link", name=endpoint["id"]).click()


def event_of(delivery: dict[str, Any]) -> str:
    headers = {name.lower(): value for name, value in delivery["headers"].items()}
    return str(headers["webhook-id"])
