"""sqlalchemy#13381: a cancelled request once returned a pooled connection with an open transaction.

Later commits on that connection reached only a savepoint: payments were acknowledged and never
written. So each path to the database is cancelled after every step of the loop it can be at, and
then the same pool has to prove itself.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import pytest

from payments.adapters.postgres.answers import PostgresAnswers
from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.request_log import PostgresRequestLog
from payments.adapters.postgres.transactions import PostgresTransactions
from payments.db.session import Database, Statements
from payments.ports.answers import Scope
from payments.ports.journal import RequestRow
from payments.stack.postgres import DatabaseUrls
from tests.contracts.direct import Direct
from tests.contracts.factories import NOW, accepted, make_payment

Path = Callable[[Database], Awaitable[object]]
WRITE = "INSERT INTO revoked_token VALUES ($1, now())"


@pytest.fixture
async def pool(urls: DatabaseUrls) -> AsyncIterator[Database]:
    """Small, so that a spoilt connection would be met again at once."""
    pool = Database(urls.app_url, pool_size=3, timeout_s=30)
    yield pool
    await pool.close()


async def read(pool: Database) -> object:
    return await pool.fetch("SELECT pg_sleep(0.001)")


async def write(pool: Database) -> object:
    return await pool.fetch(WRITE, str(uuid4()))


async def write_two_in_a_transaction(pool: Database) -> None:
    async def work(statements: Statements) -> None:
        pair = uuid4()
        await statements.fetch(WRITE, f"pair-{pair}-1")
        await asyncio.sleep(0)
        await statements.fetch(WRITE, f"pair-{pair}-2")

    await pool.in_transaction(work)


async def fail_in_a_transaction(pool: Database) -> None:
    async def work(statements: Statements) -> None:
        await statements.fetch(WRITE, f"undone-{uuid4()}")
        raise LookupError

    with pytest.raises(LookupError):
        await pool.in_transaction(work)


async def pay(pool: Database) -> object:
    transactions = PostgresTransactions(pool, PostgresLedger(pool))
    payment = make_payment()
    await transactions.begin(payment)
    return await transactions.settle(payment, accepted())


async def claim(pool: Database) -> object:
    return await PostgresAnswers(pool).claim(Scope("partner_1", "POST /x", str(uuid4())), b"1")


async def log(pool: Database) -> None:
    row = RequestRow(f"partner_1.{uuid4()}", None, "GET /x", "0", 200, "P0000", 1, NOW)
    await PostgresRequestLog(pool).record(row)


async def no_proof() -> None:
    """Where a test looks only at the end."""


async def cancel_at_every_step(
    path: Path, pool: Database, prove: Callable[[], Awaitable[None]] = no_proof
) -> int:
    """Run the path again and again, each time cancelled one turn of the loop later."""
    turns = 0
    while True:
        task = asyncio.ensure_future(path(pool))
        for _ in range(turns):
            await asyncio.sleep(0)
        if task.done():
            await task
            return turns
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await prove()
        turns += 1


@pytest.mark.parametrize(
    "path",
    [read, write, write_two_in_a_transaction, fail_in_a_transaction, pay, claim, log],
)
async def test_a_cancel_at_any_moment_leaves_no_connection_in_a_transaction(
    path: Path, pool: Database, direct: Direct
) -> None:
    batch, written = uuid4(), 0
    async with direct.connection() as witness:

        async def prove() -> None:
            """What every pooled connection writes now can be seen from outside now."""
            nonlocal written
            await asyncio.gather(*pool._running, return_exceptions=True)
            await asyncio.gather(*(pool.fetch(WRITE, f"{batch}-{uuid4()}") for _ in range(6)))
            written += 6
            assert written == await witness.fetchval(SEEN, str(batch))
            assert await witness.fetchval(OPEN_TRANSACTIONS) == 0

        steps = await cancel_at_every_step(path, pool, prove)

        assert steps > 3
        for _ in range(8):
            await prove()


SEEN = "SELECT count(*) FROM revoked_token WHERE jti LIKE $1 || '-%'"
OPEN_TRANSACTIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE state LIKE 'idle in transaction%' AND datname = current_database()"""


async def test_what_was_cancelled_is_written_whole_or_not_at_all(
    pool: Database, direct: Direct
) -> None:
    await cancel_at_every_step(write_two_in_a_transaction, pool)
    await cancel_at_every_step(fail_in_a_transaction, pool)
    await pool.close()

    halves = await direct.rows(
        """SELECT left(jti, 41), count(*) FROM revoked_token WHERE jti LIKE 'pair-%'
        GROUP BY 1 HAVING count(*) <> 2"""
    )
    assert halves == []
    assert await direct.value("SELECT count(*) FROM revoked_token WHERE jti LIKE 'undone-%'") == 0


async def test_a_cancelled_write_was_under_way_and_comes_to_its_end(
    pool: Database, direct: Direct
) -> None:
    task = asyncio.create_task(
        pool.fetch("INSERT INTO revoked_token SELECT 'kept', now() FROM pg_sleep(0.1)")
    )
    await asyncio.sleep(0)

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await pool.close()

    assert await direct.value("SELECT count(*) FROM revoked_token WHERE jti = 'kept'") == 1
