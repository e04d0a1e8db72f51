"""What every proof is: a crowd pays while everything goes wrong; in the end every book agrees.

A crowd is named walks; whoever writes one decides who comes and what they do.
"""

import asyncio
import math
import random
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Final

from temporalio.client import Client

from tests.api.shop import Shop
from tests.back_office import administration
from tests.card_findings import Finding, Kind
from tests.evidence import Evidence
from tests.proofs import report
from tests.proofs.chaos import Chaos
from tests.proofs.histories import unfaithful
from tests.proofs.journeys import Journey, Notes
from tests.proofs.listeners import Listeners
from tests.proofs.plans import STRIPE_CURRENCY, Plan
from tests.proofs.reckoning import Aftermath, Reckoning, drain, reckon
from tests.proofs.strange_stripe import StrangeStripe, strange_stripes
from tests.running_gateway import PartnerClient, RunningGateway, running_gateway

AT_ONCE: Final = 32
DRAIN_S: Final = 240
_RULES: Final = """
fallback = [{{ provider = "NORTH", weight = 60 }}, {{ provider = "SOUTH", weight = 40 }}]
[[rule]]
name = "pounds go to Stripe"
when = "currency == '{currency}'"
targets = [{targets}]
"""


class StackEnded(Exception):
    """The stack could not be kept running: that proves nothing."""


@dataclass
class Proof:
    """What a run came to."""

    seed: int
    reckoning: Reckoning
    figures: Counter[str]
    notes: Notes
    paid_s: float
    drained_s: float

    @property
    def findings(self) -> list[Finding]:
        return self.reckoning.findings


Walk = Callable[[], Awaitable[None]]


@dataclass
class Scene:
    """Where a crowd acts, and what they were told."""

    gateway: RunningGateway
    seed: int
    shop: Shop
    stripes: list[StrangeStripe]
    notes: Notes = field(default_factory=Notes)

    def prefix(self, kind: str) -> str:
        """Of the references of all customers of one kind: a letter or two."""
        return f"PROOF-{self.seed}-{kind}"

    def journey(self, kind: str, plan: Plan, how: type[Journey] = Journey) -> Journey:
        name = f"{self.prefix(kind)}{plan.number}"
        return how(self.shop, plan, name, self.notes, self._decide)

    async def play(self, walks: Iterable[Walk]) -> None:
        """All of them, some at a time, in one shuffled row."""
        row = list(walks)
        random.Random(f"row {self.seed}").shuffle(row)
        places = asyncio.Semaphore(AT_ONCE)

        async def served(walk: Walk) -> None:
            async with places:
                await walk()

        async with asyncio.TaskGroup() as everybody:
            watching = everybody.create_task(self._watch())
            await asyncio.gather(*(served(each) for each in row))
            watching.cancel()

    async def _watch(self) -> None:
        """Nobody waits for a stack that has ended."""
        while self.gateway.process.poll() is None:  # noqa: ASYNC110  a process tells nobody
            await asyncio.sleep(1)
        raise StackEnded

    async def _decide(self, payment: dict[str, Any], decision: str) -> None:
        """The customer's hand at the page of whoever asks."""
        for stripe in self.stripes:
            if await stripe.decides(payment, decision):
                return
        await self.shop.decide(payment, decision)


async def _nothing() -> Aftermath:
    return Aftermath()


@dataclass(frozen=True, slots=True)
class Guests:
    """Who comes: customers who pay, by kind; and others, who know themselves what they leave."""

    payments: Mapping[str, Sequence[Walk]]
    others: Sequence[Walk] = ()
    aftermath: Callable[[], Awaitable[Aftermath]] = _nothing


# Called before anything goes wrong.
Crowd = Callable[[Scene], Awaitable[Guests]]


