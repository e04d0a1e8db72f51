"""A batch of bill payments: `python -m bench.batches`, apart from `make bench`.

One file is paid through the API while the open model of `make bench` asks for its own bills.
Measured are the rows a second against locks and payments alone, how long a row is under way, what
those at the counter notice of it, and the worker's memory.
"""

import argparse
import asyncio
import secrets
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx2
import uvloop

from bench.arms import Arms, p95
from bench.crew import Crew
from bench.ground import Ground, whole_product
from bench.scenarios import BILLER, PERIOD
from payments.stack.ports import LOCALHOST
from sandbox.biller.billers import BILLERS, BillId

RATE: Final = 5
PATIENCE_S: Final = 4 * 3600
_HEADER: Final = "billerId,billNumber,billingPeriod,transactionId,amount,currency"
_COUNTS: Final = """
    SELECT count(*) FILTER (WHERE ended_at IS NOT NULL) AS ended, count(*) AS rows
    FROM batch_row WHERE batch_id = $1"""
_FIGURES: Final = """
    SELECT count(*) FILTER (WHERE state = 'paid') AS paid,
        extract(epoch FROM max(ended_at) - min(dispatched_at))::float8 AS seconds,
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


async def send(ground: Ground, arms: Arms, content: bytes) -> tuple[str, float]:
    """The batch's id, and after how many seconds it was accepted."""
    bearer = (await arms.ours())["bearer"]
    async with httpx2.AsyncClient(timeout=120) as client:
        answer = await client.post(
            f"http://{LOCALHOST}:{ground.api_port}/v1/batches",
            params={"reference": f"bench-{secrets.token_hex(6)}"},
            content=content,
            headers={"Authorization": bearer, "Content-Type": "text/csv"},
        )
    assert answer.status_code == 202, answer.text[:500]
    return str(answer.json()["data"]["id"]), answer.elapsed.total_seconds()


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


async def beside(
    ground: Ground, arms: Arms, batch_id: str, seconds: float, memory: Memory
) -> dict[str, list[float]]:
    """What those at the counter wait for, by route, until the batch has ended."""
    waits: dict[str, list[float]] = {"lock": [], "pay": []}
    while True:
        samples = await arms.mix(RATE, seconds)
        [row] = await ground.read(_COUNTS, batch_id)
        memory.look(row["ended"])
        if row["ended"] == row["rows"]:
            return waits
        for route in waits:
            waits[route] += samples[route]["latencies_ms"]


async def locks_alone(arms: Arms, runs: int) -> float:
    rates = [(await arms.lock_and_pay().run()).values["lock_pay"] for _ in range(runs)]
    return statistics.fmean(rates)


async def main(rows: int, seconds: float) -> None:
    async with whole_product() as ground, Crew(ground) as crew:
        arms = Arms(crew, seconds)
        await arms.mix(RATE, 5)
        before = await locks_alone(arms, 2)
        idle = await arms.mix(RATE, 4 * seconds)
        content = file_of(rows)
        batch_id, accepted_s = await send(ground, arms, content)
        memory = Memory(ground.pids["worker"])
        waits = await asyncio.wait_for(beside(ground, arms, batch_id, seconds, memory), PATIENCE_S)
        after = await locks_alone(arms, 2)
        [figures] = await ground.read(_FIGURES, batch_id)
    _tell(rows, figures, (before, after), accepted_s)
    for route, found in waits.items():
        _tell_waits(route, idle[route]["latencies_ms"], found)
    sys.stdout.write(f"worker: {memory.told()}\n")


def _tell(rows: int, figures: Any, alone: tuple[float, float], accepted_s: float) -> None:
    rate, lock_pay = rows / figures["seconds"], statistics.fmean(alone)
    p50, p95_, p99, most = figures["quantiles"]
    sys.stdout.write(
        f"{rows} rows, {figures['paid']} paid, accepted in {accepted_s:.1f} s,"
        f" done in {figures['seconds']:.0f} s: {rate:.1f} rows/s;"
        f" lock and pay alone {alone[0]:.1f}/s before, {alone[1]:.1f}/s after:"
        f" {rate / lock_pay:.2f} of it\n"
        f"a row from dispatch to its end: p50 {p50:.2f} s, p95 {p95_:.2f} s,"
        f" p99 {p99:.2f} s, at the most {most:.2f} s\n"
    )


def _tell_waits(route: str, idle: Sequence[float], found: Sequence[float]) -> None:
    if not found:
        sys.stdout.write(f"{route}: the batch had ended before anybody waited\n")
        return
    sys.stdout.write(
        f"{route} at {RATE} requests/s: p50 {statistics.median(idle):.0f} ms and p95"
        f" {p95(idle):.0f} ms without a batch ({len(idle)}), {statistics.median(found):.0f} and"
        f" {p95(found):.0f} ms beside it ({len(found)}): {p95(found) / p95(idle):.2f}\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.batches", description=__doc__)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=10, help="of each window (10)")
    told = parser.parse_args()
    uvloop.run(main(told.rows, told.seconds))
