"""worker.py as a child process with fakes for payouts behind it: see worker_process.py."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import worker
from payments.config import Settings
from payments.ports.steps import Bills, PayoutSteps, Steps
from tests.fakes.batches import FakeBatches
from tests.fakes.billers import FakeBillers
from tests.fakes.transactions import FakeTransactions
from tests.payout_fakes import FakeDestinations, FakePayouts, FakeRail, FakeRails
from tests.workflows.engine import no_cards, no_disputes
from tests.workflows.worker_process import Kept, Watched


class PayoutWorld(Kept):
    def __init__(self, path: Path) -> None:
        super().__init__(path, FakeRail(), FakePayouts(), FakeDestinations())
        self.rail: FakeRail
        self.payouts: FakePayouts
        self.accounts: FakeDestinations
        self.rail, self.payouts, self.accounts = self.fakes


def serve_payouts(path: Path, failpoint: str) -> None:
    world = PayoutWorld(path)

    def watched(fake: object) -> Any:
        return Watched(fake, world, failpoint)

    @asynccontextmanager
    async def open_steps(_: Settings) -> AsyncIterator[Steps]:
        transactions = FakeTransactions()
        yield Steps(
            Bills(FakeBillers({}), transactions, FakeBatches(transactions)),
            no_cards(),
            PayoutSteps(
                FakeRails(watched(world.rail)), watched(world.payouts), watched(world.accounts)
            ),
            no_disputes(),
        )

    worker.main(open_steps)
