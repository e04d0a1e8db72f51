"""One PostgreSQL server for all contracts, one migrated database for each test file."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from payments.adapters.postgres.cases import PostgresCases
from payments.adapters.postgres.disputes import PostgresDisputes
from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.methods import PostgresMethods
from payments.adapters.postgres.payments import PostgresPayments
from payments.adapters.postgres.refunds import PostgresRefunds
from payments.db.migrate import migrate
from payments.db.session import Database
from payments.ports.cases import Cases
from payments.ports.disputes import Disputes
from payments.ports.methods import Methods
from payments.ports.payments import Payments, Refunds
from payments.stack.postgres import DatabaseUrls, EmbeddedPostgres
from tests.card_fakes import FakePayments
from tests.case_fakes import FakeCases
from tests.contracts import webhook_stage
from tests.contracts.direct import Direct
from tests.dispute_fakes import FakeDisputes
from tests.refund_fakes import FakeRefunds
from tests.vault_fakes import FakeMethods


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    data = tmp_path_factory.mktemp("postgres") / "data"
    # A new database for each of eighty files is otherwise a second of waiting for the disk.
    with EmbeddedPostgres(data, durable=False) as server:
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
    database = Database(urls.app_url, pool_size=8, timeout_s=30)
    yield database
    await database.close()


@pytest.fixture(scope="module")
async def direct(urls: DatabaseUrls, server: EmbeddedPostgres) -> AsyncIterator[Direct]:
    """SQL past all of our code."""
    direct = Direct(urls, server)
    yield direct
    await direct.close()


@pytest.fixture
async def two_processes(urls: DatabaseUrls) -> AsyncIterator[tuple[Database, Database]]:
    """Two pools on one database, as two processes have."""
    first, second = (Database(urls.app_url, pool_size=2, timeout_s=30) for _ in range(2))
    yield first, second
    for pool in (first, second):
        await pool.close()


@pytest.fixture(params=["postgres", "fake"])
def methods(request: pytest.FixtureRequest, database: Database) -> Methods:
    return FakeMethods() if request.param == "fake" else PostgresMethods(database)


@pytest.fixture
def payments(methods: Methods, database: Database) -> Payments:
    """In one record with the methods."""
    if isinstance(methods, FakeMethods):
        return FakePayments(methods)
    return PostgresPayments(database, PostgresLedger(database))


@pytest.fixture
def refunds(payments: Payments, database: Database) -> Refunds:
    """Of the payments."""
    if isinstance(payments, FakePayments):
        return FakeRefunds(payments)
    return PostgresRefunds(database, PostgresLedger(database))


@pytest.fixture
def cases(payments: Payments, database: Database) -> Cases:
    if isinstance(payments, FakePayments):
        return FakeCases(payments)
    return PostgresCases(database, PostgresLedger(database))


@pytest.fixture
def disputes(payments: Payments, database: Database) -> Disputes:
    """Of the payments."""
    if isinstance(payments, FakePayments):
        return FakeDisputes(payments)
    return PostgresDisputes(database, PostgresLedger(database))


@pytest.fixture(params=["postgres", "fake"])
async def webhooks(request: pytest.FixtureRequest, database: Database) -> webhook_stage.Webhooks:
    if request.param == "fake":
        return webhook_stage.in_memory()
    return webhook_stage.in_postgres(database)
