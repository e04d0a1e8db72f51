"""worker.py as a child process with fakes for cards behind it: see worker_process.py."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import worker
from payments.config import Settings
from payments.ports.steps import Bills, Cards, DisputeSteps, Steps
from tests.card_fakes import FakePayments
from tests.case_fakes import FakeCases
from tests.dispute_fakes import FakeDisputes, FakeEvidence
from tests.fake_provider import FakeProvider, FakeProviders
from tests.fakes.batches import FakeBatches
from tests.fakes.billers import FakeBillers
from tests.fakes.transactions import FakeTransactions
from tests.payout_fakes import no_payouts
from tests.refund_fakes import FakeRefunds
from tests.route_fakes import FixedRisk, FixedRoute
from tests.workflows.worker_process import Kept, Watched


class CardWorld(Kept):
    def __init__(self, path: Path) -> None:
        payments = FakePayments()
        disputes = FakeDisputes(payments)
        super().__init__(
            *(path, FakeProvider(), FakeProvider(), payments, FakeRefunds(payments)),
            *(disputes, disputes.evidence, FakeCases(payments)),
        )
        self.north: FakeProvider
        self.south: FakeProvider
        self.payments: FakePayments
        self.refunds: FakeRefunds
        self.disputes: FakeDisputes
        self.evidence: FakeEvidence
        self.cases: FakeCases
        self.north, self.south, self.payments, *others = self.fakes
        self.refunds, self.disputes, self.evidence, self.cases = others


def serve_cards(path: Path, failpoint: str) -> None:
    world = CardWorld(path)

    def watched(fake: object) -> Any:
        return Watched(fake, world, failpoint)

    @asynccontextmanager
    async def open_steps(_: Settings) -> AsyncIterator[Steps]:
        providers = {"NORTH": watched(world.north), "SOUTH": watched(world.south)}
        yield Steps(
            Bills(FakeBillers({}), FakeTransactions(), FakeBatches()),
            Cards(
                FakeProviders(providers),
                watched(world.payments),
                watched(world.refunds),
                FixedRisk(),
                FixedRoute(),
                watched(world.cases),
            ),
            no_payouts(),
            DisputeSteps(watched(world.disputes), watched(world.evidence)),
        )

    worker.main(open_steps)
