"""A gateway that nobody else uses: what is counted is what the test did."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Final

import pytest
from temporalio.client import Client

from tests.api.shop import Acquirer, Shop
from tests.api.till import SandboxRail
from tests.costs.statements import Statements
from tests.evidence import Evidence
from tests.patience import until
from tests.running_gateway import PartnerClient, RunningGateway, running_gateway

# An event that we may know already is looked at again after a second.
SILENCE_S: Final = 1.5


@pytest.fixture(scope="package")
def gateway() -> Iterator[RunningGateway]:
    # Nor does it carry events to partners: that asks the record ten times a second for news.
    with running_gateway("--together", QUITTANCE_WORK="counter,batches") as started:
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


@pytest.fixture(scope="package")
def north(gateway: RunningGateway) -> Acquirer:
    """The acquirer that every payment goes to first."""
    return Acquirer(gateway, "NORTH")


@pytest.fixture(scope="package")
def silent(north: Acquirer, gateway: RunningGateway) -> None:
    """Nobody tells us what we just heard, so that nothing but the story is counted."""
    north.tell("ordinary", webhooks=False)
    SandboxRail(gateway).tell("ordinary", webhooks=False)


@pytest.fixture(scope="package")
async def engine(gateway: RunningGateway) -> Client:
    return await Client.connect(gateway.told["temporalAddress"])


@pytest.fixture(scope="package")
async def quiet(gateway: RunningGateway, silent: None) -> Statements:
    """Counting begins when nothing of the start is still told."""
    counting = Statements(gateway)

    async def is_quiet() -> bool:
        before = await counting.counted()
        await asyncio.sleep(SILENCE_S)
        return await counting.counted() == before

    await until(is_quiet, 60, "somebody is still asking the database")
    return counting
