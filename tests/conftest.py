"""The whole gateway, started once for all tests that ask for it, and two partners who use it."""

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from typing import Any, Final

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # no type hints

from tests.event_data import misfits_in
from tests.running_gateway import PartnerClient, RunningGateway, running_gateway

# Of these folders some stories take minutes. Told first, they leave nobody waiting at the end.
_FIRST: Final = ("faults", "costs", "e2e", "stack", "workflows", "contracts", "sandbox", "api")
# These folders have a gateway of their own, which takes as long to start as fifty tests to run.
_TOGETHER: Final = ("tests/faults", "tests/costs")


class OneProcessForAGateway(LoadFileScheduling):  # type: ignore[misc]  # xdist publishes no hints
    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return next((each for each in _TOGETHER if file.startswith(each)), file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> OneProcessForAGateway:
    return OneProcessForAGateway(config, log)


def pytest_configure() -> None:
    # What is made now lives to the end: there is nothing in it to be found a hundred times over.
    gc.disable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_place)


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


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
