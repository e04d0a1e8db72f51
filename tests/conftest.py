"""The whole gateway, started once for all tests that ask for it, and two partners who use it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Final

import pytest

from tests.event_data import misfits_in
from tests.running_gateway import PartnerClient, RunningGateway, running_gateway

# Of these folders some stories take minutes. Told first, they leave nobody waiting at the end.
_FIRST: Final = ("faults", "costs", "e2e", "stack", "workflows", "contracts", "sandbox", "api")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)


def _place(item: pytest.Item) -> int:
    folders = item.path.parts
    return next((at for at, each in enumerate(_FIRST) if each in folders), len(_FIRST))


@pytest.fixture(scope="session")
def gateway() -> Iterator[RunningGateway]:
    """In the end every event that it wrote, for whatever test, must fit the catalogue."""
    with running_gateway() as started:
        yield started
        with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
            assert runner.run(misfits_in(started.database_url)) == []


@pytest.fixture(scope="session")
async def partner(gateway: RunningGateway) -> AsyncIterator[PartnerClient]:
    """A partner with every scope, who keeps its token."""
    client = PartnerClient(gateway.api, gateway.partner(0))
    yield client
    await client.close()


@pytest.fixture(scope="session")
async def other_partner(gateway: RunningGateway) -> AsyncIterator[PartnerClient]:
    """Another one, who must never notice the first."""
    client = PartnerClient(gateway.api, gateway.partner(1))
    yield client
    await client.close()
