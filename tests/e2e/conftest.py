"""What every story of this folder needs: evidence, and a look at all the books after each; and for
those about cards a shop, the acquirers behind it, and an audit.
"""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.api.shop import Acquirer, Shop
from tests.card_audit import CardAudit
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
