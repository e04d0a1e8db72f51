"""The proof of card payments in small: `make proof-cards` is the same with thirty times as many."""

from tests.proofs.cards import crowd
from tests.proofs.proof import prove
from tests.running_gateway import RunningGateway

SEED = 7


async def test_every_book_agrees_whatever_happens_meanwhile(gateway: RunningGateway) -> None:
    proof = await prove(gateway, crowd(40, stripe=8), seed=SEED, stripe=8, pace=0.4)

    assert proof.findings == [], [str(each) for each in proof.findings]
    # It was a fire: otherwise nothing was shown.
    assert proof.figures["workers killed"] >= 1
    assert proof.figures.total() > 50