async def prove(
    gateway: RunningGateway,
    crowd: Crowd,
    *,
    seed: int,
    pace: float,
    stripe: int = 0,
    kill_engine: bool = False,
    fire_s: float = math.inf,
) -> Proof:
    """`stripe` is how many of the customers are routed to localstripe. The fire ends with the last
    customer, or after `fire_s` and a worker's death: a straggler alone in it goes from one mishap
    to the next.
    """
    chance, since = random.Random(f"chaos {seed}"), datetime.now(UTC)
    evidence = Evidence(gateway)
    client = PartnerClient(gateway.api, gateway.partner(0))
    shop = Shop(gateway, client)
    try:
        async with (
            strange_stripes(gateway.api, chance, stripe) as stripes,
            Listeners(gateway, chance) as listeners,
        ):
            await _route(gateway, stripes)
            scene = Scene(gateway, seed, shop, stripes)
            guests = await crowd(scene)
            chaos = Chaos(
                gateway,
                chance,
                [each.proxy for each in stripes],
                pace,
                engine=kill_engine,
                rails=bool(guests.others),
            )
            began = time.monotonic()
            await chaos.begin()
            burning = asyncio.create_task(chaos.burn(fire_s))
            try:
                await scene.play(chain(*guests.payments.values(), guests.others))
            finally:
                burning.cancel()
                await chaos.end()
            paid = time.monotonic()
            engine = await Client.connect(gateway.told["temporalAddress"])
            await chaos.tell_of_payouts()
            left = await drain(evidence, engine, chaos.tell_the_rest, DRAIN_S)
            drained = time.monotonic()
            await chaos.close()
            effects = [e for each in stripes for e in await asyncio.to_thread(each.effects)]
            reckoning = await reckon(evidence, scene.notes, effects, await guests.aftermath())
            reckoning.findings += left + _too_few(reckoning, scene, guests.payments)
            reckoning.findings += await listeners.drained(evidence, engine) + await unfaithful(
                engine, since
            )
            figures = sum((each.relay.figures for each in stripes), chaos.figures)
            figures += listeners.figures
    finally:
        await shop.close()
        await evidence.close()
    return Proof(seed, reckoning, figures, scene.notes, paid - began, drained - paid)


async def _route(gateway: RunningGateway, stripes: Sequence[StrangeStripe]) -> None:
    async with administration(gateway) as office:
        for each in stripes:
            await office.put_provider(each.profile())
    targets = ", ".join(f'{{ provider = "{each.id}", weight = 1 }}' for each in stripes)
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as rules:
        rules.write(_RULES.format(currency=STRIPE_CURRENCY, targets=targets))
        rules.flush()
        saved = gateway.cli("routing", "save", rules.name, "--by", "proof")
    gateway.cli("routing", "activate", saved.split()[-1], "--by", "proof")


def _too_few(
    reckoning: Reckoning, scene: Scene, walks: Mapping[str, Sequence[Walk]]
) -> list[Finding]:
    """A proof with customers who never came would prove less than it says."""
    references = [case.payment["reference"] for case in reckoning.cases]
    found = []
    for kind, wanted in walks.items():
        came = sum(each.startswith(scene.prefix(kind)) for each in references)
        if came != len(wanted):
            text = f"{came} payments, and must be {len(wanted)}"
            found.append(Finding(Kind.LOST, scene.prefix(kind), text))
    return found


def gateway_under_fire() -> AbstractContextManager[RunningGateway]:
    """Two workers, and so little patience with providers that a hanging one is soon left."""
    return running_gateway(
        *("--workers", "2", "--together"),
        QUITTANCE_PROVIDER_TIMEOUT_S="3",
        QUITTANCE_PROVIDER_QUICK_TIMEOUT_S="3",
        QUITTANCE_TOKEN_TTL_S="14400",
    )


def told_seed(seed: int | None) -> int:
    return random.SystemRandom().randrange(1, 10**6) if seed is None else seed


def show(work: Callable[[RunningGateway], Coroutine[None, None, Proof]]) -> int:
    """Run it on a stack of its own and print what it came to: the exit code."""
    # Whoever ends us wants the whole stack to end.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with gateway_under_fire() as gateway:
        proof = asyncio.run(work(gateway))
        report.show(proof)
    return 1 if proof.findings else 0
