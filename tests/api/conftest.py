"""What the tests of the partner API share; all of it stands on the one running gateway."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest

from payments.config import Settings
from payments.crypto import Vault
from payments.db.session import Database
from payments.keys import decode_secret
from tests.api.beside import ApiBeside
from tests.api.forge import Forge
from tests.api.held import HeldLocks
from tests.api.hooks import Hooks
from tests.api.office import Office, any_address
from tests.api.raw_http import LIVE, Question, ask, get, place, say
from tests.api.shop import Acquirer, Shop
from tests.api.till import SandboxRail, Till
from tests.evidence import Evidence
from tests.running_gateway import Answer, PartnerClient, RunningGateway, TestBill

Untouched = Callable[[TestBill], Awaitable[None]]
Misbehave = Callable[..., None]


@pytest.fixture(scope="session")
async def evidence(gateway: RunningGateway) -> AsyncIterator[Evidence]:
    evidence = Evidence(gateway)
    yield evidence
    await evidence.close()


@pytest.fixture(scope="session")
async def office(gateway: RunningGateway) -> AsyncIterator[Office]:
    settings = Settings.of(gateway.environment)
    database = Database(str(settings.database_url), pool_size=1)
    office = Office(gateway.api, database, Vault([decode_secret(e) for e in settings.secret_keys]))
    yield office
    await office.close()
    await database.close()


@pytest.fixture
async def guest(office: Office) -> PartnerClient:
    """A partner of one test's own."""
    return await office.guest()


@pytest.fixture(scope="session")
async def shop(gateway: RunningGateway, office: Office) -> AsyncIterator[Shop]:
    """A partner that takes cards."""
    shop = Shop(gateway, await office.guest())
    yield shop
    await shop.close()


@pytest.fixture(scope="session")
async def other_shop(gateway: RunningGateway, office: Office) -> AsyncIterator[Shop]:
    """Another one, who must never notice the first."""
    shop = Shop(gateway, await office.guest())
    yield shop
    await shop.close()


@pytest.fixture
async def office_shop(gateway: RunningGateway, guest: PartnerClient) -> AsyncIterator[Shop]:
    """A shop of one test's own."""
    shop = Shop(gateway, guest)
    yield shop
    await shop.close()


@pytest.fixture(scope="module")
async def till(gateway: RunningGateway, office: Office) -> AsyncIterator[Till]:
    """A shop's own money, and where it goes; of one file's own, so that nobody else moves it."""
    shop = Shop(gateway, await office.guest())
    till = Till(gateway, shop, office.client(shop.partner.key))
    await till.earn("20000.00")
    yield till
    await shop.close()


@pytest.fixture
async def other_till(gateway: RunningGateway, office: Office, office_shop: Shop) -> Till:
    """One of one test's own, with nothing in it."""
    return Till(gateway, office_shop, office.client(office_shop.partner.key))


@pytest.fixture
def rail(gateway: RunningGateway) -> Iterator[SandboxRail]:
    """The rail for bank accounts, ordinary again after the test."""
    rail = SandboxRail(gateway)
    yield rail
    rail.forget()


@pytest.fixture
async def hooks(guest: PartnerClient, evidence: Evidence) -> Hooks:
    """The webhook endpoints of one test's own partner."""
    return Hooks(guest, evidence)


@pytest.fixture
async def other_hooks(other_partner: PartnerClient, evidence: Evidence) -> Hooks:
    """Of another one, who must never notice the first."""
    return Hooks(other_partner, evidence)


@pytest.fixture
def acquirer(gateway: RunningGateway) -> Iterator[Acquirer]:
    """The first acquirer, ordinary again after the test."""
    acquirer = Acquirer(gateway)
    yield acquirer
    acquirer.forget()


@pytest.fixture(scope="session")
async def forge(gateway: RunningGateway, partner: PartnerClient) -> Forge:
    seeds = gateway.environment["QUITTANCE_TOKEN_KEYS"]
    return Forge(await partner.token(), seeds.split(",")[0])


