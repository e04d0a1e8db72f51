"""A gateway that nobody else uses: what is counted is what the test did."""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.api.shop import Acquirer, Shop
from tests.evidence import Evidence
from tests.running_gateway import PartnerClient, RunningGateway, running_gateway


@pytest.fixture(scope="package")
def gateway() -> Iterator[RunningGateway]:
    # Nor does it carry events to partners: that asks the record ten times a second for news.
    with running_gateway(QUITTANCE_WEBHOOKS="false") as started:
        yield started


@pytest.fixture(scope="package")
async def partner(gateway: RunningGateway) -> AsyncIterator[PartnerClient]:
    client = PartnerClient(gateway.api, gateway.partner(0))
    yield client
    await client.close()


@pytest.fixture(scope="package")
async def evidence(gateway: RunningGateway) -> AsyncIterator[Evidence]:
    evidence = Evidence(gateway)
    yield evidence
    await evidence.close()


@pytest.fixture(scope="package")
async def shop(gateway: RunningGateway) -> AsyncIterator[Shop]:
    shop = Shop(gateway, PartnerClient(gateway.api, gateway.partner(0)))
    yield shop
    await shop.close()


@pytest.fixture
def north(gateway: RunningGateway) -> Acquirer:
    """The acquirer that every payment goes to first."""
    return Acquirer(gateway, "NORTH")
