"""What every story of this folder needs: evidence, and books that balance after each of them."""

from collections.abc import AsyncIterator

import pytest

from tests.evidence import Evidence
from tests.running_gateway import RunningGateway


@pytest.fixture(scope="session")
async def evidence(gateway: RunningGateway) -> AsyncIterator[Evidence]:
    evidence = Evidence(gateway)
    yield evidence
    await evidence.close()
