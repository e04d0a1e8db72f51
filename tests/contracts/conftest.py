"""One PostgreSQL server for all contracts, one migrated database for each test file."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from payments.db.migrate import migrate
from payments.db.session import Database
from payments.stack.postgres import DatabaseUrls, EmbeddedPostgres
from tests.contracts.direct import Direct


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres") / "data") as server:
        yield server


@pytest.fixture(scope="session")
async def template(server: EmbeddedPostgres) -> str:
    """The name of a migrated database, to be copied."""
    urls = server.create_database("template_of_the_record")
    await migrate(urls.owner_url)
    return urls.name


@pytest.fixture(scope="module")
def urls(server: EmbeddedPostgres, template: str) -> DatabaseUrls:
    return server.create_database(f"record_{uuid4().hex}", template=template)


@pytest.fixture(scope="module")
async def database(urls: DatabaseUrls) -> AsyncIterator[Database]:
    database = Database(urls.app_url, pool_size=8, timeout_s=5)
    yield database
    await database.close()


@pytest.fixture(scope="module")
def direct(urls: DatabaseUrls, server: EmbeddedPostgres) -> Direct:
    """SQL past all of our code."""
    return Direct(urls, server)


@pytest.fixture
async def two_processes(urls: DatabaseUrls) -> AsyncIterator[tuple[Database, Database]]:
    """Two pools on one database, as two processes have."""
    pools = Database(urls.app_url, pool_size=2), Database(urls.app_url, pool_size=2)
    yield pools
    for pool in pools:
        await pool.close()
