"""What every story of this folder needs: evidence, and a look at all the books after each; and for
those about cards a shop, the acquirers behind it, and an audit; for customers a browser.
"""

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page

from tests.api.shop import Acquirer, Shop
from tests.api.till import Till
from tests.browser import started_browser, visiting
from tests.card_audit import CardAudit
from tests.e2e.shop_front import ShopFront
from tests.evidence import Evidence
from tests.running_gateway import PartnerClient, RunningGateway


@pytest.fixture(scope="session")
async def evidence(gateway: RunningGateway) -> AsyncIterator[Evidence]:
    evidence = Evidence(gateway)
    yield evidence
    await evidence.close()


@pytest.fixture(autouse=True)
async def books_balance(request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Other tests use this gateway too, so their payments may still be under way."""
    yield
    if "evidence" in request.fixturenames:
        await request.getfixturevalue("evidence").nothing_is_doubled()


@pytest.fixture(scope="session")
async def shop(gateway: RunningGateway) -> AsyncIterator[Shop]:
    """A shop of the first partner's, with a client of its own: its tokens are for payments."""
    shop = Shop(gateway, PartnerClient(gateway.api, gateway.partner(0)))
    yield shop
    await shop.close()


@pytest.fixture(scope="session")
async def till(gateway: RunningGateway, shop: Shop) -> AsyncIterator[Till]:
    """The shop's own money, and where it goes."""
    till = Till(gateway, shop, PartnerClient(gateway.api, shop.partner.key))
    await till.earn("100.00")
    yield till
    await till.partner.close()


@pytest.fixture(scope="session")
def audit(evidence: Evidence) -> CardAudit:
    return CardAudit(evidence)


@pytest.fixture
def north(gateway: RunningGateway) -> Iterator[Acquirer]:
    """The acquirer that every payment goes to first; ordinary again after the test."""
    acquirer = Acquirer(gateway, "NORTH")
    yield acquirer
    acquirer.forget()


@pytest.fixture
def south(gateway: RunningGateway) -> Iterator[Acquirer]:
    """The one behind it."""
    acquirer = Acquirer(gateway, "SOUTH")
    yield acquirer
    acquirer.forget()


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    async with started_browser() as browser:
        yield browser


@pytest.fixture(scope="module")
async def customers(chromium: Browser) -> AsyncIterator[BrowserContext]:
    async with visiting(chromium) as context:
        # As long as one page is open its window is: another for each test costs as much as a visit.
        await context.new_page()
        yield context


@pytest.fixture
async def page(customers: BrowserContext) -> AsyncIterator[Page]:
    page = await customers.new_page()
    yield page
    await page.close()


@pytest.fixture(scope="module")
async def front(shop: Shop) -> AsyncIterator[ShopFront]:
    front = ShopFront(shop)
    async with front.serving:
        yield front