@pytest.fixture(scope="session")
async def beside(gateway: RunningGateway) -> AsyncIterator[ApiBeside]:
    beside = await ApiBeside.start(gateway)
    yield beside
    await beside.stop()


@pytest.fixture(scope="session")
async def partner_beside(
    beside: ApiBeside, gateway: RunningGateway
) -> AsyncIterator[PartnerClient]:
    """The first partner, talking to the second process."""
    client = PartnerClient(beside.url, gateway.partner(0))
    yield client
    await client.close()


@pytest.fixture(scope="session")
async def shop_beside(
    gateway: RunningGateway, beside: ApiBeside, shop: Shop
) -> AsyncIterator[Shop]:
    """The shop at the second process, which waits only for a second."""
    client = PartnerClient(beside.url, shop.partner.key)
    beside_shop = Shop(gateway, client)
    await client.authorised()
    yield beside_shop
    await beside_shop.close()


@pytest.fixture
async def stranger(gateway: RunningGateway) -> AsyncIterator[PartnerClient]:
    """The first partner's key, used from an address that nothing is known of."""
    client = PartnerClient(gateway.api, gateway.partner(0), address=any_address())
    yield client
    await client.close()


@pytest.fixture(scope="module")
async def untouched(partner: PartnerClient, evidence: Evidence) -> AsyncIterator[Untouched]:
    """Nothing has moved, and nobody ever held the bill. Of the last one the valid twin is accepted:
    it was the request that was refused, and not whatever this partner asks.
    """
    checked: list[TestBill] = []

    async def check(bill: TestBill) -> None:
        await evidence.nothing_moved(bill)
        await evidence.never_locked(bill)
        checked.append(bill)

    yield check
    for bill in checked[-1:]:
        answer = await partner.lock(bill)
        assert answer.code == "P0000", answer


@pytest.fixture(scope="module")
async def held(partner: PartnerClient, evidence: Evidence) -> AsyncIterator[HeldLocks]:
    """Locks that survive every bad request of a file."""
    held = HeldLocks(partner, evidence)
    yield held
    await held.pay_all()


@pytest.fixture
def misbehave(gateway: RunningGateway) -> Iterator[Misbehave]:
    """Tell a biller of the sandbox how to behave until the end of the test."""
    told: set[str] = set()

    def tell(biller_id: str, behaviour: str, **how: Any) -> None:
        told.add(biller_id)
        body = {"behaviour": behaviour, **how}
        gateway.sandbox("POST", f"/control/billers/{biller_id}", body)

    yield tell
    for biller_id in told:
        gateway.sandbox("DELETE", f"/control/billers/{biller_id}")


@pytest.fixture(scope="session")
async def slow_body(gateway: RunningGateway) -> AsyncIterator["asyncio.Task[Answer]"]:
    """A request that promises more than it sends; its refusal comes while other tests run."""
    head = f"POST /auth/token HTTP/1.1\r\nHost: {place(gateway.api)}\r\nContent-Length: 100\r\n\r\n"
    question = Question("POST", f"{gateway.api}/auth/token")
    waiting = asyncio.create_task(ask(gateway.api, head.encode(), b'{"api', question=question))
    yield waiting
    await waiting


@pytest.fixture(scope="session")
async def slow_headers(gateway: RunningGateway) -> AsyncIterator["list[asyncio.Task[bytes]]"]:
    """Connections that say nothing, half a line, or half of their second request."""
    whole = get(LIVE, f"Host: {place(gateway.api)}").replace(b"Connection: close\r\n", b"")
    begun = [b"", b"GET /health/live HTTP/1.1\r\nHo", whole + whole[:20]]
    waiting = [asyncio.create_task(say(gateway.api, each)) for each in begun]
    yield waiting
    await asyncio.gather(*waiting)
