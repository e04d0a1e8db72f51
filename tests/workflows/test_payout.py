"""Payouts through the engine, with a rail and a record in memory."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment

from payments.domain.codes import Code
from payments.domain.outcome import OutcomeKind
from payments.domain.payout import PayoutStatus
from payments.domain.rail import TransferAnswer
from tests.payout_factories import make_payout_fact
from tests.rail_fakes import DECLINED, FAILED, LOST, NOT_SENT, PAID, RETURNED, TAKEN
from tests.workflows.engine import refusal_of
from tests.workflows.payout_desk import PayoutDesk, make_order
from tests.workflows.test_card_budget import assert_within, cost
from workflows.payout import HOLD_LASTS

P = PayoutStatus
OUT = {"partner_payable": 10_025, "provider_receivable": -10_000, "fee_income": -25}
FEE_ONLY = {"partner_payable": 25, "fee_income": -25}


@pytest.fixture
async def desk(environment: WorkflowEnvironment) -> AsyncIterator[PayoutDesk]:
    desk = PayoutDesk(environment)
    async with desk.worker():
        yield desk


@pytest.mark.parametrize(
    ("answer", "status", "books"),
    [(PAID, P.PAID, OUT), (FAILED, P.FAILED, {}), (RETURNED, P.RETURNED, FEE_ONLY)],
)
async def test_the_rails_last_word_ends_it(
    answer: TransferAnswer, status: PayoutStatus, books: dict[str, int], desk: PayoutDesk
) -> None:
    order = make_order()
    handle, payout = await desk.pay_out(order)
    assert payout.status is P.QUEUED
    await desk.becomes(order, P.SENT)

    desk.rail.now = answer
    told = await desk.tell(handle)

    assert told.payout is not None
    assert await handle.result() is told.payout.status is status
    assert desk.record.balances() == books
    assert desk.rail.sent == [order.payout_id]


async def test_what_a_dead_worker_has_moved_already_is_no_quarrel(desk: PayoutDesk) -> None:
    desk.rail.gate = asyncio.Event()
    desk.rail.answers.append(PAID)
    order = make_order()
    handle, _ = await desk.pay_out(order)
    await desk.until_tried(handle, "rails.send", attempts=1)
    for status in (P.SENT, P.PAID):
        await desk.record.move(make_payout_fact(order, status))

    desk.rail.gate.set()

    assert await handle.result() is P.PAID
    assert desk.record.balances() == OUT


async def test_a_decline_gives_everything_back(desk: PayoutDesk) -> None:
    desk.rail.answers.append(DECLINED)
    order = make_order()

    handle, _ = await desk.pay_out(order)

    assert await handle.result() is P.FAILED
    assert desk.record.rows[order.payout_id].code is Code.ACCOUNT_CLOSED
    assert desk.record.balances() == {}


async def test_a_lost_answer_waits_in_suspense_until_the_rail_is_heard(desk: PayoutDesk) -> None:
    desk.rail.answers.append(LOST)
    desk.rail.silent = True
    order = make_order()
    handle, _ = await desk.pay_out(order)
    await desk.until_tried(handle, "rails.ask", attempts=2)

    assert desk.record.balances() == {"partner_payable": 10_025, "suspense": -10_025}
    assert await refusal_of(desk.take_back(handle)) is Code.PAYOUT_STATE
    desk.rail.silent, desk.rail.now = False, PAID

    await desk.tell(handle)
    assert await handle.result() is P.PAID
    assert desk.record.balances() == OUT
    assert len(desk.rail.sent) == 1


async def test_what_never_arrived_is_sent_again_under_its_name_alone(desk: PayoutDesk) -> None:
    desk.rail.forgets = True
    desk.rail.answers.extend([LOST, PAID])
    order = make_order()
    handle, _ = await desk.pay_out(order)

    await desk.skip(handle, timedelta(seconds=10))

    assert await handle.result() is P.PAID
    assert desk.rail.sent == [order.payout_id]
    assert desk.record.balances() == OUT


async def test_a_rail_that_takes_nothing_leaves_time_to_cancel(desk: PayoutDesk) -> None:
    desk.rail.answers.extend([NOT_SENT] * 100)
    order = make_order()
    handle, _ = await desk.pay_out(order)

    assert await desk.taken_back(handle) is P.CANCELED
    assert await handle.result() is P.CANCELED
    assert desk.rail.sent == []
    assert desk.record.balances() == {}


async def test_what_the_record_has_canceled_is_not_sent(desk: PayoutDesk) -> None:
    """By a worker that died with the cancel, and an engine that has forgotten it."""
    desk.rail.gate = asyncio.Event()
    desk.rail.answers.append(NOT_SENT)
    order = make_order()
    handle, _ = await desk.pay_out(order)
    await desk.until_sending(handle)
    await desk.record.move(make_payout_fact(order, P.CANCELED))

    desk.rail.gate.set()

    with pytest.raises(WorkflowFailureError):
        await handle.result()
    assert desk.rail.sent == []
    assert desk.record.balances() == {}


async def test_what_is_being_sent_cannot_be_canceled(desk: PayoutDesk) -> None:
    desk.rail.gate = asyncio.Event()
    handle, _ = await desk.pay_out()
    await desk.until_sending(handle)

    assert await refusal_of(desk.take_back(handle)) is Code.PAYOUT_STATE

    desk.rail.gate.set()
    desk.rail.now = PAID


async def test_two_people_let_it_go(desk: PayoutDesk) -> None:
    desk.rail.answers.append(PAID)
    handle, order = await desk.held()

    for by in ("ann", "ann"):
        answer = await desk.review(handle, by)
        assert answer.payout is not None
        assert answer.payout.status is P.ON_HOLD
    assert desk.rail.sent == []
    await desk.review(handle, "bob")

    assert await handle.result() is P.PAID
    assert desk.rail.sent == [order.payout_id]


async def test_a_word_without_a_name_is_not_heard_and_stops_nobody_else(desk: PayoutDesk) -> None:
    handle, _ = await desk.held()

    assert await refusal_of(desk.review(handle, "ann b")) is Code.FIELD_REFUSED
    assert (await desk.review(handle, "ann")).payout is not None


async def test_nobody_can_speak_for_what_is_not_held(desk: PayoutDesk) -> None:
    desk.rail.gate = asyncio.Event()
    handle, _ = await desk.pay_out()

    assert await refusal_of(desk.review(handle, "ann")) is Code.PAYOUT_STATE
    desk.rail.gate.set()


async def test_a_yes_a_no_and_a_cancel_at_once_have_one_end(desk: PayoutDesk) -> None:
    desk.rail.answers.append(PAID)
    handle, order = await desk.held()

    await asyncio.gather(
        desk.review(handle, "ann"),
        desk.review(handle, "bob"),
        desk.review(handle, "cleo", approved=False),
        desk.take_back(handle),
        return_exceptions=True,
    )

    end = await handle.result()
    assert end in (P.PAID, P.CANCELED)
    assert desk.rail.sent == [order.payout_id] * (end is P.PAID)
    assert desk.record.balances() == (OUT if end is P.PAID else {})


async def test_a_hold_that_nobody_looks_at_ends(desk: PayoutDesk) -> None:
    handle, order = await desk.held()
    await desk.review(handle, "ann")

    await desk.skip(handle, HOLD_LASTS)

    assert await handle.result() is P.CANCELED
    assert desk.record.rows[order.payout_id].code is Code.HOLD_REJECTED
    assert desk.record.balances() == {}


async def test_a_webhook_that_never_comes_is_not_needed(desk: PayoutDesk) -> None:
    order = make_order()
    handle, _ = await desk.pay_out(order)
    await desk.becomes(order, P.SENT)
    desk.rail.now = PAID

    await desk.skip(handle, timedelta(seconds=16))

    assert await handle.result() is P.PAID


async def test_a_forgotten_destination_is_never_paid(desk: PayoutDesk) -> None:
    handle, order = await desk.held()
    desk.accounts.forgotten = True
    for by in ("ann", "bob"):
        await desk.review(handle, by)

    assert await handle.result() is P.FAILED
    assert desk.record.rows[order.payout_id].code is Code.DESTINATION_FORGOTTEN
    assert desk.rail.sent == []


async def test_a_payout_nobody_waits_for_any_more_is_not_begun(desk: PayoutDesk) -> None:
    late = make_order(deadline=datetime.now(UTC) - timedelta(seconds=1))

    _, answer = await desk.begin_payout(late)

    assert answer.refused is Code.ENGINE_UNAVAILABLE
    assert desk.record.rows == {}


async def test_a_payout_that_a_worker_began_before_it_died_goes_on_however_late(
    desk: PayoutDesk,
) -> None:
    order = make_order()
    await desk.record.begin(order)

    late = replace(order, deadline=datetime.now(UTC) - timedelta(seconds=1))
    handle, _ = await desk.pay_out(late)
    await desk.becomes(order, P.SENT)
    desk.rail.now = PAID
    await desk.tell(handle)

    assert await handle.result() is P.PAID


async def test_what_the_record_refuses_can_be_asked_for_again(desk: PayoutDesk) -> None:
    desk.record.refuses = Code.FUNDS_INSUFFICIENT
    order = make_order()
    handle, answer = await desk.begin_payout(order)
    assert answer.refused is Code.FUNDS_INSUFFICIENT
    with pytest.raises(WorkflowFailureError):
        await handle.result()

    desk.record.refuses = None
    desk.rail.answers.append(PAID)
    again, _ = await desk.pay_out(order)

    assert await again.result() is P.PAID


async def test_money_that_came_back_is_taken_back_once(desk: PayoutDesk) -> None:
    desk.rail.answers.append(PAID)
    order = make_order()
    handle, _ = await desk.pay_out(order)
    assert await handle.result() is P.PAID
    desk.rail.now = RETURNED

    found = await asyncio.gather(*(desk.came_back(order) for _ in range(5)))

    assert all(found)
    assert desk.record.rows[order.payout_id].status is P.RETURNED
    assert desk.record.balances() == FEE_ONLY


async def test_a_return_that_the_rail_does_not_know_moves_nothing(desk: PayoutDesk) -> None:
    desk.rail.answers.append(PAID)
    order = make_order()
    handle, _ = await desk.pay_out(order)
    await handle.result()

    assert not await desk.came_back(order)

    assert desk.record.rows[order.payout_id].status is P.PAID


async def test_another_answer_than_a_known_one_is_unknown(desk: PayoutDesk) -> None:
    desk.rail.answers.append(replace(TAKEN, kind=OutcomeKind.UNKNOWN))
    desk.rail.now = PAID
    handle, _ = await desk.pay_out()
    # Until it is sent again, and then until it is asked after.
    await desk.skip(handle, timedelta(seconds=30))

    assert await handle.result() is P.PAID
    assert [key.split(":")[0] for key in desk.record.postings] == [
        "payout_queued",
        "payout_suspended",
        "payout_sent",
    ]


async def test_what_a_payout_costs_the_engine(desk: PayoutDesk) -> None:
    """Without a hold and confirmed by a webhook: the cost sheet allows 32 events and 5 tasks."""
    order = make_order()
    handle, _ = await desk.pay_out(order)
    await desk.becomes(order, P.SENT)
    desk.rail.now = PAID
    await desk.tell(handle)

    kinds = await cost(handle)

    assert_within(kinds, events=31, tasks=4)
    assert kinds["ACTIVITY_TASK_SCHEDULED"] == 2
    assert kinds["MARKER_RECORDED"] == 3


async def test_whoever_tells_at_its_very_end_is_answered_and_holds_nothing_up(
    desk: PayoutDesk,
) -> None:
    order = make_order()
    handle, _ = await desk.pay_out(order)
    await desk.becomes(order, P.SENT)
    desk.rail.now = PAID

    # Who comes when it is over is told that it is.
    await asyncio.gather(*(desk.tell(handle) for _ in range(20)), return_exceptions=True)

    async with asyncio.timeout(60):
        assert await handle.result() is P.PAID
