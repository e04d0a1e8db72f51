"""The whole gateway, started once for all tests that ask for it, and two partners who use it."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.running_gateway import PartnerClient, RunningGateway


@pytest.fixture(scope="session")
def gateway() -> Iterator[RunningGateway]:
    # Not tmp_path: PostgreSQL runs as another user, and pytest closes its directories to others.
    with tempfile.TemporaryDirectory(prefix="qt-") as directory:
        gateway = RunningGateway(Path(directory) / "home")
        try:
            yield gateway
        finally:
            gateway.stop()


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
