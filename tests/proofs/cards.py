"""The proof of card payments: many customers, two kinds of providers, and everything that can go
wrong meanwhile; in the end every book agrees to the cent.

    make proof-cards ARGS="--payments 1000 --stripe 200 --seed 7"
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from tests.proofs.plans import sandbox_plans, stripe_plans
from tests.proofs.proof import Crowd, Guests, Scene, prove, show, told_seed


def crowd(payments: int, stripe: int) -> Crowd:
    async def customers(scene: Scene) -> Guests:
        return Guests(
            {
                "S": [
                    scene.journey("S", each).walk for each in sandbox_plans(scene.seed, payments)
                ],
                "L": [scene.journey("L", each).walk for each in stripe_plans(scene.seed, stripe)],
            }
        )

    return customers


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make proof-cards", description=__doc__)
    parser.add_argument("--payments", type=int, default=1_000, help="through the sandbox")
    parser.add_argument("--stripe", type=int, default=200, help="through localstripe")
    parser.add_argument("--engine", action="store_true", help="kill Temporal as well")
    parser.add_argument("--seed", type=int, default=None, help="the same customers again")
    told = parser.parse_args(arguments)
    seed = told_seed(told.seed)
    print(f"seed {seed}: {told.payments} payments through the sandbox's acquirers, ", end="")
    print(f"{told.stripe} through localstripe", flush=True)
    who = crowd(told.payments, told.stripe)
    work = partial(
        prove, crowd=who, seed=seed, stripe=told.stripe, pace=1.0, kill_engine=told.engine
    )
    return show(work)


if __name__ == "__main__":
    sys.exit(main())
