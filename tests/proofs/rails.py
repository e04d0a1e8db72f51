"""The proof of the other rails: customers pay at their banks and by a code, others dispute what
they paid, partners pay out, and everything goes wrong meanwhile; in the end every book agrees to
the cent.

    make proof-rails ARGS="--banks 200 --codes 200 --disputes 200 --payouts 200 --seed 7"
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Final

from payments.cli.seed import CARD_TERMS
from tests.api.till import Till
from tests.back_office import administration
from tests.proofs.disputes import DisputeJourney, dispute_plans, disputes_reckoned
from tests.proofs.journeys import BankJourney, CodeJourney
from tests.proofs.payouts import PayoutWalk, customer_of, payout_plans, payouts_reckoned
from tests.proofs.plans import bank_plans, code_plans
from tests.proofs.proof import Guests, Scene, prove, show, told_seed
from tests.proofs.reckoning import Aftermath
from tests.proofs.surplus import cases_reckoned
from tests.running_gateway import PartnerClient

# What becomes of money that pays for nothing: nobody is there to decide.
_POLICIES: Final = {"late": "refund", "double": "accept", "amount": "refund"}
# What the partner earns by card, again and again, before it pays out.
_EARNED: Final = "8000.00"


@dataclass(frozen=True, slots=True)
class RailsCrowd:
    """How many of each come."""

    banks: int
    codes: int
    disputes: int
    payouts: int

    async def __call__(self, scene: Scene) -> Guests:
        async with administration(scene.gateway) as office:
            terms = replace(CARD_TERMS, case_policies=_POLICIES)
            await office.set_card_terms(scene.gateway.partner(0).id, terms)
        till = await self._till(scene)
        names, seed = scene.prefix("P"), scene.seed
        payouts = [
            PayoutWalk(
                *(till, plan, f"{names}{plan.number}", scene.notes),
                customer=await customer_of(till, plan) if plan.goes_back else None,
            )
            for plan in payout_plans(seed, self.payouts)
        ]
        banks = (scene.journey("B", plan, BankJourney) for plan in bank_plans(seed, self.banks))
        codes = (scene.journey("Q", plan, CodeJourney) for plan in code_plans(seed, self.codes))
        disputes = (
            DisputeJourney(scene.journey("D", plan), ending)
            for plan, ending in dispute_plans(seed, self.disputes)
        )

        async def aftermath() -> Aftermath:
            paid_out = await payouts_reckoned(till, names, self.payouts)
            disputed = await disputes_reckoned(scene.gateway, scene.prefix("D"))
            return paid_out + disputed + await cases_reckoned(scene.gateway)

        return Guests(
            {
                "B": [each.walk for each in banks],
                "Q": [each.walk for each in codes],
                "D": [each.walk for each in disputes],
            },
            [each.walk for each in payouts],
            aftermath,
        )

    async def _till(self, scene: Scene) -> Till:
        """With money in it for all payouts and their fees."""
        gateway = scene.gateway
        till = Till(gateway, scene.shop, PartnerClient(gateway.api, gateway.partner(0)))
        most = sum(plan.amount_minor / 100 + 1 for plan in payout_plans(scene.seed, self.payouts))
        while float(await till.funds()) < most:
            await till.earn(_EARNED)
        return till


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make proof-rails", description=__doc__)
    for kind in RailsCrowd.__slots__:
        parser.add_argument(f"--{kind}", type=int, default=200)
    parser.add_argument("--engine", action="store_true", help="kill Temporal as well")
    parser.add_argument("--seed", type=int, default=None, help="the same customers again")
    told = parser.parse_args(arguments)
    seed = told_seed(told.seed)
    who = RailsCrowd(told.banks, told.codes, told.disputes, told.payouts)
    print(f"seed {seed}: {asdict(who)}", flush=True)
    return show(partial(prove, crowd=who, seed=seed, pace=1.0, kill_engine=told.engine))


if __name__ == "__main__":
    sys.exit(main())
