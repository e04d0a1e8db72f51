"""worker.py as a child process with fakes behind every door: worker_process.py. Risk holds all
payments.

The failpoint is a number: what so many people asked for is written down, none of it is heard of any
more, and with the last of it the process ends.
"""

import asyncio
import inspect
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import worker
from payments.config import Settings
from payments.domain.batch import BatchMove
from payments.domain.payment import Fact, PaymentStatus, Verdict
from payments.domain.payout import PayoutFact, PayoutStatus
from payments.ports.steps import Bills, Cards, DisputeSteps, PayoutSteps, Steps
from tests.card_fakes import FakePayments
from tests.case_fakes import FakeCases
from tests.dispute_fakes import FakeDisputes, FakeEvidence
from tests.fake_provider import FakeProvider, FakeProviders
from tests.fakes.batches import FakeBatches
from tests.fakes.billers import FakeBiller, FakeBillers
from tests.payout_fakes import FakePayouts
from tests.rail_fakes import FakeDestinations, FakeRail, FakeRails
from tests.refund_fakes import FakeRefunds
from tests.route_fakes import FixedRisk, FixedRoute
from tests.workflows.worker_process import DIED, Kept

# Steps of which one is enough to know that somebody asked; of a move it is what it is about.
_ASKED: Final = frozenset({"review", "answer", "close"})
_MOVES: Final = frozenset(
    {PayoutStatus.CANCELED, PaymentStatus.CANCELED, PaymentStatus.FAILED, PaymentStatus.PROCESSING}
)


class AskedWorld(Kept):
    def __init__(self, path: Path) -> None:
        payments, batches = FakePayments(), FakeBatches()
        disputes = FakeDisputes(payments)
        super().__init__(
            *(path, FakeBiller(), batches, FakeProvider(), payments, FakeRefunds(payments)),
            *(disputes, disputes.evidence, FakeCases(payments)),
            *(FakeRail(), FakePayouts(batches=batches)),
        )
        self.biller: FakeBiller
        self.batches: FakeBatches
        self.north: FakeProvider
        self.payments: FakePayments
        self.refunds: FakeRefunds
        self.disputes: FakeDisputes
        self.evidence: FakeEvidence
        self.cases: FakeCases
        self.rail: FakeRail
        self.payouts: FakePayouts
        self.biller, self.batches, self.north, self.payments, self.refunds, *others = self.fakes
        self.disputes, self.evidence, self.cases, self.rail, self.payouts = others


class _Silenced:
    """A port whose state is kept after each call; what was asked for is done and never told."""

    def __init__(self, inner: object, world: AskedWorld, deaths_door: "_DeathsDoor") -> None:
        self._inner, self._world, self._deaths_door = inner, world, deaths_door

    def __getattr__(self, name: str) -> Any:
        method: Callable[..., Awaitable[Any]] = getattr(self._inner, name)
        if not inspect.iscoroutinefunction(method):
            return method

        async def call(*arguments: Any, **options: Any) -> Any:
            answer = await method(*arguments, **options)
            self._world.keep()
            if _is_asked(name, arguments[0] if arguments else None):
                await self._deaths_door.passed()
            return answer

        return call


class _DeathsDoor:
    def __init__(self, waits_for: int) -> None:
        self._left = waits_for

    async def passed(self) -> None:
        self._left -= 1
        if not self._left:
            os._exit(DIED)
        if self._left > 0:
            await asyncio.Event().wait()


def _is_asked(step: str, argument: object) -> bool:
    is_move = isinstance(argument, PayoutFact | Fact) and argument.status in _MOVES
    return step in _ASKED or is_move or isinstance(argument, BatchMove)


def serve_asked(path: Path, failpoint: str) -> None:
    world = AskedWorld(path)
    door = _DeathsDoor(int(failpoint or 0))

    def silenced(fake: object) -> Any:
        return _Silenced(fake, world, door)

    @asynccontextmanager
    async def open_steps(_: Settings) -> AsyncIterator[Steps]:
        billers = FakeBillers({"DESCO": silenced(world.biller)})
        yield Steps(
            Bills(billers, world.batches.transactions, silenced(world.batches)),
            Cards(
                FakeProviders({"NORTH": silenced(world.north)}),
                silenced(world.payments),
                silenced(world.refunds),
                FixedRisk(Verdict.HOLD),
                FixedRoute(("NORTH",)),
                silenced(world.cases),
            ),
            PayoutSteps(FakeRails(silenced(world.rail)), silenced(world.payouts), _accounts(world)),
            DisputeSteps(silenced(world.disputes), world.evidence),
        )

    worker.main(open_steps)


def _accounts(world: AskedWorld) -> FakeDestinations:
    return FakeDestinations(payouts=world.payouts.rows)
