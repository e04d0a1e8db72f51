"""A desk that takes payments as the API does, with fakes behind the worker."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, cast

from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowHandle
from temporalio.service import RPCError

from api.updates import Over, heard
from payments.domain import ids
from payments.domain.case import CaseAnswer, CaseOrder, CasePolicy, CaseStatus, Resolution
from payments.domain.charge import Answer
from payments.domain.money import Money
from payments.domain.payment import (
    Attempt,
    CaptureOrder,
    Payment,
    PaymentAnswer,
    PaymentOrder,
    PaymentStatus,
)
from payments.domain.refund import RefundAnswer, RefundOrder, RefundStatus
from payments.ports.steps import Cards, DisputeSteps
from tests import card_factories
from tests.card_fakes import FakePayments
from tests.case_fakes import FakeCases
from tests.dispute_fakes import FakeDisputes
from tests.fake_provider import FakeProvider, FakeProviders
from tests.patience import until
from tests.provider_script import How
from tests.refund_fakes import FakeRefunds
from tests.route_fakes import FixedRisk, FixedRoute
from tests.workflows.engine import PATIENCE, Desk
from workflows.beginning import begin_operation
from workflows.card_payment import CardPayment
from workflows.case import PaymentCase, case_operation
from workflows.challenge import Challenge
from workflows.refund import Refund, refund_operation
from workflows.reversal import Reversal, reversal_operation

PayHandle = WorkflowHandle[CardPayment, PaymentStatus]
RefundHandle = WorkflowHandle[Refund, RefundStatus]
ReversalHandle = WorkflowHandle[Reversal, bool]
CaseHandle = WorkflowHandle[PaymentCase, CaseStatus | None]
ChallengeHandle = WorkflowHandle[Challenge, Answer]
# Tests skip days ahead of the wall clock.
FAR = timedelta(days=365)
TRACE = card_factories.TRACE

_events = count(1)


def make_order(**changes: Any) -> PaymentOrder:
    now = datetime.now(UTC)
    return card_factories.make_order(**{"created_at": now, "deadline": now + FAR, **changes})


def make_bank_order(**changes: Any) -> PaymentOrder:
    now = datetime.now(UTC)
    return card_factories.make_bank_order(**{"created_at": now, "deadline": now + FAR, **changes})


def make_code_order(**changes: Any) -> PaymentOrder:
    now = datetime.now(UTC)
    return card_factories.make_code_order(**{"created_at": now, "deadline": now + FAR, **changes})


def make_refund(payment: Payment, minor: int, **changes: Any) -> RefundOrder:
    now = datetime.now(UTC)
    order = RefundOrder(
        refund_id=ids.refund_id(payment.partner_id, f"refund-{now.isoformat()}-{minor}"),
        payment_id=payment.payment_id,
        partner_id=payment.partner_id,
        reference=f"refund-{now.isoformat()}-{minor}",
        amount=Money(minor, payment.amount.currency),
        trace=TRACE,
        created_at=now,
        deadline=now + FAR,
    )
    return replace(order, **changes)


def first(order: PaymentOrder) -> str:
    """The reference of the first attempt."""
    return f"{order.payment_id}-1"


@dataclass
class CardDesk(Desk):
    north: FakeProvider = field(default_factory=FakeProvider)
    south: FakeProvider = field(default_factory=FakeProvider)
    risk: FixedRisk = field(default_factory=FixedRisk)
    route: FixedRoute = field(default_factory=FixedRoute)
    payments: FakePayments = field(default_factory=FakePayments)
    refunds: FakeRefunds = field(init=False)
    disputes: FakeDisputes = field(init=False)
    cases: FakeCases = field(init=False)
    patience: timedelta = PATIENCE

    def __post_init__(self) -> None:
        self.refunds = FakeRefunds(self.payments)
        self.disputes = FakeDisputes(self.payments)
        self.cases = FakeCases(self.payments)

    def cards(self) -> Cards:
        providers = FakeProviders({"NORTH": self.north, "SOUTH": self.south})
        return Cards(providers, self.payments, self.refunds, self.risk, self.route, self.cases)

    def dispute_steps(self) -> DisputeSteps:
        return DisputeSteps(self.disputes, self.disputes.evidence)

    # What the API does

    async def begin(self, order: PaymentOrder) -> tuple[PayHandle, PaymentAnswer]:
        operation = begin_operation(order, self.task_queue)
        try:
            answer = await self.client.execute_update_with_start_workflow(
                CardPayment.decided,
                order.content,
                start_workflow_operation=operation,
                id=f"decided:{next(_events)}",
                rpc_timeout=self.patience,
            )
        finally:
            # Its future holds the failure a second time and complains when nobody looks at it.
            started = await asyncio.gather(operation.workflow_handle(), return_exceptions=True)
        return cast("PayHandle", started[0]), answer

    async def charge(self, order: PaymentOrder | None = None) -> tuple[PayHandle, Payment]:
        handle, answer = await self.begin(order or make_order())
        assert answer.payment is not None, answer
        return handle, answer.payment

    async def authorize(self, **changes: Any) -> tuple[PayHandle, Payment]:
        handle, payment = await self.charge(make_order(capture=False, **changes))
        assert payment.status is PaymentStatus.AUTHORIZED, payment
        return handle, payment

    async def at_the_bank(self, order: PaymentOrder | None = None) -> tuple[PayHandle, str]:
        """A payment whose customer was sent to the bank, and the reference of its attempt."""
        self.north.takes(How.CHALLENGE)
        order = order or make_bank_order()
        handle, payment = await self.charge(order)
        assert payment.status is PaymentStatus.REQUIRES_ACTION, payment
        return handle, first(order)

    async def shown(self, order: PaymentOrder | None = None) -> tuple[PayHandle, str]:
        """A payment whose customer was shown a code, and the reference of its attempt."""
        return await self.at_the_bank(order or make_code_order())

    async def starting(
        self, order: PaymentOrder
    ) -> tuple[PayHandle, "asyncio.Task[tuple[PayHandle, Payment]]"]:
        """For a payment that is not decided for a while."""
        paying = asyncio.create_task(self.charge(order))
        handle = self.handle_of(order)
        await until_begun(handle)
        return handle, paying

    def handle_of(self, order: PaymentOrder) -> PayHandle:
        return self.client.get_workflow_handle_for(CardPayment.run, ids.payment(order.payment_id))

    async def capture(
        self, handle: PayHandle, minor: int | None = None, *, final: bool = False, key: str = ""
    ) -> PaymentAnswer:
        amount = Money(minor, "USD") if minor is not None else None
        order = CaptureOrder(key or f"cap_{next(_events)}", TRACE, amount, final)
        return await handle.execute_update(CardPayment.capture, order, rpc_timeout=self.patience)

    async def cancel(self, handle: PayHandle) -> PaymentAnswer:
        return await handle.execute_update(CardPayment.cancel, TRACE, rpc_timeout=self.patience)

    async def confirm(self, handle: PayHandle) -> Payment:
        return await self._newest(
            handle, handle.execute_update(CardPayment.confirm, TRACE, rpc_timeout=self.patience)
        )

    async def told(self, handle: PayHandle) -> Payment:
        event_id = f"evt_{next(_events)}"
        return await self._newest(
            handle, handle.execute_update(CardPayment.told, event_id, rpc_timeout=self.patience)
        )

    async def _newest(self, handle: PayHandle, asking: Awaitable[PaymentAnswer]) -> Payment:
        """Of a payment that asks by itself as well, and may be over before it is asked to."""
        try:
            answer = await heard(asking)
        except Over:
            return self.payments.rows[handle.id.removeprefix("payment:")]
        assert answer.payment is not None
        return answer.payment

    async def refund_told(self, handle: RefundHandle) -> RefundAnswer:
        event_id = f"evt_{next(_events)}"
        try:
            return await heard(
                handle.execute_update(Refund.told, event_id, rpc_timeout=self.patience)
            )
        except Over:
            return RefundAnswer(self.refunds.rows[handle.id.removeprefix("refund:")])

    async def refund(self, order: RefundOrder) -> tuple[RefundHandle, RefundAnswer]:
        operation = refund_operation(order, self.task_queue)
        try:
            answer = await self.client.execute_update_with_start_workflow(
                Refund.settled,
                start_workflow_operation=operation,
                id=f"settled:{next(_events)}",
                rpc_timeout=self.patience,
            )
        finally:
            started = await asyncio.gather(operation.workflow_handle(), return_exceptions=True)
        return cast("RefundHandle", started[0]), answer

    async def reverse(self, attempt: Attempt) -> bool:
        operation = reversal_operation(attempt, self.task_queue)
        return await self.client.execute_update_with_start_workflow(
            Reversal.seen,
            start_workflow_operation=operation,
            id=f"seen:evt_{next(_events)}",
            rpc_timeout=self.patience,
        )

    async def told_of(self, attempt: Attempt, receipt_id: str) -> bool:
        """A provider's webhook speaks of a receipt."""
        return await self.client.execute_update_with_start_workflow(
            PaymentCase.seen,
            start_workflow_operation=case_operation(
                CaseOrder(attempt, receipt_id), self.task_queue
            ),
            id=f"seen:evt_{next(_events)}",
            rpc_timeout=self.patience,
        )

    def case_of(self, receipt_id: str, provider: str = "NORTH") -> CaseHandle:
        workflow_id = ids.case(provider, receipt_id)
        return self.client.get_workflow_handle_for(PaymentCase.run, workflow_id)

    async def case_ended(self, receipt_id: str, provider: str = "NORTH") -> CaseStatus | None:
        """The result of the case that a payment or a webhook started."""
        handle = self.case_of(receipt_id, provider)
        await until_begun(handle)
        return await handle.result()

    async def resolve(self, receipt_id: str, policy: CasePolicy) -> CaseAnswer:
        return await self.case_of(receipt_id).execute_update(
            PaymentCase.resolve, Resolution(policy, "ann"), rpc_timeout=self.patience
        )

    # What a test waits for

    async def refund_begun(self, order: RefundOrder) -> RefundHandle:
        workflow_id = ids.refund(order.refund_id)
        handle: RefundHandle = self.client.get_workflow_handle_for(Refund.run, workflow_id)
        await until_begun(handle)
        return handle

    async def reversal_of(self, reference: str) -> bool:
        """The result of the reversal that a payment started."""
        workflow_id = ids.reversal(reference)
        handle: ReversalHandle = self.client.get_workflow_handle_for(Reversal.run, workflow_id)
        await until_begun(handle)
        return await handle.result()

    async def challenge_of(self, order: PaymentOrder) -> ChallengeHandle:
        """It is started in the moment when the payment's first decision is answered."""
        workflow_id = ids.challenge(order.payment_id, 1)
        handle: ChallengeHandle = self.client.get_workflow_handle_for(Challenge.run, workflow_id)
        await until_begun(handle)
        return handle

    async def until_details(self, handle: WorkflowHandle[Any, Any], words: str) -> None:
        """Until the workflow says this to whoever looks at it."""

        async def said() -> bool:
            told = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
            return words in told.current_details

        await until(said, self.patience.total_seconds(), f"nobody says {words!r}")

    async def until_status(self, order: PaymentOrder, status: PaymentStatus) -> Payment:
        async def reached() -> bool:
            return self.status(order) is status

        await until(reached, self.patience.total_seconds(), f"it never was {status}")
        return self.payments.rows[order.payment_id]

    # What is left

    def status(self, order: PaymentOrder) -> PaymentStatus:
        return self.payments.rows[order.payment_id].status

    @property
    def kinds(self) -> list[str]:
        """The kinds of postings, in order."""
        return [key.split(":")[0] for key in self.payments.postings]

    @property
    def events(self) -> list[str]:
        return [event[0].removeprefix("payment.") for event in self.payments.events]

    def balance(self) -> dict[str, int]:
        """Account kind → minor units, over all postings; empty accounts are left out."""
        sums: dict[str, int] = {}
        for posting in self.payments.postings.values():
            for entry in posting.entries:
                kind = entry.account.kind.value
                sums[kind] = sums.get(kind, 0) + entry.amount.minor
        return {kind: minor for kind, minor in sums.items() if minor}


async def until_begun(handle: WorkflowHandle[Any, Any]) -> None:
    """Until the engine knows of it."""

    async def is_known() -> bool:
        with suppress(RPCError):
            await handle.describe()
            return True
        return False

    await until(is_known, 60, "it is not begun")
