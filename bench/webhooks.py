"""Webhooks to partners against a naive loop: `python -m bench.webhooks`, apart from `make bench`.

Nine endpoints of a partner are well and one is dead. Measured are how many deliveries a second
reach the nine out of a backlog, and how late they are at a steady rate, with and without the dead
one.
"""

import argparse
import asyncio
import base64
import secrets
import socket
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

import httpx2
import uvloop
from standardwebhooks import Webhook

from bench.ground import Ground, whole_product
from payments.bootstrap import open_record
from payments.config import Settings
from payments.domain import ids
from payments.domain.webhook import (
    NEWEST_VERSION,
    Endpoint,
    EndpointState,
    Payload,
    SigningSecrets,
)

WELL: Final = 9
WIDTH: Final = 8
RATE: Final = 20
PATIENCE_S: Final = 600
_SECRET: Final = f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}"
_BODY: Final = '{"type":"payment.captured","data":{"id":"pay_x","amount":"10.00"}}' + " " * 500
_TELL: Final = """
    INSERT INTO event (partner_id, object_type, object_id, sequence, type, previous_status, data)
    SELECT $1, 'payment', $2 || number, 1, 'payment.captured', 'processing',
        jsonb_build_object('id', $2 || number, 'amount', '10.00', 'filling', repeat('x', 400))
    FROM generate_series(1, $3::integer) AS number"""
_DONE: Final = """
    SELECT count(*) AS many FROM webhook_delivery
    WHERE endpoint_id = ANY($1) AND object_id LIKE $2 || '%' AND state = 'delivered'"""
_LAGS: Final = """
    SELECT extract(epoch FROM first_tried_at - event.occurred_at)::float8 * 1000 AS ms
    FROM webhook_delivery AS delivery JOIN event ON event.id = delivery.event_id
    WHERE endpoint_id = ANY($1) AND delivery.object_id LIKE $2 || '%'"""


class Bench:
    def __init__(self, ground: Ground, receiver: str) -> None:
        self._ground = ground
        self._receiver = receiver
        self._partner_id = ground.partners[0]["id"]
        self._well: list[str] = []

    async def open(self, url: str) -> str:
        endpoint = Endpoint(
            endpoint_id=ids.endpoint_id(self._partner_id, url),
            partner_id=self._partner_id,
            url=url,
            types=(),
            version=NEWEST_VERSION,
            payload=Payload.FULL,
            description="bench",
            state=EndpointState.ENABLED,
            created_at=datetime.now(UTC),
        )
        async with open_record(Settings.of(self._ground.environment)) as record:
            assert await record.endpoints.add(endpoint, SigningSecrets(_SECRET), most=100)
        return endpoint.endpoint_id

    async def open_well(self) -> None:
        self._well = [await self.open(f"{self._receiver}/{number}") for number in range(WELL)]

    async def backlog(self, name: str, events: int) -> list[float]:
        """Deliveries a second of each fifth of it."""
        await self._ground.read(_TELL, self._partner_id, name, events)
        began, rates, total = time.monotonic(), list[float](), events * WELL
        since, before = began, 0
        while before < total:
            await asyncio.sleep(0.2)
            assert time.monotonic() - began < PATIENCE_S, f"{before} of {total}"
            done = (await self._ground.read(_DONE, self._well, name))[0]["many"]
            if done - before >= total / 5 or done == total:
                now = time.monotonic()
                rates.append((done - before) / (now - since))
                since, before = now, done
        return rates

    async def lags(self, name: str, seconds: int) -> list[float]:
        """In milliseconds, at a steady rate."""
        for number in range(RATE * seconds):
            await self._ground.read(_TELL, self._partner_id, f"{name}{number}_", 1)
            await asyncio.sleep(1 / RATE)
        await asyncio.sleep(2)
        rows = await self._ground.read(_LAGS, self._well, name)
        return sorted(row["ms"] for row in rows)

    async def naive(self, posts: int, width: int) -> float:
        """Posts a second of a loop that signs and sends and keeps nothing."""
        webhook = Webhook(_SECRET)

        async def posting(client: httpx2.AsyncClient, share: int) -> None:
            for number in range(share):
                now = datetime.now(UTC)
                headers = {
                    "webhook-id": f"evt_{number}",
                    "webhook-timestamp": str(int(now.timestamp())),
                    "webhook-signature": webhook.sign(f"evt_{number}", now, _BODY),
                    "content-type": "application/json",
                }
                answer = await client.post(f"{self._receiver}/x", content=_BODY, headers=headers)
                assert answer.status_code == 204

        began = time.monotonic()
        async with httpx2.AsyncClient() as client:
            await asyncio.gather(*(posting(client, posts // width) for _ in range(width)))
        return posts / (time.monotonic() - began)


@asynccontextmanager
async def receiving() -> AsyncIterator[str]:
    """The address of a receiver in a process of its own."""
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "bench.receiver")
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe)
    assert process.stdout is not None
    port = int(await process.stdout.readline())
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        await process.wait()


def _p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


async def main(events: int, seconds: int) -> None:
    with socket.create_server(("127.0.0.1", 0)) as dead:
        async with whole_product() as ground, receiving() as receiver:
            bench = Bench(ground, receiver)
            await bench.open_well()
            await bench.backlog("warm_", 50)
            alone = await bench.lags("alone_", seconds)
            await bench.open(f"http://127.0.0.1:{dead.getsockname()[1]}/")
            beside = await bench.lags("beside_", seconds)
            loop = [await bench.naive(2_000, width) for width in (1, WIDTH)]
            rates = await bench.backlog("backlog_", events)
    ours = statistics.fmean(rates)
    sys.stdout.write(
        f"backlog of {events} events to {WELL} endpoints beside a dead one:"
        f" {ours:.0f} deliveries/s, by fifths {' '.join(f'{each:.0f}' for each in rates)}\n"
        f"naive loop: {loop[0]:.0f}/s one at a time ({ours / loop[0]:.2f}),"
        f" {loop[1]:.0f}/s {WIDTH} at a time ({ours / loop[1]:.2f})\n"
        f"lag at {RATE} events/s: p50 {statistics.median(alone):.0f} ms, p95 {_p95(alone):.0f} ms"
        f" alone; p95 {_p95(beside):.0f} ms beside a dead one ({_p95(beside) / _p95(alone):.2f})\n"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.webhooks", description=__doc__)
    parser.add_argument("--events", type=int, default=1_000)
    parser.add_argument("--seconds", type=int, default=15)
    told = parser.parse_args()
    uvloop.run(main(told.events, told.seconds))
