"""The arms of card payments: what is prepared for a run, and what a run of ours gives."""

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

from bench.arms import ENGINE_CALLERS, HTTP_CALLERS, Arms
from bench.card_scenarios import ACQUIRER
from bench.contest import Arm, Run
from bench.http_client import HttpClient
from bench.scenarios import request
from payments.stack.ports import LOCALHOST

# More than a run can use; what is left over is used by the next one.
_PAYMENTS_PER_S: Final = 60
_WEBHOOKS_PER_S: Final = 3000
_DECISIONS_PER_S: Final = 400
_PREPARERS: Final = 4
_TOLD_WITHIN_S: Final = 15.0
_SALE: Final = {"amount": "12.50", "currency": "USD"}
_CARD: Final = {"number": "4242424242424242", "expMonth": 12, "expYear": 2034, "cvc": "123"}
_PROVIDER_TIME: Final = """
SELECT operation, percentile_cont(0.5) WITHIN GROUP (ORDER BY latency_us) / 1000 AS p50_ms
FROM provider_call WHERE started_at >= $1 GROUP BY operation
"""
# Every payment is told of by its provider as well, a second later; that belongs to its cost.
_UNTOLD: Final = """
SELECT count(*) FROM payment WHERE created_at >= $1
AND NOT EXISTS (SELECT FROM inbound_event WHERE reference = payment.id || '-1')
"""
_CAPTURED: Final = """
SELECT id || '-1' AS reference FROM payment WHERE status = 'captured' ORDER BY id DESC LIMIT 40
"""


@dataclass(slots=True)
class CardArms:
    arms: Arms
    # Requests for payments, each with a method token of its own.
    _ready: list[str] = field(default_factory=list)
    # Payments as the acquirer tells of them, when it has told us before.
    _told: list[Any] = field(default_factory=list)

    def payments(self) -> Arm:
        """Captured at once, without a challenge."""

        async def run() -> Run:
            return await self._pay("card", ENGINE_CALLERS)

        return Arm("card", run, self._make_ready)

    def one_payer(self) -> Arm:
        """One after the other; the provider's own time, its vault's too, is taken off."""

        async def run() -> Run:
            began_at = datetime.now(UTC)
            run = await self._pay("one_card", 1)
            rows = await self.arms.crew.ground.read(_PROVIDER_TIME, began_at)
            provider = {row["operation"]: float(row["p50_ms"]) for row in rows}
            values = dict(run.values)
            values |= {f"provider_{name}_ms": provider[name] for name in ("authorize", "card")}
            taken = provider["authorize"] + provider["card"]
            values["card_own_p50_ms"] = values["one_card_p50_ms"] - taken
            return Run(values, run.operations, run.errors)

        return Arm("one_card", run, self._make_ready)

    def webhooks(self) -> Arm:
        """Events about payments of which the record already says the same."""

        async def run() -> Run:
            return await self.arms.closed(
                "webhook",
                "webhooks",
                callers=HTTP_CALLERS,
                port=self.arms.crew.ground.api_port,
                target=f"/v1/providers/{ACQUIRER}/webhooks",
                count=round(_WEBHOOKS_PER_S * self._window_s),
                answered='"applied"',
                **self._signing(),
            )

        return Arm("webhook", run, self._know_payments)

    def bare_webhooks(self) -> Arm:
        async def run() -> Run:
            return await self.arms.closed(
                "b3w",
                "webhooks-again",
                callers=HTTP_CALLERS,
                port=await self.arms.crew.bare_port(),
                target="/event",
                count=500,
                answered="evt_",
                **self._signing(),
            )

        return Arm("b3w", run, self._know_payments)

    def decisions(self) -> Arm:
        """Risk and route, in a process of their own; there is no load but itself."""

        async def run() -> Run:
            deciders = await self.arms.crew.decisions()
            answer = await deciders.ask(count=round(_DECISIONS_PER_S * self.arms.seconds))
            return Run(answer["values"], answer["count"])

        return Arm("decision", run)

    @property
    def _window_s(self) -> float:
        return self.arms.warm_s + self.arms.seconds

    def _signing(self) -> dict[str, Any]:
        secret = self.arms.crew.ground.secret("SANDBOX_WEBHOOK_SECRETS", ACQUIRER)
        return {"secret": secret, "payments": self._told}

    async def _pay(self, name: str, callers: int) -> Run:
        began_at, ground = datetime.now(UTC), self.arms.crew.ground
        run = await self.arms.closed(
            name,
            "once",
            callers=callers,
            port=ground.api_port,
            requests=self._ready,
            answered='"captured"',
        )
        # Each is answered after the window, too, and none is sent twice.
        del self._ready[: run.operations + len(run.errors)]
        await self._all_told(began_at)
        return run

    async def _all_told(self, since: datetime) -> None:
        """Whoever is measured next must not pay for webhooks that are still to come."""
        async with asyncio.timeout(_TOLD_WITHIN_S):
            while (await self.arms.crew.ground.read(_UNTOLD, since))[0]["count"]:  # noqa: ASYNC110
                await asyncio.sleep(0.25)

    async def _make_ready(self) -> None:
        """Top up the payments to be made: client token, method token, request."""
        wanted = round(_PAYMENTS_PER_S * self._window_s)
        ground = self.arms.crew.ground
        headers = {"Authorization": (await self.arms.ours("payments"))["bearer"]}
        api = HttpClient(LOCALHOST, ground.api_port)
        vault = HttpClient(LOCALHOST, ground.acquirer_port)

        async def prepare() -> None:
            while len(self._ready) < wanted:
                made = await api.ask(request("POST", "/v1/client-tokens", _SALE, **headers))
                typed = {**_CARD, "clientToken": json.loads(made.body)["data"]["clientToken"]}
                kept = await vault.ask(request("POST", "/vault/tokens", typed), 201)
                payment = {
                    **_SALE,
                    "paymentMethodToken": json.loads(kept.body)["paymentMethodToken"],
                    "reference": f"bench-{uuid4()}",
                    "capture": True,
                }
                told = request("POST", "/v1/payments", payment, **headers)
                self._ready.append(told.decode())

        await asyncio.gather(*(prepare() for _ in range(_PREPARERS)))
        api.close()
        vault.close()

    async def _know_payments(self) -> None:
        """A few payments that are captured and agreed upon, as their acquirer has them."""
        if self._told:
            return
        await self._make_ready()
        await self._pay("card", 2)
        ground = self.arms.crew.ground
        secret = ground.secret("SANDBOX_ACQUIRER_SECRETS", ACQUIRER)
        acquirer = HttpClient(LOCALHOST, ground.acquirer_port)
        for row in await ground.read(_CAPTURED):
            target = f"/acquirers/{ACQUIRER}/payments/{row['reference']}"
            answer = await acquirer.ask(request("GET", target, Authorization=f"Bearer {secret}"))
            self._told.append(json.loads(answer.body))
        acquirer.close()
