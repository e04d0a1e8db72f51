"""What the engine has lost is begun again from the record, and nothing is done twice by it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from activities import lost
from payments.domain import ids
from payments.domain.batch import Batch
from payments.domain.batch_row import BatchKind, RowState
from payments.domain.case import CasePolicy, CaseStatus
from payments.domain.codes import Code
from payments.domain.dispute import DisputeStatus, Response, ResponseOrder, ResponseState
from payments.domain.money import Money
from payments.domain.payout import PayoutStatus
from payments.domain.payout_legs import Plan, Source, Way, planned_legs, refund_of
from payments.domain.refund import RefundStatus, Reserved
from tests.card_factories import make_attempt
from tests.patience import until
from tests.payout_factories import make_payout_fact
from tests.rail_fakes import PAID
from tests.workflows.batch_stage import BatchStage, make_payout_row
from tests.workflows.card_desk import make_code_order, make_refund, until_begun
from tests.workflows.disputing import opened
from tests.workflows.payout_desk import HELD, PayoutDesk, PayoutHandle, make_order
from workflows.lost_watch import LostWatch

P = PayoutStatus
OUT = {"partner_payable": 10_025, "provider_receivable": -10_000, "fee_income": -25}


@pytest.fixture
async def desk(
    environment: WorkflowEnvironment, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[PayoutDesk]:
    """Whose engine has lost all that a test writes into the record, until the watch looks."""
    monkeypatch.setattr(lost, "QUIET", timedelta())
    monkeypatch.setattr(lost, "EVERY_S", 0.2)
    desk = PayoutDesk(environment)
    async with desk.worker():
        yield desk


@pytest.fixture
async def watch(desk: PayoutDesk) -> AsyncIterator["Watch"]:
    started = Watch(desk)
    yield started
    await started.end()


class Watch:
    def __init__(self, desk: PayoutDesk) -> None:
        self._desk = desk
        self._name = f"{ids.LOST_WATCH}:{uuid4()}"

    async def begin(self) -> None:
        await self._desk.client.start_workflow(
            LostWatch.run, id=self._name, task_queue=self._desk.task_queue
        )

    async def found(self, handle: WorkflowHandle[Any, Any]) -> None:
        await self.begin()
        await until_begun(handle)

    async def end(self) -> None:
        await self._desk.client.get_workflow_handle(self._name).terminate("the test is over")


async def lose(handle: WorkflowHandle[Any, Any]) -> None:
    """As an engine that was restored from before it, or begun anew."""
    execution = WorkflowExecution(workflow_id=handle.id)
    service, namespace = handle._client.workflow_service, handle._client.namespace
    await service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(namespace=namespace, workflow_execution=execution)
    )

    async def is_gone() -> bool:
        try:
            await handle.describe()
        except RPCError as error:
            return error.status is RPCStatusCode.NOT_FOUND
        return False

    await until(is_gone, 60, "the engine does not lose it")


async def held(desk: PayoutDesk) -> PayoutHandle:
    """By its name alone, so that it is the run that the watch begins, too."""
    _, order = await desk.held()
    return desk.payout_of(order.payout_id)


async def test_what_is_held_waits_for_its_reviewers_again(desk: PayoutDesk, watch: Watch) -> None:
    desk.rail.answers.append(PAID)
    _, order = await desk.held()
    handle = desk.payout_of(order.payout_id)
    await desk.review(handle, "ann")
    await lose(handle)
    await watch.found(handle)

    await desk.review(handle, "bob")

    assert await handle.result() is P.PAID
    assert desk.rail.sent == [order.payout_id]
    assert desk.record.balances() == OUT


async def test_what_is_with_its_rail_is_asked_after_and_not_sent_again(
    desk: PayoutDesk, watch: Watch
) -> None:
    order = make_order()
    handle = desk.payout_of(order.payout_id)
    await desk.pay_out(order)
    await desk.becomes(order, P.SENT)
    await lose(handle)
    desk.rail.now = PAID
    await watch.found(handle)

    await desk.tell(handle)

    assert await handle.result() is P.PAID
    assert desk.rail.sent == [order.payout_id]
    assert desk.record.balances() == OUT


async def test_what_may_have_been_sent_is_asked_after_first(desk: PayoutDesk, watch: Watch) -> None:
    order = make_order()
    await desk.record.begin(order)
    desk.rail.sent.append(order.payout_id)
    desk.rail.now = PAID
    handle = desk.payout_of(order.payout_id)

    await watch.found(handle)

    assert await handle.result() is P.PAID
    assert desk.rail.sent == [order.payout_id]


async def test_a_payout_by_legs_gives_nothing_back_twice(desk: PayoutDesk, watch: Watch) -> None:
    """One leg has ended, of one the answer was lost with the engine, and one never began."""
    payments = [(await desk.charge())[1] for _ in range(3)]
    sources = tuple(
        Source(payment.payment_id, 1_000, Way.REFUND, number)
        for number, payment in enumerate(payments, 1)
    )
    order = make_order(amount=Money(3_000, "USD"))
    desk.record.plan = planned_legs(order, Plan(sources, 0), P.QUEUED)
    await desk.record.begin(order)
    await desk.record.move(make_payout_fact(order, P.SENT))
    ended, sent = (refund_of(order, leg) for leg in desk.record.plan[:2])
    await desk.refund(ended)
    await lose(desk.client.get_workflow_handle(ids.refund(ended.refund_id)))
    assert await desk.refunds.reserve(sent) is Reserved.NOW
    attempt = await desk.payments.latest_attempt(sent.payment_id)
    assert attempt is not None
    await desk.north.refund(attempt, key=sent.refund_id, amount=sent.amount)
    desk.north.forgets_keys = True
    handle = desk.payout_of(order.payout_id)

    await watch.found(handle)

    assert await handle.result() is P.PAID
    refunds = [ids.leg_refund(order.payout_id, leg.number) for leg in desk.record.plan]
    given = [effect for effect in desk.north.effects if effect.startswith("refund")]
    assert given == [f"refund {name} 1000" for name in refunds]
    assert f"inquire {ended.refund_id}" not in desk.north.calls


async def test_a_refund_that_may_have_been_sent_is_asked_after_first(
    desk: PayoutDesk, watch: Watch
) -> None:
    _, payment = await desk.charge()
    order = make_refund(payment, 4_000)
    assert await desk.refunds.reserve(order) is Reserved.NOW
    attempt = await desk.payments.latest_attempt(payment.payment_id)
    assert attempt is not None
    await desk.north.refund(attempt, key=order.refund_id, amount=order.amount)
    desk.north.forgets_keys = True

    await watch.begin()
    handle = await desk.refund_begun(order)

    assert await handle.result() is RefundStatus.SUCCEEDED
    given = [effect for effect in desk.north.effects if effect.startswith("refund")]
    assert given == [f"refund {order.refund_id} 4000"]


async def test_a_row_is_still_its_batchs(desk: PayoutDesk, watch: Watch) -> None:
    stage = BatchStage(desk)
    batch = await stage.create([make_payout_row(2, limits=HELD)], kind=BatchKind.PAYOUTS)
    row = await stage.take(batch)
    assert await stage.start(row) is None
    handle = desk.payout_of(row.row.object_id)
    await until(lambda: _holds(stage, batch), 60, "the row is not held")
    await lose(handle)

    await watch.found(handle)

    assert await stage.start(row) is None
    desk.rail.answers.append(PAID)
    for by in ("ann", "bob"):
        await desk.review(handle, by)
    assert await handle.result() is P.PAID
    assert await stage.states(batch) == [RowState.PAID]


async def _holds(stage: BatchStage, batch: Batch) -> bool:
    return await stage.states(batch) == [RowState.HELD]


async def test_a_dispute_is_followed_again_and_its_answer_sent(
    desk: PayoutDesk, watch: Watch
) -> None:
    dispute = await opened(desk)
    await lose(dispute.handle)
    version = await dispute.said()
    order = ResponseOrder(dispute.order.dispute_id, Response.EVIDENCE, datetime.now(UTC), version)
    assert not isinstance(await desk.disputes.answer(order), Code)

    await watch.found(dispute.handle)

    await dispute.until_status(DisputeStatus.UNDER_REVIEW)
    assert dispute.row.response_state is ResponseState.TAKEN
    assert len(desk.north.said) == 1


async def test_a_case_waits_for_an_operator_again(desk: PayoutDesk, watch: Watch) -> None:
    order = make_code_order()
    payment, reference = await desk.shown(order)
    await desk.cancel(payment)
    await payment.result()
    late = desk.north.pay(reference)
    assert await desk.told_of(make_attempt(order), late.id)
    case = desk.case_of(late.id)
    await lose(case)
    await watch.found(case)
    await desk.until_details(case, "**open**")

    await desk.resolve(late.id, CasePolicy.ACCEPT)

    assert await case.result() is CaseStatus.ACCEPTED


async def test_what_the_engine_has_is_left_as_it_is(desk: PayoutDesk, watch: Watch) -> None:
    """At work, or ended by hand."""
    at_work, ended, last = [await held(desk) for _ in range(3)]
    await ended.terminate("by hand")
    runs = [(await each.describe()).run_id for each in (at_work, ended)]
    await lose(last)

    await watch.found(last)

    assert [(await each.describe()).run_id for each in (at_work, ended)] == runs


async def test_one_that_breaks_us_keeps_nobody_behind_it(
    desk: PayoutDesk, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost, "AT_ONCE", 2)
    monkeypatch.setattr(lost, "PAUSE_S", 0.0)
    handles = [await held(desk) for _ in range(5)]
    for each in (handles[0], handles[-1]):
        await lose(each)
    broken = handles[0].id.removeprefix("payout:")
    nonsense: Any = object()
    desk.record.orders[broken] = replace(desk.record.orders[broken], content=nonsense)

    await watch.found(handles[-1])


async def test_what_has_just_begun_is_left_alone(
    desk: PayoutDesk, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lost, "QUIET", timedelta(hours=1))
    old = make_order(limits=HELD, created_at=datetime.now(UTC) - timedelta(hours=2))
    young = make_order(limits=HELD)
    for order in (old, young):
        await desk.record.begin(order)
    handle = desk.payout_of(old.payout_id)

    await watch.begin()
    # Found a second time, all of the first look is over.
    for _ in range(2):
        await until_begun(handle)
        await lose(handle)

    with pytest.raises(RPCError) as unknown:
        await desk.payout_of(young.payout_id).describe()
    assert unknown.value.status is RPCStatusCode.NOT_FOUND
