"""A batch of bill payments: `python -m bench.batches`, apart from `make bench`.

One file is paid through the API while the open model of `make bench` asks for its own bills. In
turns the batch runs, or rests and others have the machine: what strangers do there meanwhile, they
do to both. Measured are the rows a second against locks and payments alone, how long a row is under
way, what those at the counter notice of it, and the worker's memory.
"""

import argparse
import asyncio
import secrets
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
import uvloop

from bench.arms import Arms, p95
from bench.crew import Crew
from bench.ground import Ground, whole_product
from bench.scenarios import BILLER, PERIOD
from payments.stack.parts import BATCH_WORKER
from payments.stack.ports import LOCALHOST
from sandbox.biller.billers import BILLERS, BillId

RATE: Final = 5
# What a batch that was just resumed takes to find its window.
_SETTLES_S: Final = 2.0
PATIENCE_S: Final = 4 * 3600
_HEADER: Final = "billerId,billNumber,billingPeriod,transactionId,amount,currency"
_COUNTS: Final = """
    SELECT count(*) FILTER (WHERE ended_at IS NOT NULL) AS ended, count(*) AS rows,
        count(*) FILTER (WHERE state = 'dispatched') AS under_way
    FROM batch_row WHERE batch_id = $1"""
_FIGURES: Final = """
    SELECT count(*) FILTER (WHERE state = 'paid') AS paid,
        percentile_cont(ARRAY[0.5, 0.95, 0.99, 1]) WITHIN GROUP (
            ORDER BY extract(epoch FROM ended_at - dispatched_at)::float8) AS quantiles
    FROM batch_row WHERE batch_id = $1"""


def file_of(rows: int) -> bytes:
    """Ordinary bills of numbers that nobody else takes."""
    biller, stem = BILLERS[BILLER], f"9{secrets.randbelow(100):02d}"
    lines = [_HEADER]
    for at in range(rows):
        number = f"{stem}{at:05d}{at % 90:02d}"
        amount = biller.written(biller.due_minor(BillId(BILLER, number, PERIOD)))
        lines.append(f"{BILLER},{number},{PERIOD},row-{stem}-{at},{amount},{biller.currency}")
    return "\n".join([*lines, ""]).encode()


