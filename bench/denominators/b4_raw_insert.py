"""B4: write one ledger transaction and its three entries with asyncpg and nothing else.

b4 sends all four rows as one statement, which is the fastest way there is; b4t is the plain way:
BEGIN, two INSERTs, COMMIT. No triggers, no idempotency, no account look-up, no balance.

python -m bench.denominators.b4_raw_insert DATABASE_URL    # takes jobs on its standard input
"""

import asyncio
import itertools
import os
import sys
from typing import Any

import asyncpg
import uvloop

from bench import jobs
from bench.models import closed

_ALL = """
WITH written AS (
    INSERT INTO bench.ledger_transaction (key, subject, description) VALUES ($1, $2, $3)
    RETURNING id
)
INSERT INTO bench.ledger_entry (transaction_id, account_id, amount_minor, currency)
SELECT written.id, each.account_id, each.amount_minor, each.currency
FROM written, unnest($4::bigint[], $5::bigint[], $6::text[])
     AS each (account_id, amount_minor, currency)
"""
_TRANSACTION = """
INSERT INTO bench.ledger_transaction (key, subject, description) VALUES ($1, $2, $3) RETURNING id
"""
_ENTRIES = """
INSERT INTO bench.ledger_entry (transaction_id, account_id, amount_minor, currency)
SELECT $1, * FROM unnest($2::bigint[], $3::bigint[], $4::text[])
"""
_LINES = ([1, 2, 3], [125500, -125000, -500], ["BDT", "BDT", "BDT"])
_numbers = itertools.count()


def _names() -> tuple[str, str, str]:
    subject = f"TXN-2026-04-{os.getpid()}-{next(_numbers)}"
    return f"paid:{subject}", subject, "bill paid"


async def one_statement(pool: Any) -> None:
    async with pool.acquire() as connection:
        await connection.execute(_ALL, *_names(), *_LINES)


async def plain_transaction(pool: Any) -> None:
    async with pool.acquire() as connection, connection.transaction():
        written = await connection.fetchval(_TRANSACTION, *_names())
        await connection.execute(_ENTRIES, written, *_LINES)


async def main(database_url: str) -> None:
    rounds = {"b4": one_statement, "b4t": plain_transaction}
    pool = await asyncpg.create_pool(database_url, min_size=10, max_size=10)
    async with pool:

        async def run(job: jobs.Job) -> dict[str, Any]:
            write = rounds[job["round"]]
            sample = await closed(
                lambda: write(pool), job["concurrency"], job["warm_s"], job["seconds"]
            )
            return sample.as_dict()

        await jobs.serve(run)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1]))
