"""Post to the product's own ledger as fast as it goes; jobs on the standard input.

The same four rows as B4, through the port: idempotent by key, balanced and append-only by trigger.
"""

import asyncio
import itertools
import os
from typing import Any

import uvloop

from bench import jobs
from bench.models import closed
from payments.bootstrap import open_record
from payments.config import Settings
from payments.domain.ledger import Account, AccountKind, Entry, Posting
from payments.domain.money import Money

_numbers = itertools.count()


def _posting() -> Posting:
    subject = f"TXN-2026-04-{os.getpid()}-{next(_numbers)}"
    lines = (
        (AccountKind.PARTNER_RECEIVABLE, "partner_1", 125500),
        (AccountKind.BILLER_PAYABLE, "DESCO", -125000),
        (AccountKind.FEE_INCOME, "partner_1", -500),
    )
    entries = tuple(
        Entry(Account(kind, owner, "BDT"), Money(minor, "BDT")) for kind, owner, minor in lines
    )
    return Posting(f"paid:{subject}", subject, "bill paid", entries)


async def main() -> None:
    async with open_record(Settings.from_env()) as record:
        ledger = record.ledger

        async def step() -> None:
            assert await ledger.post(_posting()), "every key is new"

        async def run(job: jobs.Job) -> dict[str, Any]:
            sample = await closed(step, job["concurrency"], job["warm_s"], job["seconds"])
            return sample.as_dict()

        await jobs.serve(run)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
