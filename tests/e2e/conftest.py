"""What every story of this folder needs: evidence, and a look at all the books after each."""

from collections.abc import AsyncIterator

import pytest

from tests.evidence import Evidence
from tests.running_gateway import RunningGateway


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
