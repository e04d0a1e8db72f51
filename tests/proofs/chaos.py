"""What goes wrong while the customers of the proof pay: processes die, replies are lost, webhooks
come late, twice, in another order, and forged.
"""

import asyncio
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Final

import httpx2

from payments.stack.living import LivingProcess
from tests.card_audit import ACQUIRERS
from tests.contracts.provider.faulty_proxy import Fault, FaultyProxy
from tests.patience import OUTAGES
from tests.running_gateway import RunningGateway

# How long a customer has at the issuer's page, at the pace of a long run.
_CHALLENGE_LASTS_MS: Final = 20_000
_BEHAVIOURS: Final = (
    *("hang_before_effect", "hang_after_effect", "error_before_effect", "error_after_effect"),
    *("reset_after_effect", "garbage_after_effect", "refuse", "slow"),
)
_OPERATIONS: Final = ("authorize", "capture", "void", "refund", "inquire")
_RAILS: Final = ("GIRO", "PUSH")
# What a rail does to any request of one payout or another.
_AT_A_RAIL: Final = (
    *("refuse", "hang_before_effect", "hang_after_effect", "error_before_effect"),
    *("error_after_effect", "reset_after_effect", "garbage_after_effect"),
)
_FORGERIES: Final = ("signature", "body", "stale", "unsigned")


