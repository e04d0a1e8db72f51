"""What a load asks for: token requests, status, repeats, lookups, a lock and its payment, or a mix.

A job carries what was prepared for it: `bearer`, `partner`, `ids`, `requests`, `firstBill`.
"""

import asyncio
import hashlib
import hmac
import itertools
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeVar

from bench.http_client import HttpClient
from bench.jobs import Job
from bench.models import Sample

T = TypeVar("T")
Step = Callable[[], Awaitable[None]]
BILLER: Final = "DESCO"
PERIOD: Final = "2026-04"


class Scenario(Protocol):
    async def step(self) -> None: ...

    def arrival(self, number: int) -> tuple[str, Step]: ...

    def parts(self, warm_s: float) -> dict[str, Sample]:
        """What was timed inside a step, without its first `warm_s`."""


def request(
    method: str, target: str, body: Mapping[str, Any] | None = None, **headers: str
) -> bytes:
    """The bytes of a request; `Idempotency_Key=…` becomes that header."""
    content = b"" if body is None else json.dumps(body).encode()
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


def token_body(partner: Mapping[str, str]) -> dict[str, str]:
    """A freshly signed token request; it works once."""
    timestamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    nonce = secrets.token_hex(12)
    text = f"{partner['apiKey']}\n{timestamp}\n{nonce}"
    signature = hmac.new(partner["secret"].encode(), text.encode(), hashlib.sha256).hexdigest()
    return {
        "apiKey": partner["apiKey"],
        "timestamp": timestamp,
        "nonce": nonce,
        "signature": signature,
    }


def bearer(answer: bytes) -> str:
    """The Authorization header that a token answer entitles to."""
    return f"Bearer {json.loads(answer)['data']['accessToken']}"


def bill_number(number: int) -> str:
    """A ten-digit number whose last two digits make an ordinary bill."""
    return f"{number:08d}{number % 90:02d}"


class Simple:
    """One kind of request, each independent of the others."""

    def __init__(self, client: HttpClient) -> None:
        self._client = client

    async def step(self) -> None:
        raise NotImplementedError

    def arrival(self, number: int) -> tuple[str, Step]:  # noqa: ARG002 every arrival is alike
        return "all", self.step

    def parts(self, warm_s: float) -> dict[str, Sample]:  # noqa: ARG002 nothing inside a step
        return {}


class Tokens(Simple):
    """POST a freshly signed body to `target`: the token route, or the bare echo."""

    def __init__(self, client: HttpClient, job: Job) -> None:
        super().__init__(client)
        self._partner, self._target = job["partner"], job["target"]

    async def step(self) -> None:
        await self._client.ask(request("POST", self._target, token_body(self._partner)))


class Prepared(Simple):
    """Requests that were prepared beforehand, round and round: status, repeats, bare routes."""

    def __init__(self, client: HttpClient, job: Job) -> None:
        super().__init__(client)
        self._requests = itertools.cycle([text.encode() for text in job["requests"]])

    async def step(self) -> None:
        await self._client.ask(next(self._requests))


class Lookups(Simple):
    """A bill nobody has looked at yet, so that the biller is asked."""

    def __init__(self, client: HttpClient, job: Job) -> None:
        super().__init__(client)
        self._bearer, self._bills = job["bearer"], itertools.count(job["firstBill"])

    async def step(self) -> None:
        number = bill_number(next(self._bills))
        target = f"/bill/lookup?billerId={BILLER}&billNumber={number}&billingPeriod={PERIOD}"
        await self._client.ask(request("GET", target, Authorization=self._bearer))


class LockThenPay(Simple):
    """A fresh bill is locked and paid. The halves are timed for themselves."""

    def __init__(self, client: HttpClient, job: Job) -> None:
        super().__init__(client)
        self._bearer, self._bills = job["bearer"], itertools.count(job["firstBill"])
        self._began_at = time.perf_counter()
        self._timed: dict[str, list[tuple[float, float]]] = {"lock": [], "pay": []}

    async def step(self) -> None:
        number = bill_number(next(self._bills))
        token = await self._timing("lock", self.lock(number))
        await self._timing("pay", self.pay(number, token))

    def lock_request(self, number: str) -> bytes:
        body = {"billerId": BILLER, "billNumber": number, "billingPeriod": PERIOD}
        return self._written("/bill/lock", body, f"lock-{number}")

    async def lock(self, number: str) -> str:
        answer = await self._client.ask(self.lock_request(number))
        token: str = json.loads(answer.body)["data"]["lockToken"]
        return token

    async def pay(self, number: str, token: str) -> None:
        body = {"lockToken": token, "transactionId": f"order-{number}"}
        await self._client.ask(self._written("/bill/pay", body, f"pay-{number}"))

    def _written(self, target: str, body: Mapping[str, Any], key: str) -> bytes:
        return request("POST", target, body, Authorization=self._bearer, Idempotency_Key=key)

    async def _timing(self, name: str, work: Awaitable[T]) -> T:
        asked_at = time.perf_counter()
        result = await work
        now = time.perf_counter()
        self._timed[name].append((now - self._began_at, (now - asked_at) * 1000))
        return result

    def parts(self, warm_s: float) -> dict[str, Sample]:
        counted = {
            name: [ms for at_s, ms in timed if at_s >= warm_s]
            for name, timed in self._timed.items()
        }
        return {name: Sample(len(times), len(times), 0.0, times) for name, times in counted.items()}


class Mix:
    """Token, lookup, lock, the payment of that lock, status: in turn, one arrival each."""

    def __init__(self, client: HttpClient, job: Job) -> None:
        self._client = client
        self._bills = LockThenPay(client, job)
        self._numbers = itertools.count(job["firstBill"] + 500_000)
        self._lookups = Lookups(client, job)
        self._tokens = Tokens(client, {**job, "target": "/auth/token"})
        self._status = Prepared(client, job)
        self._lock: asyncio.Future[tuple[str, str]] | None = None

    async def step(self) -> None:
        raise NotImplementedError

    def arrival(self, number: int) -> tuple[str, Step]:
        turns: list[tuple[str, Step]] = [
            ("token", self._tokens.step),
            ("lookup", self._lookups.step),
            ("lock", self._take),
            ("pay", self._pay),
            ("status", self._status.step),
        ]
        return turns[number % len(turns)]

    async def _take(self) -> None:
        taken = self._lock = asyncio.get_running_loop().create_future()
        number = bill_number(next(self._numbers))
        try:
            taken.set_result((number, await self._bills.lock(number)))
        finally:
            taken.cancel()  # Without effect once there is a result.

    async def _pay(self) -> None:
        assert self._lock is not None, "the lock's arrival comes first"
        await self._bills.pay(*await self._lock)

    def parts(self, warm_s: float) -> dict[str, Sample]:  # noqa: ARG002 nothing inside a step
        return {}


SCENARIOS: Final[Mapping[str, Callable[[HttpClient, Job], Scenario]]] = {
    "tokens": Tokens,
    "prepared": Prepared,
    "lookups": Lookups,
    "lock-then-pay": LockThenPay,
    "mix": Mix,
}
