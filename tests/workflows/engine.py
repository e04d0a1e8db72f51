"""The real dev server with time skipping, and a desk that locks and pays as the API does."""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import SearchAttributeKey
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import TimeSkippingConfig, WorkflowEnvironment
from temporalio.worker import Interceptor

from payments.domain import ids
from payments.domain.bill import (
    Agreement,
    Begun,
    BillPayment,
    BillRef,
    Lock,
    LockRequest,
    LockState,
    PayOrder,
)
from payments.domain.codes import Code
from payments.domain.lock import LockAnswer, PayAnswer, accepted, granted
from payments.ports.steps import Bills, Cards, DisputeSteps, PayoutSteps
from payments.temporal import (
    AMOUNT_MINOR,
    BILL_ID,
    BILLER_ID,
    DATA_CONVERTER,
    PARTNER_ID,
    PAY_STATE,
    PROVIDER,
    make_worker,
)
from tests.card_fakes import FakePayments
from tests.case_fakes import FakeCases
from tests.dispute_fakes import FakeDisputes
from tests.fake_provider import FakeProviders
from tests.fakes.batches import FakeBatches
from tests.fakes.billers import FakeBiller, FakeBillers
from tests.fakes.transactions import FakeTransactions
from tests.patience import until
from tests.payout_fakes import no_payouts
from tests.refund_fakes import FakeRefunds
from tests.route_fakes import FixedRisk, FixedRoute
from workflows.bill_lock import BillLock, acquire_operation
from workflows.registered import WORKFLOWS, activities

KEYS: Sequence[SearchAttributeKey[Any]] = (
    BILLER_ID,
    BILL_ID,
    PARTNER_ID,
    PAY_STATE,
    AMOUNT_MINOR,
    PROVIDER,
)
DYNAMIC_CONFIG = (
    "system.forceSearchAttributesCacheRefreshOnRead=true",
    "frontend.enableCancelWorkerPollsOnShutdown=true",
    "frontend.WorkflowTimeSkippingEnabled=true",
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
    "history.transferProcessorMaxPollRPS=2000",
    "history.timerProcessorMaxPollRPS=2000",
    "history.visibilityProcessorMaxPollRPS=2000",
    'history.timerProcessorMaxTimeShift="10ms"',
)

CANCEL = EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED
TASK_COMPLETED = EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED

PATIENCE = timedelta(seconds=60)

_bill_numbers = count(1_000_000_000)


def temporal_program() -> str | None:
    beside = Path(sys.executable).with_name("temporal")
    return str(beside) if beside.exists() else shutil.which("temporal")


@asynccontextmanager
async def engine(*more: str) -> AsyncIterator[WorkflowEnvironment]:
    """Time is skipped only where a test says so, with Desk.skip. `more` is configuration."""
    flags = [word for line in (*DYNAMIC_CONFIG, *more) for word in ("--dynamic-config-value", line)]
    async with await WorkflowEnvironment.start_time_skipping_v2(
        ts_config=TimeSkippingConfig(enabled=False),
        dev_server_existing_path=temporal_program(),
        dev_server_extra_args=flags,
        dev_server_startup_timeout=timedelta(minutes=5),
        search_attributes=KEYS,
        data_converter=DATA_CONVERTER,
    ) as environment:
        yield environment


def make_request(**changes: Any) -> LockRequest:
    request = LockRequest(
        lock_id=str(uuid4()),
        partner_id="partner_1",
        bill=BillRef("DESCO", str(next(_bill_numbers)), "2026-04"),
        agreement=Agreement(fee_flat_minor=100, fee_basis_points=10),
        trace="partner_1.20260430T082114123Z.7K3Q9XW2",
        # However long a busy machine takes to begin with it.
        acquire_by=datetime.now(UTC) + timedelta(minutes=10),
        ttl=timedelta(minutes=5),
    )
    return replace(request, **changes)


def make_order(name: str | None = None, **changes: Any) -> PayOrder:
    theirs = name or f"order-{uuid4()}"
    now = datetime.now(UTC)
    order = PayOrder(
        transaction_id=ids.transaction_id("partner_1", theirs, now),
        partner_transaction_id=theirs,
        trace="partner_1.20260430T082115456Z.9K3Q9XW2",
        # Tests skip hours ahead of the wall clock.
        deadline=now + timedelta(days=365),
    )
    return replace(order, **changes)


Handle = WorkflowHandle[BillLock, LockState]