class Chaos:
    def __init__(
        self,
        gateway: RunningGateway,
        chance: random.Random,
        proxies: Sequence[FaultyProxy],
        pace: float,
        *,
        engine: bool = False,
        rails: bool = False,
    ) -> None:
        """`pace` 1 is for a long run; below it calls and webhooks go wrong more often. `engine`:
        Temporal dies as well. `rails`: rails are spoilt, too.
        """
        self.figures: Counter[str] = Counter()
        self._gateway = gateway
        self._chance = chance
        self._proxies = proxies
        self._pace = pace
        self._kills_the_engine = engine
        self._spoils_rails = rails
        self._passed: dict[FaultyProxy, int] = {}
        # Over-refunds are let through, so that nothing but our own guard is in their way.
        life = int(_CHALLENGE_LASTS_MS * pace)
        self._ordinary: dict[str, Any] = {"allowOverRefund": True, "challengeLifeMs": life}
        register = json.loads((gateway.home / "children.json").read_text())["children"]
        self._workers = sorted(name for name in register if name.startswith("worker"))
        self._control = httpx2.AsyncClient(
            base_url=gateway.told["sandbox"], timeout=15, verify=False
        )
        self._has_killed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def begin(self) -> None:
        for acquirer in ACQUIRERS:
            await self._control.post(f"/control/acquirers/{acquirer}", json=self._ordinary)
        engine = [(25, 50, self._kill_the_engine)] if self._kills_the_engine else []
        slowly = (1.5 * self._pace, 5 * self._pace)
        rails = [(*slowly, self._spoil_a_rail)] if self._spoils_rails else []
        self._tasks = [
            asyncio.create_task(self._again_and_again(*each))
            for each in (
                *engine,
                *rails,
                # What was killed needs some seconds to come back, however short the run is.
                (5, 11, self._kill_a_worker),
                (12, 40, self._kill_the_api),
                (0.5 * self._pace, 2 * self._pace, self._spoil_an_acquirer),
                (0.5 * self._pace, 2 * self._pace, self._spoil_stripe),
                (0.3 * self._pace, 1.2 * self._pace, self._play_with_a_webhook),
            )
        ]

    async def burn(self, fire_s: float) -> None:
        """End it after so long, but not before a worker has died."""
        await asyncio.sleep(fire_s)
        await self._has_killed.wait()
        await self.end()

    async def end(self) -> None:
        """From here on everybody behaves."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for proxy in self._proxies:
            proxy.next = None
        for acquirer in ACQUIRERS:
            answer = await self._control.post(f"/control/acquirers/{acquirer}", json=self._ordinary)
            assert answer.is_success, answer.text
        for rail in _RAILS:
            await self._control.delete(f"/control/rails/{rail}")

    async def close(self) -> None:
        await self._control.aclose()

    async def tell_the_rest(self, acquirer: str, attempt: str) -> None:
        """Providers try for days to deliver an event; the sandbox gives up after seconds, and is
        made to try once more. Stripe's are kept by their relay until they are taken.
        """
        asked = {"acquirer": acquirer, "reference": attempt}
        answer = await self._control.get("/control/events", params=asked)
        for event in answer.json()["events"]:
            if "200" not in event["tries"]:
                await self._control.post(f"/control/webhooks/{event['id']}/send")
                self.figures["webhooks delivered only in the end"] += 1

    async def tell_of_payouts(self) -> None:
        """The same at the rails."""
        for rail in _RAILS:
            sent = await self._control.post(f"/control/rails/{rail}/webhooks/send")
            self.figures["webhooks delivered only in the end"] += sent.json()["sent"]

    async def _again_and_again(
        self, least_s: float, most_s: float, harm: Callable[[], Awaitable[None]]
    ) -> None:
        # The first comes early: the crowd may be gone before the next would.
        await asyncio.sleep(self._chance.uniform(least_s / 5, least_s / 2))
        while True:
            with suppress(*OUTAGES):
                await harm()
            await asyncio.sleep(self._chance.uniform(least_s, most_s))

    async def _kill_a_worker(self) -> None:
        """One that works, or nobody."""
        name = self._chance.choice(self._workers)
        process = LivingProcess.find(self._gateway.pid(name))
        ready = self._gateway.home / "ready" / name
        if process is None or not ready.exists() or ready.read_text().strip() != str(process.pid):
            return
        if self._kill(name):
            self.figures["workers killed"] += 1
            self._has_killed.set()

    async def _kill_the_api(self) -> None:
        if self._kill("api"):
            self.figures["api killed"] += 1

    async def _kill_the_engine(self) -> None:
        if self._kill("temporal"):
            self.figures["engine killed"] += 1

    def _kill(self, part: str) -> bool:
        if not self._gateway.can_be_killed(part):
            return False
        self._gateway.kill(part)
        return True

    async def _spoil_an_acquirer(self) -> None:
        behaviour = self._chance.choice(_BEHAVIOURS)
        setting: dict[str, Any] = {
            **self._ordinary,
            "behaviour": behaviour,
            "operations": [self._chance.choice(_OPERATIONS)],
            "times": self._chance.randint(1, 3),
            "webhookCopies": self._chance.choice((1, 1, 2, 5)),
            "webhookDelayMs": self._chance.choice((0, 0, 500, 4000)),
        }
        if behaviour == "slow":
            setting["delayMs"] = 2_500
        path = f"/control/acquirers/{self._chance.choice(ACQUIRERS)}"
        answer = await self._control.post(path, json=setting)
        assert answer.is_success, answer.text
        self.figures[f"acquirer: {behaviour}"] += 1

    async def _spoil_a_rail(self) -> None:
        behaviour = self._chance.choice(_AT_A_RAIL)
        setting = {"behaviour": behaviour, "times": self._chance.randint(1, 3)}
        path = f"/control/rails/{self._chance.choice(_RAILS)}"
        answer = await self._control.post(path, json=setting)
        assert answer.is_success, answer.text
        self.figures[f"rail: {behaviour}"] += 1

    async def _spoil_stripe(self) -> None:
        fault, proxy = self._chance.choice(list(Fault)), self._chance.choice(self._proxies)
        if self._passed.get(proxy) == proxy.passed:
            # With few customers left every call would go wrong, for as long as we go on.
            return
        proxy.next, self._passed[proxy] = fault, proxy.passed
        self.figures[f"stripe: {fault.name.lower()}"] += 1

    async def _play_with_a_webhook(self) -> None:
        events = (await self._control.get("/control/events")).json()["events"]
        if not events:
            return
        path = f"/control/webhooks/{self._chance.choice(events)['id']}"
        match self._chance.choice(("duplicate", "delay", "forge")):
            case "duplicate":
                await self._control.post(f"{path}/duplicate", json={"times": 10})
                self.figures["webhooks sent ten times more"] += 1
            case "delay":
                delay_ms = self._chance.randint(500, 8_000)
                await self._control.post(f"{path}/delay", json={"delayMs": delay_ms})
                self.figures["old webhooks sent late"] += 1
            case _:
                how = self._chance.choice(_FORGERIES)
                forged = await self._control.post(f"{path}/forge", json={"how": how})
                for result in forged.json()["results"]:
                    self.figures[f"forged webhooks answered {result}"] += 1
