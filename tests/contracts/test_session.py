"""The database session: one round trip each, time limits, and connections that come back clean."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from payments.db.session import Database, Statements
from payments.ports.record import RecordUnavailable
from payments.stack.postgres import DatabaseUrls
from tests.contracts.direct import NOWHERE, Direct
from tests.patience import until


@pytest.fixture
async def impatient(urls: DatabaseUrls) -> AsyncIterator[Database]:
    database = Database(urls.app_url, pool_size=2, timeout_s=2)
    yield database
    await database.close()


async def test_a_statement_is_one_round_trip_and_opens_no_transaction(
    database: Database, direct: Direct
) -> None:
    await database.fetch("SELECT 1")
    direct.forget_calls()

    for number in range(10):
        await database.fetch("SELECT $1::int + 1 AS more", number)

    assert await direct.calls() == {"SELECT $1::int + $2 AS more": 10}


async def test_a_statement_alone_is_committed_when_it_returns(
    database: Database, direct: Direct
) -> None:
    await database.fetch("INSERT INTO revoked_token VALUES ('committed', now())")

    assert await direct.value("SELECT count(*) FROM revoked_token WHERE jti = 'committed'") == 1


async def test_a_transaction_is_committed_whole(database: Database, direct: Direct) -> None:
    async def work(statements: Statements) -> str:
        await statements.fetch("INSERT INTO revoked_token VALUES ('first', now())")
        await statements.fetch("INSERT INTO revoked_token VALUES ('second', now())")
        return "done"

    assert await database.in_transaction(work) == "done"
    assert (
        await direct.value("SELECT count(*) FROM revoked_token WHERE jti IN ('first', 'second')")
        == 2
    )


async def test_a_transaction_whose_work_raises_leaves_nothing(
    database: Database, direct: Direct
) -> None:
    async def work(statements: Statements) -> None:
        await statements.fetch("INSERT INTO revoked_token VALUES ('undone', now())")
        raise LookupError("no")

    with pytest.raises(LookupError):
        await database.in_transaction(work)

    assert await direct.value("SELECT count(*) FROM revoked_token WHERE jti = 'undone'") == 0


async def test_a_transaction_that_swallowed_an_error_is_not_taken_for_committed(
    database: Database,
) -> None:
    async def work(statements: Statements) -> None:
        with pytest.raises(asyncpg.UndefinedTableError):
            await statements.fetch("SELECT FROM nowhere")

    with pytest.raises(AssertionError, match="failed"):
        await database.in_transaction(work)


async def test_json_comes_out_parsed_and_times_are_utc(database: Database) -> None:
    [row] = await database.fetch(
        """SELECT '{"a": [1, "x"]}'::jsonb AS data, '2026-04-30 10:00+02'::timestamptz AS at"""
    )

    assert row["data"] == {"a": [1, "x"]}
    assert row["at"].isoformat() == "2026-04-30T08:00:00+00:00"


async def test_a_mistake_in_a_statement_is_not_called_an_outage(database: Database) -> None:
    with pytest.raises(asyncpg.UndefinedColumnError):
        await database.fetch("SELECT nothing")
    with pytest.raises(asyncpg.InterfaceError):
        await database.fetch("SELECT $1::int")


async def test_a_statement_that_takes_too_long_is_an_outage(impatient: Database) -> None:
    with pytest.raises(RecordUnavailable):
        await impatient.fetch("SELECT pg_sleep(60)")

    assert await impatient.fetch("SELECT 1")


async def test_a_row_that_somebody_else_keeps_locked_is_an_outage(
    impatient: Database, direct: Direct
) -> None:
    async with direct.connection() as other, other.transaction():
        await other.execute("LOCK TABLE revoked_token")

        with pytest.raises(RecordUnavailable):
            await impatient.fetch("INSERT INTO revoked_token VALUES ('locked', now())")


async def test_an_exhausted_pool_refuses_in_time_and_recovers(impatient: Database) -> None:
    """Each statement ends within the two seconds, and all together do not."""

    async def sleep(statements: Statements) -> None:
        for _ in range(3):
            await statements.fetch("SELECT pg_sleep(1)")

    results = await asyncio.gather(
        *(impatient.in_transaction(sleep) for _ in range(6)), return_exceptions=True
    )

    refused = [result for result in results if isinstance(result, RecordUnavailable)]
    assert len(refused) == 4
    assert await impatient.fetch("SELECT 1")


async def test_a_server_that_is_not_there_is_an_outage() -> None:
    nowhere = Database(NOWHERE, timeout_s=1)

    with pytest.raises(RecordUnavailable):
        await nowhere.fetch("SELECT 1")
    await nowhere.close()


class Watched(Database):
    """One whose connections a test sees, and can end as the server does when it goes away."""

    def __init__(self, url: str) -> None:
        self.opened: list[Any] = []
        super().__init__(url, pool_size=8, timeout_s=30)

    async def connect(self) -> Any:
        self.opened.append(await super().connect())
        return self.opened[-1]

    def end_sessions(self, direct: Direct) -> None:
        sessions = ",".join(str(each.get_server_pid()) for each in self.opened)
        direct.as_superuser(f"SELECT pg_terminate_backend(pid) FROM unnest(ARRAY[{sessions}]) pid")


@pytest.fixture
async def watched(urls: DatabaseUrls) -> AsyncIterator[Watched]:
    database = Watched(urls.app_url)
    yield database
    await database.close()


async def test_connections_that_died_while_idle_are_replaced_unnoticed(
    watched: Watched, direct: Direct
) -> None:
    async def have_closed() -> bool:
        return all(each.is_closed() for each in watched.opened)

    await asyncio.gather(*(watched.fetch("SELECT pg_sleep(0.01)") for _ in range(8)))
    watched.end_sessions(direct)
    # The news reaches the client on its own; a statement that meets it half-way says so.
    await until(have_closed, 10, "nobody hears of the end")

    results = await asyncio.gather(*(watched.fetch("SELECT pg_sleep(0.01)") for _ in range(8)))
    assert len(results) == 8


async def test_a_connection_that_dies_under_a_statement_is_an_outage_and_the_next_call_works(
    watched: Watched, direct: Direct
) -> None:
    running = asyncio.create_task(watched.fetch("SELECT pg_sleep(25)"))

    async def is_running() -> bool:
        there: int = await direct.value(
            "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(25)'"
        )
        return bool(there)

    await until(is_running, 10, "it does not run")
    watched.end_sessions(direct)

    with pytest.raises(RecordUnavailable):
        await running
    assert await watched.fetch("SELECT 1")


async def test_a_connection_is_thrown_away_rather_than_returned_in_a_transaction(
    database: Database, direct: Direct
) -> None:
    await database.fetch("BEGIN")

    await asyncio.gather(*(database.fetch(WRITE, f"after-{each}") for each in range(20)))

    assert await direct.value("SELECT count(*) FROM revoked_token WHERE jti LIKE 'after-%'") == 20


async def test_closing_waits_for_what_still_runs(urls: DatabaseUrls, direct: Direct) -> None:
    database = Database(urls.app_url)
    abandoned = asyncio.create_task(
        database.fetch("INSERT INTO revoked_token SELECT 'late', now() FROM pg_sleep(0.2)")
    )
    await asyncio.sleep(0)
    abandoned.cancel()

    await database.close()

    assert await direct.value("SELECT count(*) FROM revoked_token WHERE jti = 'late'") == 1


WRITE = "INSERT INTO revoked_token VALUES ($1, now())"
