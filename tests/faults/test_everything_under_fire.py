"""The proofs in small: `make proof-cards` and `make proof-rails` are the same with many more."""

from tests.proofs import cards, rails
from tests.proofs.proof import Guests, Scene, prove
from tests.running_gateway import RunningGateway

SEED = 7
STRIPE = 4
FIRE_S = 15


async def everybody(scene: Scene) -> Guests:
    by_card = await cards.crowd(12, STRIPE)(scene)
    others = await rails.RailsCrowd(banks=4, codes=3, disputes=4, payouts=8)(scene)
    return Guests({**by_card.payments, **others.payments}, others.others, others.aftermath)


async def test_every_book_agrees_whatever_happens_meanwhile(gateway: RunningGateway) -> None:
    proof = await prove(gateway, everybody, seed=SEED, stripe=STRIPE, pace=0.4, fire_s=FIRE_S)

    assert proof.findings == [], [str(each) for each in proof.findings]
    # It was a fire: otherwise nothing was shown.
    assert proof.figures["workers killed"] >= 1
    assert proof.figures.total() > 50
