"""A desk that pays out as the API does, with a rail and a record in memory behind the worker."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any, cast

from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.service import RPCError

from api.updates import Over, heard
from payments.domain import ids
from payments.domain.money import Money
from payments.domain.payout import (
    Payout,
    PayoutAnswer,
    PayoutOrder,
    PayoutReview,
    PayoutStatus,
)
from payments.domain.payout_legs import Plan, Source, Way, planned_legs
from payments.domain.payout_terms import PayoutLimits
from payments.ports.steps import PayoutSteps
from tests.patience import until
from tests.payout_factories import TRACE, make_destination, make_payout
from tests.payout_fakes import FakePayouts, balances_of
from tests.rail_fakes import FakeDestinations, FakeRail, FakeRails
from tests.workflows.card_desk import FAR, CardDesk, until_begun
from workflows import payout as paying_out
from workflows.payout_return import PayoutReturn, payout_return_operation

PayoutHandle = WorkflowHandle[paying_out.Payout, PayoutStatus]
HELD = PayoutLimits(hold_above=0)

_events = count(1)


def make_order(**changes: Any) -> PayoutOrder:
    now = datetime.now(UTC)
    return make_payout(make_destination(), **{"created_at": now, "deadline": now + FAR, **changes})


@dataclass
class PayoutDesk(CardDesk):
    rail: FakeRail = field(default_factory=FakeRail)
    record: FakePayouts = field(default_factory=FakePayouts)
    accounts: FakeDestinations = field(default_factory=FakeDestinations)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.record.refunds = self.refunds

    def payouts(self) -> PayoutSteps:
        self.record.batches = self.batches
        self.accounts.payouts = self.record.rows
        return PayoutSteps(FakeRails(self.rail), self.record, self.accounts)

    # What the API and operators do

    async def begin_payout(self, order: PayoutOrder) -> tuple[PayoutHandle, PayoutAnswer]:
        operation = paying_out.payout_operation(order, self.task_queue)
        try:
            answer = await self.client.execute_update_with_start_workflow(
                paying_out.Payout.begun,
                start_workflow_operation=operation,
                id=f"begun:evt_{next(_events)}",
                rpc_timeout=self.patience,
            )
        finally:
            started = await asyncio.gather(operation.workflow_handle(), return_exceptions=True)
        return cast("PayoutHandle", started[0]), answer

    async def pay_out(self, order: PayoutOrder | None = None) -> tuple[PayoutHandle, Payout]:
        handle, answer = await self.begin_payout(order or make_order())
        assert answer.payout is not None, answer
        return handle, answer.payout

    async def by_legs(
        self, *backs: int, out: int = 0, **changes: Any
    ) -> tuple[PayoutHandle, PayoutOrder]:
        """A payout that gives these back, each of a payment of its own, and sends `out` beyond."""
        payments = [(await self.charge())[1] for _ in backs]
        plan = Plan(
            tuple(
                Source(payment.payment_id, minor, Way.REFUND, number)
                for number, (payment, minor) in enumerate(zip(payments, backs, strict=True), 1)
            ),
            out,
        )
        order = make_order(amount=Money(sum(backs) + out, "USD"), **changes)
        self.record.plan = planned_legs(order, plan, PayoutStatus.QUEUED)
        handle, _ = await self.pay_out(order)
        return handle, order

    def books(self) -> dict[str, int]:
        """Of payments, refunds and payouts together: every kind of account not at zero."""
        return balances_of({**self.payments.postings, **self.record.postings})

    async def held(self) -> tuple[PayoutHandle, PayoutOrder]:
        order = make_order(limits=HELD)
        handle, payout = await self.pay_out(order)
        assert payout.status is PayoutStatus.ON_HOLD
        return handle, order

    async def review(self, handle: PayoutHandle, by: str, *, approved: bool = True) -> PayoutAnswer:
        word = PayoutReview(approved, by)
        return await handle.execute_update(
            paying_out.Payout.review, word, rpc_timeout=self.patience
        )

    async def take_back(self, handle: PayoutHandle) -> PayoutAnswer:
        return await handle.execute_update(
            paying_out.Payout.cancel, TRACE, rpc_timeout=self.patience
        )

    async def taken_back(self, handle: PayoutHandle) -> PayoutStatus:
        """As soon as it is not at its rail at this very moment."""
        while True:
            try:
                answer = await self.take_back(handle)
            except (WorkflowUpdateFailedError, RPCError):
                await asyncio.sleep(0.05)
                continue
            assert answer.payout is not None, answer
            return answer.payout.status

    async def tell(self, handle: PayoutHandle) -> PayoutAnswer:
        """A payout asks by itself as well, and may be over before it is asked to."""
        event_id = f"evt_{next(_events)}"
        try:
            return await heard(
                handle.execute_update(paying_out.Payout.told, event_id, rpc_timeout=self.patience)
            )
        except Over:
            return PayoutAnswer(self.record.rows[handle.id.removeprefix("payout:")])

    async def came_back(self, order: PayoutOrder) -> bool:
        operation = payout_return_operation(order, self.task_queue)
        return await self.client.execute_update_with_start_workflow(
            PayoutReturn.seen,
            start_workflow_operation=operation,
            id=f"seen:evt_{next(_events)}",
            rpc_timeout=self.patience,
        )

    def return_of(self, order: PayoutOrder) -> WorkflowHandle[PayoutReturn, bool]:
        return self.client.get_workflow_handle_for(
            PayoutReturn.run, ids.payout_return(order.payout_id)
        )

    def payout_of(self, payout_id: str) -> PayoutHandle:
        return self.client.get_workflow_handle_for(paying_out.Payout.run, ids.payout(payout_id))

    # What a test waits for

    async def until_leg_asked(self, order: PayoutOrder, number: int) -> None:
        """The transfer that is this leg of it was lost, and its rail has been asked."""
        workflow_id = ids.payout(ids.leg_transfer(order.payout_id, number))
        handle: PayoutHandle = self.client.get_workflow_handle_for(
            paying_out.Payout.run, workflow_id
        )
        await until_begun(handle)
        await self.until_tried(handle, "rails.ask")

    async def becomes(self, order: PayoutOrder, status: PayoutStatus) -> Payout:
        async def reached() -> bool:
            return self.record.rows[order.payout_id].status is status

        await until(reached, self.patience.total_seconds(), f"it never was {status}")
        return self.record.rows[order.payout_id]

    async def until_sending(self, handle: PayoutHandle) -> None:
        await self.until_tried(handle, "rails.send")
