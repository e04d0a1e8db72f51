"""Thousands of rows while worker, API and Temporal are killed in turn: every row is done once.

`python -m tests.proofs.batches --rows 5000 --kind payouts` starts a stack of its own, sends one
batch, kills a part of it every few seconds until the batch has ended, and holds the file of results
against the biller's own journal, or the rail's own books, the record and the ledger.
"""

import argparse
import asyncio
import csv
import io
import itertools
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final, Protocol

import asyncpg
from rich.console import Console

from payments.stack.parts import BATCH_WORKER
from tests.batch_files import ended, results, send
from tests.patience import persistently, until
from tests.proofs.batch_of_bills import BillFile
from tests.proofs.batch_of_payouts import PayoutFile
from tests.running_gateway import PartnerClient, RunningGateway, new_id, running_gateway

PARTS: Final = ("worker", "api", "temporal")
PATIENCE_S: Final = 7_200
_BEGUN: Final = """
    SELECT count(*) FROM batch_row JOIN batch ON batch.id = batch_row.batch_id
    WHERE batch.status = 'running' AND batch_row.state <> 'waiting'"""

console: Final = Console()


class File(Protocol):
    """The rows of one proof, the partner who sends them, and what must be true of their ends."""

    @property
    def kind(self) -> str: ...

    @property
    def partner(self) -> PartnerClient: ...

    async def content(self) -> bytes: ...

    async def findings(self, batch_id: str, told: list[dict[str, str]]) -> list[str]:
        """What the file of results, the record and the other side's own books do not agree on."""


FILES: Final[Mapping[str, Callable[[RunningGateway, int], File]]] = {
    BillFile.kind: BillFile,
    PayoutFile.kind: PayoutFile,
}


async def chaos(
    gateway: RunningGateway, rows: int, pause_s: float | None, killed: Counter[str]
) -> None:
    """One part after the other; the supervisor brings each back. Without a pause each part is
    killed once, when the next quarter of the rows has begun: however fast they are, that is a fire.
    """
    parts = [part for part in (*PARTS, BATCH_WORKER) if gateway.has(part)]
    for number, part in enumerate(itertools.cycle(parts), start=1):
        if pause_s is not None:
            await asyncio.sleep(pause_s)
        elif number <= len(parts):
            await until(partial(_begun, gateway, number * rows // (len(parts) + 1)), 300, "rows")
        else:
            return
        try:
            gateway.kill(part)
        except (KeyError, ProcessLookupError):
            continue
        killed[part] += 1


async def _begun(gateway: RunningGateway, many: int) -> bool:
    connection = await asyncpg.connect(gateway.database_url)
    try:
        return bool(await connection.fetchval(_BEGUN) >= many)
    finally:
        await connection.close()


async def run_batch(
    gateway: RunningGateway, file: File, rows: int, pause_s: float | None
) -> tuple[str, list[dict[str, str]], Counter[str]]:
    killed: Counter[str] = Counter()
    content, reference = await file.content(), new_id("BATCH")
    killing = asyncio.create_task(chaos(gateway, rows, pause_s, killed))
    try:
        batch = await persistently(
            lambda: send(file.partner, content, reference=reference, kind=file.kind), 300
        )
        assert batch.code in {"P0000", "P0001"}, batch
        await ended(file.partner, batch.data["id"], PATIENCE_S)
    finally:
        killing.cancel()
    told = await asyncio.wait_for(_results(file.partner, batch.data["id"]), 300)
    await file.partner.close()
    return batch.data["id"], list(csv.DictReader(io.StringIO(told.decode()))), killed


async def _results(partner: PartnerClient, batch_id: str) -> bytes:
    while True:
        try:
            return await results(partner, batch_id)
        except (OSError, AssertionError):
            await asyncio.sleep(1)


async def prove(
    gateway: RunningGateway,
    count: int,
    pause_s: float | None = None,
    kind: str = BillFile.kind,
) -> tuple[list[str], Counter[str]]:
    """The findings, and how often each part was killed."""
    file, began = FILES[kind](gateway, count), time.monotonic()
    batch_id, told, killed = await run_batch(gateway, file, count, pause_s)
    took_s = time.monotonic() - began
    found = await file.findings(batch_id, told)
    states = Counter(each["state"] for each in told)
    console.print(f"{count} rows in {took_s:.0f} s: {dict(states)}, killed {dict(killed)}")
    return found, killed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--kind", choices=[*FILES], default=BillFile.kind)
    parser.add_argument("--pause", type=float, default=10.0, help="seconds between two kills")
    asked = parser.parse_args()
    with running_gateway() as gateway:
        found, _ = asyncio.run(prove(gateway, asked.rows, asked.pause, asked.kind))
    for each in found[:50]:
        console.print(each, style="red")
    console.print("every row was done once" if not found else f"{len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
