"""Thousands of rows while worker, API and Temporal are killed in turn: every row is done once.

`python -m tests.proofs.batches --rows 5000` starts a stack of its own, sends one batch, kills a
part of it every few seconds until the batch has ended, and holds the file of results against the
biller's own journal, the record and the ledger.
"""

import argparse
import asyncio
import csv
import io
import itertools
import sys
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import asyncpg
from rich.console import Console

from tests.batch_files import Row, csv_of, ended, results, rows_of, send
from tests.patience import persistently, until
from tests.running_gateway import PartnerClient, RunningGateway, new_id, running_gateway

# Of twenty rows one is declined, one does not exist, and of two the answer is lost.
ENDINGS: Final = (90, 99, 93, 95)
EVERY: Final = 20
PARTS: Final = ("worker", "api", "temporal")
PATIENCE_S: Final = 7_200
_ENDED: Final = """
    SELECT count(*) FROM batch_row JOIN batch ON batch.id = batch_row.batch_id
    WHERE batch.status = 'running' AND batch_row.ended_at IS NOT NULL"""
_BOOKS: Final = "SELECT coalesce(sum(amount_minor), 0) AS off FROM ledger_entry"
_ROWS: Final = """
    SELECT asked_row.state, begun.state AS begun, count(*) AS many
    FROM batch_row AS asked_row JOIN batch ON batch.id = asked_row.batch_id
    LEFT JOIN transaction AS begun
        ON begun.id = asked_row.object_id AND begun.trace = batch.trace
    WHERE batch.id = $1 GROUP BY 1, 2"""
_EVENTS: Final = """
    SELECT type, count(*) AS many FROM event
    JOIN batch_row AS asked_row ON asked_row.object_id = event.object_id
    WHERE asked_row.batch_id = $1 GROUP BY 1"""

console: Final = Console()


def make_rows(count: int) -> Sequence[Row]:
    endings = (ENDINGS[at % EVERY] if at % EVERY < len(ENDINGS) else 1 for at in range(count))
    return rows_of(*endings)


async def chaos(
    gateway: RunningGateway, rows: int, pause_s: float | None, killed: Counter[str]
) -> None:
    """One part after the other; the supervisor brings each back. Without a pause each part is
    killed once, when the next quarter of the rows has ended: however fast they are, that is a fire.
    """
    for number, part in enumerate(itertools.cycle(PARTS), start=1):
        if pause_s is not None:
            await asyncio.sleep(pause_s)
        elif number <= len(PARTS):
            await until(partial(_ended, gateway, number * rows // 4), 300, f"row {number} of four")
        else:
            return
        try:
            gateway.kill(part)
        except (KeyError, ProcessLookupError):
            continue
        killed[part] += 1


async def _ended(gateway: RunningGateway, many: int) -> bool:
    connection = await asyncpg.connect(gateway.database_url)
    try:
        return bool(await connection.fetchval(_ENDED) >= many)
    finally:
        await connection.close()


async def run_batch(
    gateway: RunningGateway, rows: Sequence[Row], pause_s: float | None
) -> tuple[str, list[dict[str, str]], Counter[str]]:
    killed: Counter[str] = Counter()
    partner = PartnerClient(gateway.api, gateway.partner(0))
    content, reference = csv_of(rows), new_id("BATCH")
    killing = asyncio.create_task(chaos(gateway, len(rows), pause_s, killed))
    try:
        batch = await persistently(lambda: send(partner, content, reference=reference), 300)
        assert batch.code in {"P0000", "P0001"}, batch
        await ended(partner, batch.data["id"], PATIENCE_S)
    finally:
        killing.cancel()
    file = await asyncio.wait_for(_results(partner, batch.data["id"]), 300)
    await partner.close()
    return batch.data["id"], list(csv.DictReader(io.StringIO(file.decode()))), killed


async def _results(partner: PartnerClient, batch_id: str) -> bytes:
    while True:
        try:
            return await results(partner, batch_id)
        except (OSError, AssertionError):
            await asyncio.sleep(1)


def findings(rows: Sequence[Row], told: list[dict[str, str]], journal: Any) -> list[str]:
    """What the file of results and the biller's own books do not agree on."""
    found = []
    effects = Counter(str(each["billNumber"]) for each in journal)
    if len(told) != len(rows):
        found.append(f"{len(rows)} rows, {len(told)} results")
    for row, result in zip(rows, told, strict=False):
        booked, is_paid = effects[row.bill.number], result["state"] == "paid"
        if result["partnerTransactionId"] != row.transaction_id:
            found.append(f"line {result['line']} is another row")
        if result["state"] not in {"paid", "declined", "refused"}:
            found.append(f"line {result['line']} has no end: {result['state']}")
        if booked != int(is_paid):
            found.append(f"line {result['line']} is {result['state']}, booked {booked} times")
    return found


async def in_the_record(url: str, batch_id: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        off = await connection.fetchval(_BOOKS)
        states = await connection.fetch(_ROWS, batch_id)
        events = await connection.fetch(_EVENTS, batch_id)
    finally:
        await connection.close()
    console.print([dict(each) for each in states])
    told = {each["type"]: each["many"] for each in events}
    ends = Counter[str]()
    for each in states:
        ends[each["state"]] += each["many"]
        if (each["state"] in {"paid", "declined"}) != (each["begun"] is not None):
            return [f"{each['many']} rows {each['state']} with a transaction {each['begun']}"]
    found = [] if off == 0 else [f"the ledger is off by {off}"]
    for state, type_ in (("paid", "bill.paid"), ("declined", "bill.declined")):
        if ends[state] != told.get(type_, 0):
            found.append(f"{ends[state]} rows {state}, {told.get(type_, 0)} events {type_}")
    return found


async def prove(
    gateway: RunningGateway, count: int, pause_s: float | None = None
) -> tuple[list[str], Counter[str]]:
    """The findings, and how often each part was killed."""
    rows, began = make_rows(count), time.monotonic()
    batch_id, told, killed = await run_batch(gateway, rows, pause_s)
    took_s = time.monotonic() - began
    journal = gateway.sandbox("GET", "/journal")["effects"]
    found = findings(rows, told, journal)
    found += await in_the_record(gateway.database_url, batch_id)
    states = Counter(each["state"] for each in told)
    console.print(f"{count} rows in {took_s:.0f} s: {dict(states)}, killed {dict(killed)}")
    return found, killed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--pause", type=float, default=10.0, help="seconds between two kills")
    asked = parser.parse_args()
    with running_gateway() as gateway:
        found, _ = asyncio.run(prove(gateway, asked.rows, asked.pause))
    for each in found[:50]:
        console.print(each, style="red")
    console.print("every row was done once" if not found else f"{len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