@dataclass(slots=True)
class Partner:
    """Sends the file, and has the batch run or rest."""

    ground: Ground
    arms: Arms
    batch_id: str = ""

    async def send(self, content: bytes) -> float:
        """After how many seconds it was accepted."""
        reference = f"bench-{secrets.token_hex(6)}"
        kind = {"Content-Type": "text/csv"}
        answer = await self._post("", {"reference": reference}, content, kind)
        self.batch_id = str(answer.json()["data"]["id"])
        return answer.elapsed.total_seconds()

    async def run(self) -> None:
        await self._post(f"/{self.batch_id}/resume")
        await asyncio.sleep(_SETTLES_S)

    async def rest(self) -> None:
        """Returns when no row is under way."""
        await self._post(f"/{self.batch_id}/pause")
        await self._until(lambda counts: not counts["under_way"], 0.1)

    async def end(self, memory: "Memory") -> None:
        """Returns when every row has its end."""

        def ended(counts: Any) -> bool:
            memory.look(counts["ended"])
            return bool(counts["ended"] == counts["rows"])

        await self._until(ended, 5)

    async def _until(self, is_so: Callable[[Any], bool], every_s: float) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                if is_so(await self.counts()):
                    return
                await asyncio.sleep(every_s)

    async def counts(self) -> Any:
        return (await self.ground.read(_COUNTS, self.batch_id))[0]

    async def _post(
        self,
        path: str,
        query: dict[str, str] | None = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx2.Response:
        known = {"Authorization": (await self.arms.ours())["bearer"], **(headers or {})}
        url = f"http://{LOCALHOST}:{self.ground.api_port}/v1/batches{path}"
        async with httpx2.AsyncClient(timeout=120) as client:
            answer = await client.post(url, params=query, content=content, headers=known)
        assert answer.is_success, answer.text[:500]
        return answer


@dataclass(slots=True)
class Memory:
    """The worker's resident bytes, by how many rows had ended."""

    pid: int
    seen: list[tuple[int, int]] = field(default_factory=list)

    def look(self, ended: int) -> None:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        self.seen.append((ended, pages * 4096))

    def told(self) -> str:
        begin = next((size for ended, size in self.seen if ended >= 1_000), self.seen[0][1])
        sizes = [size for ended, size in self.seen if ended >= 1_000] or [begin]
        mebi = 1024 * 1024
        return (
            f"{begin / mebi:.0f} MiB at row 1,000, {sizes[-1] / mebi:.0f} at the end,"
            f" {max(sizes) / mebi:.0f} at the most ({max(sizes) / begin - 1:+.0%})"
        )


@dataclass(slots=True)
class Seen:
    """Each list has a figure of every turn."""

    rows: list[float] = field(default_factory=list)
    locks: list[float] = field(default_factory=list)
    waits: dict[bool, dict[str, list[float]]] = field(
        default_factory=lambda: {each: {"lock": [], "pay": []} for each in (True, False)}
    )

    def note(self, samples: dict[str, Any], *, runs: bool) -> None:
        for route, waits in self.waits[runs].items():
            waits.extend(samples[route]["latencies_ms"])


async def turns(partner: Partner, seconds: float, most: int, memory: Memory) -> Seen:
    """The batch runs, then it rests twice; until it has ended, or there were so many turns."""
    seen, arms = Seen(), partner.arms
    for _ in range(most):
        await partner.run()
        before, began = (await partner.counts())["ended"], time.monotonic()
        samples = await arms.mix(RATE, seconds)
        now = await partner.counts()
        if now["ended"] == now["rows"]:
            break
        seen.note(samples, runs=True)
        seen.rows.append((now["ended"] - before) / (time.monotonic() - began))
        memory.look(now["ended"])
        await partner.rest()
        seen.note(await arms.mix(RATE, seconds), runs=False)
        seen.locks.append((await arms.lock_and_pay().run()).values["lock_pay"])
    else:
        await partner.run()
    return seen


async def main(rows: int, seconds: float, most: int) -> None:
    async with whole_product() as ground, Crew(ground) as crew:
        arms = Arms(crew, seconds)
        await arms.mix(RATE, 5)
        partner = Partner(ground, arms)
        accepted_s = await partner.send(file_of(rows))
        await partner.rest()
        memory = Memory(ground.pids[BATCH_WORKER])
        seen = await turns(partner, seconds, most, memory)
        await partner.end(memory)
        [figures] = await ground.read(_FIGURES, partner.batch_id)
    _tell(rows, figures, seen, accepted_s)
    for route in ("lock", "pay"):
        _tell_waits(route, seen.waits[False][route], seen.waits[True][route])
    sys.stdout.write(f"worker: {memory.told()}\n")


def _tell(rows: int, figures: Any, seen: Seen, accepted_s: float) -> None:
    shares = [mine / locks for mine, locks in zip(seen.rows, seen.locks, strict=False)]
    p50, p95_, p99, most = figures["quantiles"]
    sys.stdout.write(
        f"{rows} rows, {figures['paid']} paid, accepted in {accepted_s:.1f} s; in"
        f" {len(shares)} turns {statistics.fmean(seen.rows):.1f} rows/s beside {RATE} requests/s,"
        f" {statistics.fmean(seen.locks):.1f} locks and payments/s alone:"
        f" {statistics.median(shares):.2f} of it ({min(shares):.2f} to {max(shares):.2f})\n"
        f"a row from dispatch to its end: p50 {p50:.2f} s, p95 {p95_:.2f} s,"
        f" p99 {p99:.2f} s, at the most {most:.2f} s\n"
    )


def _tell_waits(route: str, idle: Sequence[float], found: Sequence[float]) -> None:
    sys.stdout.write(
        f"{route} at {RATE} requests/s: p50 {statistics.median(idle):.0f} ms and p95"
        f" {p95(idle):.0f} ms while the batch rests ({len(idle)}), {statistics.median(found):.0f}"
        f" and {p95(found):.0f} ms while it runs ({len(found)}):"
        f" {statistics.median(found) / statistics.median(idle):.2f} and"
        f" {p95(found) / p95(idle):.2f}\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.batches", description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=10, help="of each window (10)")
    parser.add_argument("--turns", type=int, default=12, help="to run and to rest, at most (12)")
    told = parser.parse_args()
    uvloop.run(main(told.rows, told.seconds, told.turns))
