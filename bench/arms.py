"""Every arm: how one run of ours, or of a denominator, is made and which figures it gives."""

import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from bench import scenarios
from bench.contest import Arm, Run
from bench.crew import Crew
from bench.http_client import HttpClient
from payments.stack.ports import LOCALHOST

ENGINE_CALLERS: Final = 20
HTTP_CALLERS: Final = 16
LEDGER_CALLERS: Final = 10
_PAID_BILLS: Final = 40
# Bills of one run never meet another's: each takes the next block of numbers.
_BLOCK: Final = 100_000
_BILLER_TIME: Final = """
SELECT operation, percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_us) / 1000 AS p50_ms
FROM provider_call WHERE started_at >= $1 GROUP BY operation
"""


@dataclass(slots=True)
class Arms:
    """`seconds` is the counted window of each run; what comes before it only fills the pipe."""

    crew: Crew
    seconds: float
    warm_s: float = 0.5
    _blocks: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    _paid: list[str] = field(default_factory=list)

    # Denominators

    def engine(self, round_: str, callers: int) -> Arm:
        async def run() -> Run:
            driver = await self.crew.engine()
            sample = await driver.ask(
                round=round_, concurrency=callers, warm_s=self.warm_s, seconds=self.seconds
            )
            return run_of({round_: sample})

        return Arm(round_, run)

    def raw_insert(self, round_: str) -> Arm:
        async def run() -> Run:
            driver = await self.crew.raw_insert()
            sample = await driver.ask(
                round=round_, concurrency=LEDGER_CALLERS, warm_s=self.warm_s, seconds=self.seconds
            )
            return run_of({round_: sample})

        return Arm(round_, run)

    def bare_post(self) -> Arm:
        async def run() -> Run:
            port = await self.crew.bare_port()
            partner = {"apiKey": "qk_bench", "secret": "qs_bench"}
            return await self.closed(
                "b3_post", "tokens", port=port, target="/echo", partner=partner
            )

        return Arm("b3_post", run)

    def bare_get(self) -> Arm:
        async def run() -> Run:
            requests = [scenarios.request("GET", "/bare").decode()]
            port = await self.crew.bare_port()
            return await self.closed("b3_get", "prepared", port=port, requests=requests)

        return Arm("b3_get", run)

    def bare_read(self) -> Arm:
        async def run() -> Run:
            requests = [
                scenarios.request("GET", f"/status?transactionId=order-{n}").decode()
                for n in range(_PAID_BILLS)
            ]
            port = await self.crew.bare_port()
            return await self.closed("b3s", "prepared", port=port, requests=requests)

        return Arm("b3s", run)

    # Ours

    def lock_and_pay(self) -> Arm:
        async def run() -> Run:
            return await self.closed(
                "lock_pay", "lock-then-pay", callers=ENGINE_CALLERS, **await self.ours()
            )

        return Arm("lock_pay", run)

    def one_payer(self) -> Arm:
        """Lock and pay one bill after the other; the biller's own time is taken off."""

        async def run() -> Run:
            began_at = datetime.now(UTC)
            run = await self.closed("one_payer", "lock-then-pay", callers=1, **await self.ours())
            billers = {
                row["operation"]: float(row["p50_ms"])
                for row in await self.crew.ground.read(_BILLER_TIME, began_at)
            }
            values = dict(run.values)
            for half, operation in (("lock", "hold"), ("pay", "pay")):
                values[f"biller_{half}_ms"] = billers.get(operation, 0.0)
                values[f"{half}_own_p50_ms"] = (
                    values[f"{half}_p50_ms"] - values[f"biller_{half}_ms"]
                )
            return Run(values, run.operations, run.errors)

        return Arm("one_payer", run)

    def status(self) -> Arm:
        async def run() -> Run:
            ours = await self.ours()
            requests = await self._status_requests(ours["bearer"])
            return await self.closed("status", "prepared", **ours, requests=requests)

        return Arm("status", run)

    def replay(self) -> Arm:
        """The same lock requests again, under the keys they were answered under."""

        async def run() -> Run:
            ours = await self.ours()
            requests = [
                self._payer(ours["bearer"]).lock_request(number).decode()
                for number in await self._paid_bills()
            ]
            return await self.closed("replay", "prepared", **ours, requests=requests)

        return Arm("replay", run)

    def token(self) -> Arm:
        async def run() -> Run:
            partner = self.crew.ground.partners[0]
            port = self.crew.ground.api_port
            return await self.closed(
                "token", "tokens", port=port, target="/auth/token", partner=partner
            )

        return Arm("token", run)

    def lookup(self) -> Arm:
        async def run() -> Run:
            return await self.closed("lookup", "lookups", **await self.ours())

        return Arm("lookup", run)

    def ledger(self) -> Arm:
        async def run() -> Run:
            driver = await self.crew.ledger()
            sample = await driver.ask(
                concurrency=LEDGER_CALLERS, warm_s=self.warm_s, seconds=self.seconds
            )
            return run_of({"ledger": sample})

        return Arm("ledger", run)

    async def mix(self, rate: float, seconds: float) -> dict[str, Any]:
        """The open model: the samples by route."""
        load, ours = await self.crew.load(), await self.ours()
        requests = await self._status_requests(ours["bearer"])
        answer = await load.ask(
            model="open", scenario="mix", rate=rate, seconds=seconds, **ours, requests=requests
        )
        samples: dict[str, Any] = answer["samples"]
        return samples

    # What they stand on

    async def closed(
        self, name: str, scenario: str, *, callers: int = HTTP_CALLERS, **job: Any
    ) -> Run:
        load = await self.crew.load()
        answer = await load.ask(
            model="closed",
            scenario=scenario,
            concurrency=callers,
            warm_s=self.warm_s,
            seconds=self.seconds,
            **job,
        )
        samples = answer["samples"]
        return run_of({name: samples.pop("all"), **samples})

    async def ours(self, audience: str | None = None) -> dict[str, Any]:
        """What a job against our API carries. A fresh token each time: it lives 15 minutes."""
        ground = self.crew.ground
        partner = ground.partners[0]
        client = HttpClient(LOCALHOST, ground.api_port)
        body = scenarios.token_body(partner) | ({"audience": audience} if audience else {})
        answer = await client.ask(scenarios.request("POST", "/auth/token", body))
        client.close()
        return {
            "port": ground.api_port,
            "bearer": scenarios.bearer(answer.body),
            "partner": partner,
            "firstBill": next(self._blocks) * _BLOCK,
        }

    async def _status_requests(self, bearer: str) -> list[str]:
        return [
            scenarios.request(
                "GET", f"/txn/status?transactionId=order-{number}", Authorization=bearer
            ).decode()
            for number in await self._paid_bills()
        ]

    async def _paid_bills(self) -> list[str]:
        """A few bills that are paid once, for status requests and repeats to ask about."""
        if not self._paid:
            numbers = [scenarios.bill_number(number) for number in range(_PAID_BILLS)]
            payer = self._payer((await self.ours())["bearer"])
            for number in numbers:
                await payer.pay(number, await payer.lock(number))
            self._paid = numbers
        return self._paid

    def _payer(self, bearer: str) -> scenarios.LockThenPay:
        client = HttpClient(LOCALHOST, self.crew.ground.api_port)
        return scenarios.LockThenPay(client, {"bearer": bearer, "firstBill": 0})


def run_of(samples: dict[str, dict[str, Any]]) -> Run:
    """Rates and medians by name: `b1` and `b1_p50_ms`."""
    values: dict[str, float] = {}
    errors: list[str] = []
    for name, sample in samples.items():
        errors += sample["errors"]
        if sample["seconds"]:
            values[name] = sample["count"] / sample["seconds"]
        if sample["latencies_ms"]:
            values[f"{name}_p50_ms"] = statistics.median(sample["latencies_ms"])
    first = next(iter(samples.values()))
    return Run(values, first["total"], errors)


def p95(latencies_ms: Sequence[float]) -> float:
    """The smallest value that at least 95 % do not exceed."""
    ordered = sorted(latencies_ms)
    return ordered[max(0, -(-95 * len(ordered) // 100) - 1)]
