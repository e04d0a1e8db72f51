"""The whole gateway, started once for all tests that ask for it, and two partners who use it."""

import asyncio
import gc
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from math import inf
from typing import Any, Final

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # no type hints

from tests.event_data import misfits_in
from tests.running_gateway import PartnerClient, RunningGateway, running_gateway

# Of these folders some stories take minutes. Told first, they leave nobody waiting at the end.
_FIRST: Final = ("faults", "costs", "e2e", "api", "stack", "workflows", "contracts", "sandbox")
# These folders have a gateway of their own, which takes as long to start as fifty tests to run.
_TOGETHER: Final = ("tests/faults", "tests/costs")
# What the tests of a folder stand on, and each process starts once: the one gateway, the engine of
# the workflows, a PostgreSQL server and the providers, or one thing after the other.
_STANDS_ON: Final = {
    **{folder: folder for folder in (*_TOGETHER, "tests/stack")},
    **dict.fromkeys(("tests/e2e", "tests/api", "tests/partner"), "gateway"),
    **dict.fromkeys(("tests/workflows", "tests/replay"), "engine"),
    "tests/contracts": "servers",
}
# So many files need longer than it takes to start their servers once more.
_WORTH_A_START: Final = 10
# With one process at work on what stands on servers another may help, and then comes the rest.
_AFTER_ONE_HELPER: Final = 1.5


class FewProcessesForEachServer(LoadFileScheduling):  # type: ignore[misc]  # no type hints
    """A process goes on with what it has started the servers for, or with what nobody has; then it
    starts the same servers once more, where that is worth it. What needs none is kept for the end,
    where it leaves nobody alone with the rest.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return next((each for each in _TOGETHER if file.startswith(each)), file)

    def _assign_work_unit(self, node: Any) -> None:
        places = self._places(node)
        following = min(self.workqueue, key=lambda file: places[_stands_on(file)])
        if places[_stands_on(following)] == inf:
            node.shutdown()
            return
        self.workqueue.move_to_end(following, last=False)
        super()._assign_work_unit(node)

    def _places(self, node: Any) -> dict[str, float]:
        """In which order this process takes what waits, by what it stands on."""
        started = {each: self._started(each) for each in self.assigned_work}
        places: dict[str, float] = {}
        for servers, files in Counter(map(_stands_on, self.workqueue)).items():
            others = sum(servers in started[each] for each in started if each is not node)
            if not servers:
                places[servers] = _AFTER_ONE_HELPER
            elif servers in started[node]:
                places[servers] = -1
            else:
                places[servers] = others if files >= others * _WORTH_A_START else inf
        return places

    def _started(self, node: Any) -> set[str]:
        return {_stands_on(file) for file in self.assigned_work[node]}


def _stands_on(file: str) -> str:
    return next((what for folder, what in _STANDS_ON.items() if file.startswith(folder)), "")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> FewProcessesForEachServer:
    return FewProcessesForEachServer(config, log)


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
    with running_gateway("--together") as started:
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
