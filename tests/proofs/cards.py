"""The proof of card payments: many customers, two kinds of providers, and everything that can go
wrong meanwhile; in the end every book agrees to the cent.

    make proof-cards ARGS="--payments 1000 --stripe 200 --seed 7"
"""

import argparse
import asyncio
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
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
from tests.proofs.plans import STRIPE_CURRENCY, Plan, sandbox_plans, stripe_plans
from tests.proofs.reckoning import Reckoning, drain, reckon
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


@dataclass
class Run:
    gateway: RunningGateway
    seed: int
    shop: Shop
    stripes: list[StrangeStripe]
    notes: Notes = field(default_factory=Notes)

    async def customers(self, sandbox: int, stripe: int) -> None:
        """All of them, some at a time, in one shuffled row."""
        row = [
            *((plan, "S") for plan in sandbox_plans(self.seed, sandbox)),
            *((plan, "L") for plan in stripe_plans(self.seed, stripe)),
        ]
        random.Random(f"row {self.seed}").shuffle(row)
        places = asyncio.Semaphore(AT_ONCE)

        async def served(plan: Plan, kind: str) -> None:
            async with places:
                name = f"{_prefix(self.seed)}{kind}{plan.number}"
                await Journey(self.shop, plan, name, self.notes, self._decide).walk()

        async with asyncio.TaskGroup() as everybody:
            watching = everybody.create_task(self._watch())
            await asyncio.gather(*(served(*each) for each in row))
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


async def prove(
    gateway: RunningGateway,
    *,
    seed: int,
    payments: int,
    stripe: int,
    pace: float,
    kill_engine: bool = False,
) -> Proof:
    chance = random.Random(f"chaos {seed}")
    evidence = Evidence(gateway)
    client = PartnerClient(gateway.api, gateway.partner(0))
    shop = Shop(gateway, client)
    try:
        async with (
            strange_stripes(gateway.api, chance, stripe) as stripes,
            Listeners(gateway, chance) as listeners,
        ):
            await _route(gateway, stripes)
            run = Run(gateway, seed, shop, stripes)
            chaos = Chaos(
                gateway, chance, [each.proxy for each in stripes], pace, engine=kill_engine
            )
            began = time.monotonic()
            await chaos.begin()
            try:
                await run.customers(payments, stripe)
            finally:
                await chaos.end()
            paid = time.monotonic()
            engine = await Client.connect(gateway.told["temporalAddress"])
            left = await drain(evidence, engine, chaos.tell_the_rest, DRAIN_S)
            drained = time.monotonic()
            await chaos.close()
            effects = [e for each in stripes for e in await asyncio.to_thread(each.effects)]
            reckoning = await reckon(evidence, run.notes, effects)
            reckoning.findings += left + _too_few(reckoning, seed, payments, stripe)
            reckoning.findings += await listeners.drained(evidence, engine) + await unfaithful(
                engine
            )
            figures = sum((each.relay.figures for each in stripes), chaos.figures)
            figures += listeners.figures
    finally:
        await shop.close()
        await evidence.close()
    return Proof(seed, reckoning, figures, run.notes, paid - began, drained - paid)


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


def _prefix(seed: int) -> str:
    """Of the references of one run's payments."""
    return f"PROOF-{seed}-"


def _too_few(reckoning: Reckoning, seed: int, payments: int, stripe: int) -> list[Finding]:
    """A proof with customers who never came would prove less than it says."""
    wanted = {f"{_prefix(seed)}S": payments, f"{_prefix(seed)}L": stripe}
    references = [case.payment["reference"] for case in reckoning.cases]
    came = {name: sum(each.startswith(name) for each in references) for name in wanted}
    return [
        Finding(Kind.LOST, name, f"{came[name]} payments, and must be {wanted[name]}")
        for name in wanted
        if came[name] != wanted[name]
    ]


def gateway_under_fire() -> AbstractContextManager[RunningGateway]:
    """Two workers, and so little patience with providers that a hanging one is soon left."""
    return running_gateway(
        "--workers",
        "2",
        QUITTANCE_PROVIDER_TIMEOUT_S="3",
        QUITTANCE_PROVIDER_QUICK_TIMEOUT_S="3",
        QUITTANCE_TOKEN_TTL_S="14400",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make proof-cards", description=__doc__)
    parser.add_argument("--payments", type=int, default=1_000, help="through the sandbox")
    parser.add_argument("--stripe", type=int, default=200, help="through localstripe")
    parser.add_argument("--engine", action="store_true", help="kill Temporal as well")
    parser.add_argument("--seed", type=int, default=None, help="the same customers again")
    told = parser.parse_args(arguments)
    # Whoever ends us wants the whole stack to end.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    seed = random.SystemRandom().randrange(1, 10**6) if told.seed is None else told.seed
    print(f"seed {seed}: {told.payments} payments through the sandbox's acquirers, ", end="")
    print(f"{told.stripe} through localstripe", flush=True)
    with gateway_under_fire() as gateway:
        work = prove(
            gateway,
            seed=seed,
            payments=told.payments,
            stripe=told.stripe,
            pace=1.0,
            kill_engine=told.engine,
        )
        proof = asyncio.run(work)
        report.show(proof)
    return 1 if proof.findings else 0


if __name__ == "__main__":
    sys.exit(main())
