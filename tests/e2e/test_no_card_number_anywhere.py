"""A card number that is sent everywhere is found nowhere: row I15 of the invariants.

Every route of the document gets one in every place, in many ways of writing. Then the database's
own files, its write-ahead log, a dump, the engine's file, every log and every metric are searched.
"""

import asyncio
import mmap
import os
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.app import routes
from payments.stack.ports import free_port
from tests.e2e.canaries import Canary, Probe, probes
from tests.evidence import Evidence
from tests.patience import until
from tests.running_gateway import (
    ANSWER_WITHIN_S,
    REPOSITORY,
    Answer,
    PartnerClient,
    RunningGateway,
    TestBill,
)

AT_ONCE = 16
COUNTER = 'quittance_incidents_total{kind="card_number",partner="partner_1"}'
TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
COUNTED = """
    SELECT count(*) AS incidents, count(DISTINCT trace) AS requests,
        count(*) FILTER (WHERE partner_id = $1) AS known
    FROM incident WHERE trace = ANY ($2)"""


@dataclass(frozen=True, slots=True)
class Measured:
    """An API and a worker of their own on the gateway's record and engine, with their metrics."""

    api: str
    metrics: list[str]


@pytest.fixture
async def measured(gateway: RunningGateway, tmp_path: Path) -> AsyncIterator[Measured]:
    ports = [free_port() for _ in range(3)]
    ready = tmp_path / "worker.ready"
    environment = gateway.environment | {
        "QUITTANCE_API_PORT": str(ports[0]),
        "QUITTANCE_READY_FILE": str(ready),
    }
    started = [
        start(gateway, ["cli.py", "api"], environment, ports[1]),
        start(gateway, ["worker.py"], environment, ports[2]),
    ]
    api = f"http://127.0.0.1:{ports[0]}"

    async def both() -> bool:
        assert all(each.poll() is None for each in started)
        with suppress(httpx2.TransportError):
            async with httpx2.AsyncClient(timeout=ANSWER_WITHIN_S, verify=False) as http:
                return (await http.get(f"{api}/health")).is_success and ready.exists()
        return False

    try:
        await until(both, 30, "an API and a worker of the test's own")
        yield Measured(api, [f"http://127.0.0.1:{port}/metrics" for port in ports[1:]])
    finally:
        for each in started:
            each.terminate()
        for each in started:
            await asyncio.to_thread(each.wait, ANSWER_WITHIN_S)


def start(
    gateway: RunningGateway, command: list[str], environment: dict[str, str], port: int
) -> "subprocess.Popen[bytes]":
    """Its log is among the others, and is searched like them."""
    with (gateway.home / "logs" / f"canary-{command[-1]}.log").open("wb") as output:
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=REPOSITORY,
            env=environment | {"QUITTANCE_METRICS_PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )


async def send(partner: PartnerClient, all_: Iterable[Probe]) -> list[tuple[Probe, Answer]]:
    headers = await partner.authorised()
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(probe: Probe) -> tuple[Probe, Answer]:
        async with gate:
            told = {**headers, **probe.headers}
            answer = await partner.ask(
                probe.method, probe.target, headers=told, content=probe.content
            )
            return probe, answer

    return list(await asyncio.gather(*map(one, all_)))


async def test_a_card_number_sent_everywhere_is_kept_nowhere(
    gateway: RunningGateway, measured: Measured, evidence: Evidence
) -> None:
    canary, marker = Canary.made(), f"MARKER-{secrets.token_hex(12)}"
    partner, bill = PartnerClient(measured.api, gateway.partner(0)), TestBill()

    answers = await send(partner, probes(routes().openapi(), canary))
    await partner.pay(await partner.locked(bill), marker)
    await evidence.paid_once(partner, bill, marker)
    await partner.close()

    let_in = [
        (probe, answer)
        for probe, answer in answers
        if answer.code != "P5014" and not probe.is_foreign
    ]
    assert let_in == []
    told = b"".join(answer.content + str(answer.headers).encode() for _, answer in answers)
    assert found(told, canary) == []
    refused = [answer.trace for _, answer in answers if answer.code == "P5014"]
    (counted,) = await evidence.rows(COUNTED, partner.key.id, refused)
    assert counted == dict.fromkeys(("incidents", "requests", "known"), len(refused))

    seen: Counter[str] = Counter()
    async for place, content in everything_kept(gateway, evidence, measured):
        assert found(content, canary) == [], place
        if place == f"metrics {measured.metrics[0]}":
            assert f"{COUNTER} {len(refused)}.0" in content.decode()
        seen[place.partition(" ")[0]] += content.find(marker.encode()) >= 0
    # The search finds what is there: an ordinary payment is in each of these.
    assert all(seen[place] for place in ("pg_wal", "table", "temporal")), seen
    assert seen.keys() >= {"postgres", "logs", "metrics", "sandbox"}


def found(content: Any, canary: Canary) -> list[bytes]:
    return [trace for trace in canary.traces if content.find(trace) >= 0]


async def everything_kept(
    gateway: RunningGateway, evidence: Evidence, measured: Measured
) -> AsyncIterator[tuple[str, Any]]:
    """Files of all processes, a dump, and what the processes say of themselves."""
    for path in files(gateway.home):
        # PostgreSQL may remove or empty one meanwhile.
        with (
            suppress(FileNotFoundError, ValueError),
            path.open("rb") as file,
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view,
        ):
            yield f"{kind(path, gateway.home)} {path.name}", view
    for row in await evidence.rows(TABLES):
        table = row["tablename"]
        lines = await evidence.rows(f'SELECT t::text AS line FROM "{table}" t')
        yield f"table {table}", "\n".join(each["line"] for each in lines).encode()
    async with httpx2.AsyncClient(timeout=ANSWER_WITHIN_S, verify=False) as http:
        for url in (*measured.metrics, f"{gateway.told['operator']}/metrics"):
            answer = await http.get(url)
            assert answer.is_success, url
            yield f"metrics {url}", answer.content


def files(home: Path) -> Iterator[Path]:
    """Those that have something in them."""
    for folder, _, names in os.walk(home):
        for name in names:
            path = Path(folder) / name
            with suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_size:
                    yield path


def kind(path: Path, home: Path) -> str:
    parts = path.relative_to(home).parts
    return "pg_wal" if "pg_wal" in parts else parts[0]
