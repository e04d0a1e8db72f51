"""A gateway of its own for all faults, with impatient settings; and books that balance after each.

Its time-outs are short, so that what takes a biller's time-out does not take a test's patience. A
second door to it gives locks of three seconds, for the stories about expiry, and answers after one.
"""

from collections.abc import AsyncIterator, Iterator

import pytest

from tests.evidence import Evidence
from tests.running_gateway import PartnerClient, RunningGateway, running_gateway
from tests.side_door import SideDoor

BILLERS = ("DESCO", "TOKYOGAS", "BAHWATER")


@pytest.fixture(scope="package")
def gateway() -> Iterator[RunningGateway]:
    with running_gateway(
        "--together",
        QUITTANCE_BILLER_TIMEOUT_S="1.5",
        QUITTANCE_PROVIDER_TIMEOUT_S="1.5",
        QUITTANCE_PROVIDER_QUICK_TIMEOUT_S="1.5",
    ) as started:
        yield started


@pytest.fixture(scope="package")
async def partner(gateway: RunningGateway) -> AsyncIterator[PartnerClient]:
    client = PartnerClient(gateway.api, gateway.partner(0))
    yield client
    await client.close()


@pytest.fixture(scope="package")
async def other_partner(gateway: RunningGateway) -> AsyncIterator[PartnerClient]:
    client = PartnerClient(gateway.api, gateway.partner(1))
    yield client
    await client.close()


@pytest.fixture(scope="package")
def short_locks(gateway: RunningGateway) -> Iterator[SideDoor]:
    door = SideDoor(gateway, QUITTANCE_LOCK_TTL_S="3", QUITTANCE_PAY_WAIT_S="1")
    try:
        yield door
    finally:
        door.stop()


@pytest.fixture(scope="package")
async def hasty(gateway: RunningGateway, short_locks: SideDoor) -> AsyncIterator[PartnerClient]:
    """The first partner at the door with the short locks."""
    client = PartnerClient(short_locks.api, gateway.partner(0))
    yield client
    await client.close()


@pytest.fixture(scope="package")
async def rival(gateway: RunningGateway, short_locks: SideDoor) -> AsyncIterator[PartnerClient]:
    """The second partner at the same door."""
    client = PartnerClient(short_locks.api, gateway.partner(1))
    yield client
    await client.close()


@pytest.fixture(scope="package")
async def evidence(gateway: RunningGateway) -> AsyncIterator[Evidence]:
    evidence = Evidence(gateway)
    yield evidence
    await evidence.close()


@pytest.fixture(autouse=True)
async def books_balance(gateway: RunningGateway, evidence: Evidence) -> AsyncIterator[None]:
    """After every story the billers behave, and the whole ledger is what they have booked."""
    yield
    for biller in BILLERS:
        gateway.sandbox("DELETE", f"/control/billers/{biller}")
    await evidence.books_balance()
