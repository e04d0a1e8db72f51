"""worker.py as a child process with fakes for cards behind it: see worker_process.py."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import worker
from payments.config import Settings
from payments.ports.steps import Bills, Cards
from tests.card_fakes import FakePayments
from tests.fake_provider import FakeProvider, FakeProviders
from tests.fakes.billers import FakeBillers
from tests.fakes.transactions import FakeTransactions
from tests.refund_fakes import FakeRefunds
from tests.route_fakes import FixedRisk, FixedRoute
from tests.workflows.worker_process import Kept, Watched

MODULE = "tests.workflows.card_worker_process"


class CardWorld(Kept):
    def __init__(self, path: Path) -> None:
        payments = FakePayments()
        super().__init__(path, FakeProvider(), FakeProvider(), payments, FakeRefunds(payments))
        self.north: FakeProvider
        self.south: FakeProvider
        self.payments: FakePayments
        self.refunds: FakeRefunds
        self.north, self.south, self.payments, self.refunds = self.fakes


def main() -> None:
    world, failpoint = CardWorld(Path(sys.argv[1])), sys.argv[2]

    def watched(fake: object) -> Any:
        return Watched(fake, world, failpoint)

    @asynccontextmanager
    async def open_steps(_: Settings) -> AsyncIterator[tuple[Bills, Cards]]:
        providers = {"NORTH": watched(world.north), "SOUTH": watched(world.south)}
        yield (
            Bills(FakeBillers({}), FakeTransactions()),
            Cards(
                FakeProviders(providers),
                watched(world.payments),
                watched(world.refunds),
                FixedRisk(),
                FixedRoute(),
            ),
        )

    worker.main(open_steps)


if __name__ == "__main__":
    main()
