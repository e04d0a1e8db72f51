"""The proof of the other rails: customers pay at their banks and by a code, partners pay out, and
everything goes wrong meanwhile; in the end every book agrees to the cent.

    make proof-rails ARGS="--banks 300 --codes 300 --payouts 300 --seed 7"
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from typing import Final

from tests.api.till import Till
from tests.proofs.journeys import BankJourney, CodeJourney
from tests.proofs.payouts import PayoutWalk, payout_plans, payouts_reckoned
from tests.proofs.plans import bank_plans, code_plans
from tests.proofs.proof import Crowd, Guests, Scene, prove, show, told_seed
from tests.running_gateway import PartnerClient

# What the partner has earned by card before it pays out.
_EARNED: Final = "8000.00"


def crowd(banks: int, codes: int, payouts: int) -> Crowd:
    async def everybody(scene: Scene) -> Guests:
        gateway = scene.gateway
        till = Till(gateway, scene.shop, PartnerClient(gateway.api, gateway.partner(0)))
        plans = list(payout_plans(scene.seed, payouts))
        while float(await till.funds()) < sum(plan.amount_minor for plan in plans) / 100 + payouts:
            await till.earn(_EARNED)
        prefix = scene.prefix("P")
        walks = [PayoutWalk(till, each, f"{prefix}{each.number}", scene.notes) for each in plans]
        return Guests(
            {
                "B": [
                    scene.journey("B", each, BankJourney) for each in bank_plans(scene.seed, banks)
                ],
                "Q": [
                    scene.journey("Q", each, CodeJourney) for each in code_plans(scene.seed, codes)
                ],
            },
            [each.walk for each in walks],
            partial(payouts_reckoned, till, prefix, payouts),
        )

    return everybody


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make proof-rails", description=__doc__)
    parser.add_argument("--banks", type=int, default=300, help="payments at banks")
    parser.add_argument("--codes", type=int, default=300, help="payments by a code")
    parser.add_argument("--payouts", type=int, default=300, help="payouts")
    parser.add_argument("--engine", action="store_true", help="kill Temporal as well")
    parser.add_argument("--seed", type=int, default=None, help="the same customers again")
    told = parser.parse_args(arguments)
    seed = told_seed(told.seed)
    print(f"seed {seed}: {told.banks} payments at banks, {told.codes} by a code, ", end="")
    print(f"{told.payouts} payouts", flush=True)
    who = crowd(told.banks, told.codes, told.payouts)
    return show(partial(prove, crowd=who, seed=seed, pace=1.0, kill_engine=told.engine))


if __name__ == "__main__":
    sys.exit(main())
