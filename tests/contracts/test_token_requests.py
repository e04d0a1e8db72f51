"""The promises of ports.partners.TokenRequests, for PostgreSQL and for the fake."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from payments.adapters.postgres.token_requests import PostgresTokenRequests
from payments.db.session import Database
from payments.ports.partners import TokenRequests
from tests.contracts.direct import Direct
from tests.fakes.token_requests import FakeTokenRequests


@pytest.fixture(params=["postgres", "fake"])
def token_requests(request: pytest.FixtureRequest, database: Database) -> TokenRequests:
    return FakeTokenRequests() if request.param == "fake" else PostgresTokenRequests(database)


def now() -> datetime:
    return datetime.now(UTC)


async def test_a_request_works_once(token_requests: TokenRequests) -> None:
    nonce = str(uuid4())

    assert await token_requests.first_use("qk_1", nonce, now())
    assert not await token_requests.first_use("qk_1", nonce, now())
    assert not await token_requests.first_use("qk_1", nonce, now() + timedelta(seconds=30))


async def test_two_keys_may_use_the_same_nonce(token_requests: TokenRequests) -> None:
    nonce = str(uuid4())

    assert await token_requests.first_use("qk_1", nonce, now())
    assert await token_requests.first_use("qk_2", nonce, now())


async def test_of_many_equal_requests_at_once_one_works(token_requests: TokenRequests) -> None:
    nonces = [str(uuid4()) for _ in range(10)]

    uses = await asyncio.gather(
        *(token_requests.first_use("qk_1", nonce, now()) for nonce in nonces * 20)
    )

    assert sum(uses) == 10


async def test_many_at_once_are_few_statements(database: Database, direct: Direct) -> None:
    token_requests = PostgresTokenRequests(database)
    direct.forget_calls()

    await asyncio.gather(
        *(token_requests.first_use("qk_1", str(uuid4()), now()) for _ in range(300))
    )

    [calls] = (await direct.calls()).values()
    assert calls <= 3


async def test_two_processes_share_one_memory(two_processes: tuple[Database, Database]) -> None:
    one, other = (PostgresTokenRequests(each) for each in two_processes)
    nonces = [str(uuid4()) for _ in range(50)]

    uses = await asyncio.gather(
        *(each.first_use("qk_1", nonce, now()) for nonce in nonces for each in (one, other))
    )

    assert sum(uses) == 50


async def test_a_purge_forgets_only_what_is_too_old_to_be_valid(database: Database) -> None:
    token_requests = PostgresTokenRequests(database)
    old, young = str(uuid4()), str(uuid4())
    await token_requests.first_use("qk_purge", old, now() - timedelta(minutes=6))
    await token_requests.first_use("qk_purge", young, now() - timedelta(minutes=4))

    assert await token_requests.purge(1000) == 1

    assert await token_requests.first_use("qk_purge", old, now())
    assert not await token_requests.first_use("qk_purge", young, now())
