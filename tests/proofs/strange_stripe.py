"""localstripe as a provider of the running gateway: behind a proxy that spoils replies, and its
webhooks behind a relay that sends them late, out of order, more than once, and forged.

It takes longer for each payment the more it has, so some accounts share them.
"""

import asyncio
import random
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any, Final, Self

import httpx2
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from payments.domain.provider import ProviderKind, ProviderProfile
from tests.card_cases import Effect
from tests.contracts.provider.faulty_proxy import FaultyProxy
from tests.localstripe.likeness import CHALLENGES, Likeness
from tests.localstripe.running_localstripe import KEY, RunningLocalstripe
from tests.serving import Serving

PROVIDER: Final = "STRIPE"
PAYMENTS_PER_ACCOUNT: Final = 40
# Of Stripe's own test cards those that localstripe knows by another name.
_CARDS: Final = {
    "pm_card_chargeDeclined": "4000000000000341",
    "pm_card_threeDSecure2Required": "4000000000003220",
}
_TRIES: Final = 150
_HEADERS: Final = ("content-type", "stripe-signature")


class Relay:
    """Takes each webhook at once, and delivers it as badly as a network can."""

    def __init__(self, chance: random.Random, target: str) -> None:
        self.figures: Counter[str] = Counter()
        self._chance = chance
        self._target = target
        self._serving = Serving([Route("/", self._take, methods=["POST"])])
        self.url = f"{self._serving.origin}/"
        self._tasks: set[asyncio.Task[None]] = set()
        self._http = httpx2.AsyncClient(timeout=10, verify=False)

    async def __aenter__(self) -> Self:
        await self._serving.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._serving.__aexit__()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.aclose()

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _take(self, request: Request) -> Response:
        body = await request.body()
        headers = {name: request.headers[name] for name in _HEADERS}
        self.figures["stripe webhooks"] += 1
        for _ in range(self._chance.choice((1, 1, 2, 3))):
            self._spawn(self._deliver(headers, body, self._chance.uniform(0, 4)))
        if self._chance.random() < 0.1:
            self._spawn(self._forge(headers, body))
        return Response()

    async def _deliver(self, headers: Mapping[str, str], body: bytes, late_s: float) -> None:
        """Until it is taken, as the provider itself would."""
        for _ in range(_TRIES):
            await asyncio.sleep(late_s)
            if await self._post(headers, body) // 100 == 2:
                self.figures["stripe webhooks delivered"] += 1
                return
            late_s = 2.0
        self.figures["stripe webhooks given up"] += 1

    async def _forge(self, headers: Mapping[str, str], body: bytes) -> None:
        status = await self._post(headers, body.replace(b'"amount": ', b'"amount": 1'))
        self.figures[f"forged stripe webhooks answered {status}"] += 1

    async def _post(self, headers: Mapping[str, str], body: bytes) -> int:
        try:
            answer = await self._http.post(self._target, content=body, headers=dict(headers))
        except httpx2.TransportError:
            return 0
        return answer.status_code


class StrangeStripe:
    def __init__(
        self, provider_id: str, process: RunningLocalstripe, proxy: FaultyProxy, relay: Relay
    ) -> None:
        self.id = provider_id
        self.process = process
        self.proxy = proxy
        self.relay = relay
        self.webhook_secret = f"whsec_{secrets.token_hex(16)}"

    def profile(self) -> ProviderProfile:
        return ProviderProfile(
            self.id,
            ProviderKind.STRIPE,
            self.proxy.url,
            KEY,
            (self.webhook_secret,),
            settles_within=timedelta(seconds=3),
            authorization_lasts=timedelta(days=7),
            # It books every repeat again, whatever its key.
            honours_idempotency_keys=False,
        )

    async def decides(self, payment: dict[str, Any], decision: str) -> bool:
        """False: the challenge is none of its own."""
        url = str(payment["nextAction"]["url"])
        intent, success = url.removeprefix(CHALLENGES), decision == "approve"
        path = f"/v1/payment_intents/{intent}"
        if intent == url or not (await asyncio.to_thread(self.process.api.get, path)).is_success:
            return False
        await asyncio.to_thread(self.process.answer_challenge, intent, success=success)
        return True

    def effects(self) -> list[Effect]:
        """From its own lists. What is left of a partial capture it books as a refund without our
        name; that is none of ours, so nothing of the kind may be there.
        """
        found: list[Effect] = []
        for intent in self.process.api.get("/v1/payment_intents?limit=100000").json()["data"]:
            found += _effects_of(intent, self.id)
        return found


def _effects_of(intent: dict[str, Any], provider: str) -> list[Effect]:
    name, charge = intent["metadata"]["quittance_reference"], intent["latest_charge"]
    if charge is None or charge["status"] != "succeeded":
        return []
    moved = {"authorize": charge["amount"]}
    if charge["captured"]:
        moved["capture"] = charge["amount"]
    if intent["status"] == "canceled":
        moved["void"] = charge["amount"]
    currency = intent["currency"].upper()
    effects = [Effect(provider, name, kind, name, units, currency) for kind, units in moved.items()]
    return effects + [
        Effect(
            provider,
            name,
            "refund",
            row["metadata"].get("quittance_reference", ""),
            row["amount"],
            currency,
        )
        for row in charge["refunds"]["data"]
    ]


@asynccontextmanager
async def strange_stripes(
    api: str, chance: random.Random, payments: int
) -> AsyncIterator[list[StrangeStripe]]:
    """Enough accounts for so many payments; at least one."""
    async with AsyncExitStack() as open_ones:
        yield [
            await open_ones.enter_async_context(
                _opened(f"{PROVIDER}_{number}" if number else PROVIDER, api, chance)
            )
            for number in range(max(1, -(-payments // PAYMENTS_PER_ACCOUNT)))
        ]


@asynccontextmanager
async def _opened(
    provider_id: str, api: str, chance: random.Random
) -> AsyncIterator[StrangeStripe]:
    process = await asyncio.to_thread(RunningLocalstripe)
    try:
        known = {name: process.payment_method(number) for name, number in _CARDS.items()}
        proxy = FaultyProxy(process.url, Likeness(known))
        await proxy.start()
        async with Relay(chance, f"{api}/v1/providers/{provider_id}/webhooks") as relay:
            stripe = StrangeStripe(provider_id, process, proxy, relay)
            process.send_webhooks_to(relay.url, stripe.webhook_secret)
            yield stripe
        await proxy.close()
    finally:
        process.stop()