@dataclass
class Desk:
    """Locks and pays through the engine, with fakes behind the worker."""

    environment: WorkflowEnvironment
    biller: FakeBiller = field(default_factory=FakeBiller)
    transactions: FakeTransactions = field(default_factory=FakeTransactions)
    task_queue: str = field(default_factory=lambda: f"tq-{uuid4()}")

    @cached_property
    def batches(self) -> FakeBatches:
        return FakeBatches(self.transactions)

    @property
    def client(self) -> Client:
        return self.environment.client

    def bills(self) -> Bills:
        return Bills(FakeBillers({"DESCO": self.biller}), self.transactions, self.batches)

    def cards(self) -> Cards:
        return no_cards()

    def payouts(self) -> PayoutSteps:
        return no_payouts()

    def dispute_steps(self) -> DisputeSteps:
        return no_disputes()

    @asynccontextmanager
    async def worker(
        self, *, max_cached_workflows: int = 100, interceptors: Sequence[Interceptor] = ()
    ) -> AsyncIterator[None]:
        async with make_worker(
            self.client,
            task_queue=self.task_queue,
            workflows=WORKFLOWS,
            activities=activities(self.bills(), self.cards(), self.payouts(), self.dispute_steps()),
            max_cached_workflows=max_cached_workflows,
            interceptors=interceptors,
        ):
            yield

    async def acquire(
        self, request: LockRequest, patience: timedelta = PATIENCE
    ) -> tuple[Handle, LockAnswer]:
        operation = acquire_operation(request, self.task_queue)
        try:
            answer = await self.client.execute_update_with_start_workflow(
                BillLock.acquire,
                start_workflow_operation=operation,
                id=f"acquire:{request.trace}:{request.lock_id}",
                rpc_timeout=patience,
            )
        finally:
            # Its future holds the failure a second time and complains when nobody looks at it.
            started = await asyncio.gather(operation.workflow_handle(), return_exceptions=True)
        return cast("Handle", started[0]), answer

    async def lock(
        self, request: LockRequest | None = None, patience: timedelta = PATIENCE
    ) -> tuple[Handle, Lock]:
        handle, answer = await self.acquire(request or make_request(), patience)
        assert answer.lock is not None, answer
        return handle, answer.lock

    async def pay(
        self, handle: Handle, order: PayOrder | None = None, patience: timedelta = PATIENCE
    ) -> PayAnswer:
        order = order or make_order()
        return await handle.execute_update(
            BillLock.pay,
            order,
            id=ids.pay_update(order.transaction_id),
            rpc_timeout=patience,
        )

    async def skip(self, handle: WorkflowHandle[Any, Any], time: timedelta) -> None:
        """Of a workflow's own time; one that asks by itself as well may be over before that."""
        try:
            await self.environment.fast_forward(handle, time)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise

    async def until_tried(
        self, handle: WorkflowHandle[Any, Any], step: str, attempts: int = 1
    ) -> None:
        """Until Temporal shows the step as pending in at least that attempt."""

        async def is_tried() -> bool:
            described = await handle.describe()
            pending = described.raw_description.pending_activities
            return any(p.activity_type.name == step and p.attempt >= attempts for p in pending)

        await until(is_tried, 60, f"{step} is not tried {attempts} times")

    async def until_asked(self, handle: Handle) -> None:
        """Until the biller was asked after an unknown outcome and did not say yet."""
        await self.until_tried(handle, "billers.confirm", attempts=2)

    async def until_cancel_arrived(self, handle: WorkflowHandle[Any, Any]) -> None:
        """Until the workflow has answered the task that brought Temporal's cancel."""

        async def has_arrived() -> bool:
            kinds = [event.event_type for event in (await handle.fetch_history()).events]
            return CANCEL in kinds and TASK_COMPLETED in kinds[kinds.index(CANCEL) :]

        await until(has_arrived, 60, "the cancel does not arrive")

    async def begin_and_lose(self, request: LockRequest) -> BillPayment:
        """The record knows of a payment whose update engine and worker both lost."""
        order, now = make_order(), datetime.now(UTC)
        lock = granted(request, self.biller.amount, run_id="lost", locked_at=now)
        payment = accepted(lock, request.partner_id, order, now)
        assert await self.transactions.begin(payment) is Begun.NOW
        return payment


async def refusal_of(update: Awaitable[Any]) -> Code:
    """The code with which the engine refuses an update."""
    try:
        answer = await update
    except WorkflowUpdateFailedError as error:
        return Code(cast("ApplicationError", error.cause).type or "")
    raise AssertionError(f"it was accepted: {answer}")


def no_cards() -> Cards:
    """For a worker that has only bills to do."""
    payments = FakePayments()
    return Cards(
        *(FakeProviders({}), payments, FakeRefunds(payments)),
        *(FixedRisk(), FixedRoute(), FakeCases(payments)),
    )


def no_disputes() -> DisputeSteps:
    """For a worker that follows none."""
    disputes = FakeDisputes(FakePayments())
    return DisputeSteps(disputes, disputes.evidence)


def worker_environment(desk: Desk, **changes: str) -> dict[str, str]:
    """What a worker process needs to know; the record is a fake, so its address leads nowhere."""
    secret = "A" * 43
    return {
        "PATH": os.environ["PATH"],
        "TEMPORAL_ADDRESS": desk.client.service_client.config.target_host,
        "QUITTANCE_TASK_QUEUE": desk.task_queue,
        "QUITTANCE_DATABASE_URL": "postgresql://nobody@localhost/nothing",
        "QUITTANCE_SECRET_KEYS": secret,
        "QUITTANCE_TOKEN_KEYS": secret,
        "QUITTANCE_ANSWER_KEYS": secret,
        **changes,
    }
