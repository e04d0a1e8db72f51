"""worker.py as a child process with fakes for payouts and refunds behind it: worker_process.py."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import worker
from payments.config import Settings
from payments.domain.payment import PaymentOrder, PaymentStatus
from payments.ports.steps import Bills, Cards, PayoutSteps, Steps
from tests.card_factories import PASSED, make_attempt, make_decision, make_fact, make_order
from tests.card_fakes import FakePayments
from tests.case_fakes import FakeCases
from tests.fake_provider import FakeProvider, FakeProviders
from tests.fakes.batches import FakeBatches
from tests.fakes.billers import FakeBillers
from tests.payout_fakes import FakePayouts
from tests.rail_fakes import FakeDestinations, FakeRail, FakeRails
from tests.refund_fakes import FakeRefunds
from tests.route_fakes import FixedRisk, FixedRoute
from tests.workflows.engine import no_disputes
from tests.workflows.worker_process import Kept, Watched


class PayoutWorld(Kept):
    def __init__(self, path: Path) -> None:
        payments, batches = FakePayments(), FakeBatches()
        refunds = FakeRefunds(payments)
        super().__init__(
            *(path, FakeRail(), FakePayouts(refunds=refunds, batches=batches), FakeDestinations()),
            *(FakeProvider(), payments, refunds, batches),
        )
        self.rail: FakeRail
        self.payouts: FakePayouts
        self.accounts: FakeDestinations
        self.north: FakeProvider
        self.payments: FakePayments
        self.refunds: FakeRefunds
        self.batches: FakeBatches
        self.rail, self.payouts, self.accounts, *others = self.fakes
        self.north, self.payments, self.refunds, self.batches = others

    async def earn(self) -> PaymentOrder:
        """A card paid 100.00."""
        order = make_order()
        attempt = make_attempt(order)
        await self.payments.begin(order, PASSED, make_decision())
        await self.north.authorize(attempt)
        await self.payments.move(make_fact(attempt, PaymentStatus.CAPTURED, captured=order.amount))
        return order


def serve_payouts(path: Path, failpoint: str) -> None:
    world = PayoutWorld(path)

    def watched(fake: object) -> Any:
        return Watched(fake, world, failpoint)

    @asynccontextmanager
    async def open_steps(_: Settings) -> AsyncIterator[Steps]:
        yield Steps(
            Bills(FakeBillers({}), world.batches.transactions, watched(world.batches)),
            Cards(
                FakeProviders({"NORTH": watched(world.north)}),
                watched(world.payments),
                watched(world.refunds),
                FixedRisk(),
                FixedRoute(),
                FakeCases(world.payments),
            ),
            PayoutSteps(
                FakeRails(watched(world.rail)), watched(world.payouts), watched(world.accounts)
            ),
            no_disputes(),
        )

    worker.main(open_steps)
