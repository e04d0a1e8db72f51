"""The proof of the other rails: customers pay at their banks and by a code, and everything goes
wrong meanwhile; in the end every book agrees to the cent.

    make proof-rails ARGS="--banks 400 --codes 400 --seed 7"
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from tests.proofs.journeys import BankJourney, CodeJourney
from tests.proofs.plans import bank_plans, code_plans
from tests.proofs.proof import Crowd, Scene, Walk, prove, show, told_seed


def crowd(banks: int, codes: int) -> Crowd:
    def customers(scene: Scene) -> dict[str, Sequence[Walk]]:
        return {
            "B": [scene.journey("B", plan, BankJourney) for plan in bank_plans(scene.seed, banks)],
            "Q": [scene.journey("Q", plan, CodeJourney) for plan in code_plans(scene.seed, codes)],
        }

    return customers


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="make proof-rails", description=__doc__)
    parser.add_argument("--banks", type=int, default=400, help="payments at banks")
    parser.add_argument("--codes", type=int, default=400, help="payments by a code")
    parser.add_argument("--engine", action="store_true", help="kill Temporal as well")
    parser.add_argument("--seed", type=int, default=None, help="the same customers again")
    told = parser.parse_args(arguments)
    seed = told_seed(told.seed)
    print(f"seed {seed}: {told.banks} payments at banks, {told.codes} by a code", flush=True)
    who = crowd(told.banks, told.codes)
    return show(partial(prove, crowd=who, seed=seed, pace=1.0, kill_engine=told.engine))


if __name__ == "__main__":
    sys.exit(main())
