"""The worker dies at every step and another takes over: one effect, one entry, one answer."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from payments.domain.bill import LockState, Transaction, TransactionState
from tests.fakes.billers import Paying
from tests.workflows.engine import PATIENCE, Desk, make_order, make_request
from tests.workflows.lives import live_all
from tests.workflows.worker_process import DIED, WorkerProcess, World, started


@dataclass(frozen=True)
class Life:
    """One life of one lock, and where its first worker dies."""

    failpoint: str
    script: tuple[Paying, ...] = ()
    expires: bool = False

    def __str__(self) -> str:
        return " ".join([self.failpoint, *(how.name.lower() for how in self.script)])


PAID = [
    *(Life(f"after {step}") for step in ("hold", "begin", "pay", "settle")),
    *(Life(f"before {step}") for step in ("pay", "settle")),
    *(Life(f"after {step}", (Paying.LOSE_ANSWER,)) for step in ("suspend", "confirm")),
]
DECLINED = [Life(f"after {step}", (Paying.DECLINE,)) for step in ("settle", "release")]
EXPIRED = [Life(f"after {step}", expires=True) for step in ("release", "close_lock")]


@dataclass
class Workers:
    """Worker processes on one task queue over one world, one after the other."""

    desk: Desk
    world: Path

    @asynccontextmanager
    async def one_after_another(self, failpoint: str) -> AsyncIterator[None]:
        """The first dies at the failpoint, the next works on and is stopped at the end."""
        async with started(self.desk, self.world, failpoint) as first, AsyncExitStack() as later:

            async def succeed() -> WorkerProcess:
                assert await first.wait() == DIED
                return await later.enter_async_context(started(self.desk, self.world))

            # The group ends the test when the succession fails; nobody else would work.
            async with asyncio.TaskGroup() as group:
                succession = group.create_task(succeed())
                yield
                second = await succession
                second.terminate()
                assert await second.wait() == 0


async def live(environment: WorkflowEnvironment, life: Life, path: Path) -> "Story":
    """Lock, pay unless it shall expire, and wait for the end, while workers die and come."""
    desk, order = Desk(environment), make_order()
    world = World(path)
    world.biller.script.extend(life.script)
    world.keep()
    ttl = timedelta(seconds=3 if life.expires else 300)
    # The payer waits as long as a busy machine takes to start two workers.
    request = make_request(ttl=ttl, acquire_by=datetime.now(UTC) + 2 * PATIENCE)
    async with Workers(desk, path).one_after_another(life.failpoint):
        handle, _ = await desk.lock(request)
        if not life.expires:
            await desk.pay(handle, order)
        end = await handle.result()
    return Story(World(path), end, order.transaction_id)


@dataclass
class Story:
    """What is left when it is over."""

    world: World
    end: LockState
    payment: str

    @property
    def row(self) -> Transaction:
        return self.world.transactions.rows[self.payment]

    @property
    def postings(self) -> list[str]:
        """The kinds of entries, in order; an entry written twice would be here twice."""
        return [key.split(":")[0] for key in self.world.transactions.ledger.postings]


@pytest.fixture(scope="module")
async def stories(
    environment: WorkflowEnvironment, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[Life, Story]:
    lives = [*PAID, *DECLINED, *EXPIRED]
    return await live_all(live, lives, environment, tmp_path_factory.mktemp("worlds"))


@pytest.mark.parametrize("life", PAID, ids=str)
async def test_a_worker_that_dies_leaves_one_effect_one_entry_and_one_answer(
    stories: Mapping[Life, Story], life: Life
) -> None:
    story = stories[life]

    assert story.end is LockState.PAID
    assert story.world.biller.effects == [story.payment]
    assert story.row.state is TransactionState.PAID
    assert story.postings in (["paid"], ["suspended", "paid"])
    assert story.world.transactions.events == [("bill.paid", story.payment)]


@pytest.mark.parametrize("life", DECLINED, ids=str)
async def test_a_worker_that_dies_in_a_decline_leaves_nothing_moved(
    stories: Mapping[Life, Story], life: Life
) -> None:
    story = stories[life]

    assert story.end is LockState.DECLINED
    assert story.world.biller.effects == []
    assert story.world.biller.holds == {}
    assert story.row.state is TransactionState.DECLINED
    assert story.postings in ([], ["suspended", "declined"])


@pytest.mark.parametrize("life", EXPIRED, ids=str)
async def test_a_worker_that_dies_while_a_lock_expires_leaves_one_event(
    stories: Mapping[Life, Story], life: Life
) -> None:
    story = stories[life]

    assert story.end is LockState.EXPIRED
    assert story.world.biller.effects == []
    assert [kind for kind, _ in story.world.transactions.events] == ["bill.lock_expired"]
    assert story.postings == []


async def test_a_sent_payment_whose_worker_dies_is_asked_after_and_not_sent_again(
    stories: Mapping[Life, Story],
) -> None:
    calls = stories[Life("after pay")].world.biller.calls

    assert len([call for call in calls if call.startswith("pay ")]) == 1
    assert len([call for call in calls if call.startswith("confirm ")]) >= 1
