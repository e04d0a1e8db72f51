"""Worker and engine die together just when somebody's word was written down: it is followed, and
nobody has to say it again.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from payments.domain.batch import BatchMove, BatchStatus
from payments.domain.case import CasePolicy, CaseStatus
from payments.domain.dispute import ResponseState
from payments.domain.evidence import Evidence, EvidenceText
from payments.domain.payment import PaymentStatus, Review
from payments.domain.payout import PayoutStatus
from payments.ports.payouts import Word
from payments.search_attributes import SEARCH_ATTRIBUTES
from payments.stack.temporal import TemporalDevServer
from payments.temporal import DATA_CONVERTER
from tests.card_factories import PASSED, make_attempt, make_decision
from tests.contracts.card_record import S as P
from tests.contracts.card_record import begun, fact_of
from tests.dispute_factories import make_dispute_order, make_found
from tests.patience import until
from tests.provider_script import How
from tests.rail_fakes import PAID
from tests.workflows.asked_worker_process import AskedWorld, serve_asked
from tests.workflows.batch_stage import BatchHandle, BatchStage, make_rows
from tests.workflows.card_desk import PayHandle, make_code_order, make_order
from tests.workflows.disputing import WEEK, Disputing
from tests.workflows.payout_desk import HELD, PayoutDesk, PayoutHandle
from tests.workflows.payout_desk import make_order as make_payout
from tests.workflows.worker_process import DIED, started
from workflows.batch import Batch
from workflows.card_payment import CardPayment

PATIENCE_S: Final = 120
NOW: Final = datetime.now(UTC)


class MortalEngine(TemporalDevServer):
    """Killed, it comes back at the same place, with what it had written down."""

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


@dataclass(frozen=True)
class Asked:
    """Somebody at a door: what it is a door of, what is asked there, and what comes of it."""

    begin: Callable[[], Awaitable[object]]
    ask: Callable[[], Awaitable[object]]
    end: Callable[[], Awaitable[object]]


Story = Callable[[AskedWorld, PayoutDesk], Awaitable[Asked]]


def of_held_payout(
    ask: Callable[[PayoutDesk, PayoutHandle], Awaitable[object]], *before: Word
) -> Story:
    async def story(world: AskedWorld, desk: PayoutDesk) -> Asked:
        order = make_payout(limits=HELD)
        world.payouts.spoken[order.payout_id] = list(before)
        handle = desk.payout_of(order.payout_id)
        return Asked(lambda: desk.pay_out(order), lambda: ask(desk, handle), handle.result)

    return story


def of_held_payment(ask: Callable[[PayoutDesk, PayHandle], Awaitable[object]]) -> Story:
    async def story(world: AskedWorld, desk: PayoutDesk) -> Asked:
        order = make_order()
        handle = desk.handle_of(order)
        return Asked(lambda: desk.charge(order), lambda: ask(desk, handle), handle.result)

    return story


def of_paused_batch(ask: Callable[[BatchHandle], Awaitable[object]]) -> Story:
    async def story(world: AskedWorld, desk: PayoutDesk) -> Asked:
        desk.batches, stage = world.batches, BatchStage(desk)
        batch = await stage.create(make_rows(1))
        await desk.batches.move(BatchMove(batch.batch_id, BatchStatus.PAUSED))
        handle = stage.handle(batch.batch_id)

        async def begin() -> None:
            await stage.begin(batch)
            await desk.until_details(handle, "**paused**")

        return Asked(begin, lambda: ask(handle), handle.result)

    return story


async def an_answered_dispute(world: AskedWorld, desk: PayoutDesk) -> Asked:
    payment = await begun(world.payments, reference=make_order().reference)
    await world.payments.move(fact_of(payment, P.CAPTURED))
    order = make_dispute_order()
    world.north.disputes[order.reference] = make_found(payment, order, due_at=NOW + WEEK)
    said = Evidence(1, {EvidenceText.EXPLANATION: "They wore it."}, {}, NOW)
    world.evidence.rows[order.dispute_id] = [said]
    dispute = Disputing(desk, payment, order)

    async def state() -> ResponseState | None:
        return AskedWorld(world.path).disputes.rows[order.dispute_id].response_state

    async def taken() -> ResponseState | None:
        async def is_taken() -> bool:
            return await state() is ResponseState.TAKEN

        await until(is_taken, PATIENCE_S, "the answer was never sent")
        return await state()

    return Asked(dispute.told, lambda: dispute.respond(1), taken)


async def an_accepted_case(world: AskedWorld, desk: PayoutDesk) -> Asked:
    order = make_code_order()
    attempt = make_attempt(order)
    await world.payments.begin(order, PASSED, make_decision())
    world.north.takes(How.CHALLENGE)
    await world.north.authorize(attempt)
    for status in (P.REQUIRES_ACTION, P.EXPIRED):
        await world.payments.move(fact_of(order, status))
    await world.north.void(attempt)
    late = world.north.pay(attempt.reference)
    return Asked(
        lambda: desk.told_of(attempt, late.id),
        lambda: desk.resolve(late.id, CasePolicy.ACCEPT),
        lambda: desk.case_of(late.id).result(),
    )


def word(*, approved: bool) -> Callable[[PayoutDesk, PayHandle], Awaitable[object]]:
    return lambda _, payment: payment.execute_update(CardPayment.review, Review(approved, "ann"))


STORIES: Final[Mapping[str, tuple[Story, object]]] = {
    "a payout's second yes": (
        of_held_payout(lambda desk, of: desk.review(of, "bob"), Word("ann", True, NOW)),
        PayoutStatus.PAID,
    ),
    "a no to a payout": (
        of_held_payout(lambda desk, of: desk.review(of, "ann", approved=False)),
        PayoutStatus.CANCELED,
    ),
    "a payout's cancel": (
        of_held_payout(lambda desk, of: desk.take_back(of)),
        PayoutStatus.CANCELED,
    ),
    "a yes to a payment": (of_held_payment(word(approved=True)), PaymentStatus.CAPTURED),
    "a no to a payment": (of_held_payment(word(approved=False)), PaymentStatus.FAILED),
    "a payment's cancel": (
        of_held_payment(lambda desk, of: desk.cancel(of)),
        PaymentStatus.CANCELED,
    ),
    "a batch's resume": (
        of_paused_batch(lambda of: of.execute_update(Batch.resume)),
        BatchStatus.FINISHED,
    ),
    "a batch's cancel": (
        of_paused_batch(lambda of: of.execute_update(Batch.cancel)),
        BatchStatus.CANCELED,
    ),
    "a dispute's answer": (an_answered_dispute, ResponseState.TAKEN),
    "an operator's word on a case": (an_accepted_case, CaseStatus.ACCEPTED),
}


@pytest.fixture(scope="module")
async def ends(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, object]:
    """What came of each: its result, or what went wrong."""
    folder = tmp_path_factory.mktemp("asked")
    engine = MortalEngine(folder / "engine.db", search_attributes=SEARCH_ATTRIBUTES)
    async with engine:
        client = await Client.connect(engine.address, data_converter=DATA_CONVERTER)
        desk = PayoutDesk(WorkflowEnvironment.from_client(client))
        world = AskedWorld(folder / "world")
        world.rail.answers.append(PAID)
        all_asked = [await story(world, desk) for story, _ in STORIES.values()]
        world.keep()
        async with started(desk, world.path, str(len(STORIES)), serve=serve_asked) as first:
            await asyncio.gather(*(each.begin() for each in all_asked))
            asking = [asyncio.ensure_future(each.ask()) for each in all_asked]
            assert await first.wait() == DIED
            for each in asking:
                each.cancel()
            await asyncio.gather(*asking, return_exceptions=True)
        engine.kill()
        await engine.stop()
        await engine.start()
        async with started(desk, world.path, serve=serve_asked):
            ends = (asyncio.wait_for(each.end(), PATIENCE_S) for each in all_asked)
            ended = await asyncio.gather(*ends, return_exceptions=True)
    return dict(zip(STORIES, ended, strict=True))


@pytest.mark.parametrize("name", STORIES)
def test_what_was_asked_is_done_though_all_that_heard_it_died(
    ends: Mapping[str, object], name: str
) -> None:
    assert ends[name] is STORIES[name][1]
