"""Lock one bill for one payer; then pay it, give it back, or let it expire.

POST /bill/lock   -> acquire -> billers.hold ---------------> LOCKED
POST /bill/pay    -> pay     -> transactions.begin -> billers.pay [-> suspend -> billers.confirm]
                             -> transactions.settle --------> PAID | DECLINED
POST /bill/unlock -> release -> billers.release ------------> RELEASED
five minutes      -> timer   -> billers.release ------------> EXPIRED

A row of a batch brings its pay order along and is asked nothing (workflows/batch_rows.py).

The lock is the payment's first phase: one execution per bill, so there is no gap between the two,
and one open workflow per id is what makes its payer the only one.
"""

import asyncio
from dataclasses import dataclass
from typing import Any

from temporalio import workflow
from temporalio.client import WithStartWorkflowOperation
from temporalio.common import (
    SearchAttributePair,
    SearchAttributeUpdate,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)

from activities.transactions import TransactionActivities
from payments.domain import ids
from payments.domain.bill import (
    LOCK_MOVES,
    BillPayment,
    Lock,
    LockRequest,
    LockState,
    PayAtOnce,
    PayOrder,
    Refused,
    TransactionState,
)
from payments.domain.codes import Code
from payments.domain.lock import (
    ClosedLock,
    LockAnswer,
    LockView,
    PayAnswer,
    Settlement,
    accepted,
    granted,
)
from payments.temporal import AMOUNT_MINOR, BILL_ID, BILLER_ID, LOCK_ID, PARTNER_ID, PAY_STATE
from workflows import batch_rows, holding, record
from workflows.door import door, refusal
from workflows.paying import pay_until_known, settle_lost


def acquire_operation(
    request: LockRequest, task_queue: str
) -> WithStartWorkflowOperation["BillLock", LockState]:
    """How a lock is started, by everybody: together with its first update, `BillLock.acquire`.

    FAIL is the lock: a second payer is refused by the server without waking a worker.
    """
    bill = request.bill
    return WithStartWorkflowOperation(
        BillLock.run,
        request,
        id=ids.bill_lock(bill),
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        search_attributes=attributes_of(request),
        # Lets the API see, without waking a worker, that a lock is its own retry's.
        memo={LOCK_ID: request.lock_id},
        static_summary=f"{bill.biller_id} {bill.bill_number} of {bill.billing_period}"
        f" for {request.partner_id}",
        static_details=f"trace `{request.trace}`  \nlock `{request.lock_id}`",
    )


def attributes_of(request: LockRequest) -> TypedSearchAttributes:
    return TypedSearchAttributes(
        [
            SearchAttributePair(BILLER_ID, request.bill.biller_id),
            SearchAttributePair(BILL_ID, request.bill.bill_number),
            SearchAttributePair(PARTNER_ID, request.partner_id),
            SearchAttributePair(PAY_STATE, LockState.LOCKED.value),
        ]
    )


@dataclass(slots=True)
class Attempt:
    """One accepted pay: its payment, and its answer once there is one."""

    payment: BillPayment
    answer: PayAnswer | None = None


@workflow.defn(name="BillLock")
class BillLock:
    @workflow.init
    def __init__(self, request: LockRequest) -> None:
        self._request = batch_rows.of_this_run(request)
        self._state = LockState.ACQUIRING
        # The start event's time: whoever reads it counts the same five minutes.
        self._locked_at = workflow.info().workflow_start_time
        self._expires_at = self._locked_at + request.ttl
        self._acquired: LockAnswer | None = None
        self._attempt: Attempt | None = None
        self._lock: Lock | None = None

    @workflow.run
    async def run(self, request: LockRequest) -> LockState:  # noqa: ARG002 read by __init__
        story = asyncio.create_task(self._story())
        while not story.done():
            try:
                # Temporal's cancel button reaches run() alone. In mid-payment it must not stop
                # the story: the money may be on its way.
                await asyncio.shield(story)
            except asyncio.CancelledError:
                self._give_back_if_only_locked()
        story.result()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._state

    async def _story(self) -> None:
        await self._hold()
        if self._request.pay_at_once is not None:
            await self._pay_at_once(self._request.pay_at_once)
        while self._state is LockState.LOCKED:
            await self._wait_for_the_payer()
            if self._attempt is not None:
                await self._pay(self._attempt)
        await self._close()

    # Steps

    async def _hold(self) -> None:
        held = await holding.hold(self._request)
        if held.amount is None:
            self._acquired = LockAnswer(refused=held.refused)
            self._move(LockState.REFUSED)
            return
        run_id = workflow.info().first_execution_run_id
        self._lock = granted(self._request, held.amount, run_id=run_id, locked_at=self._locked_at)
        self._acquired = LockAnswer(lock=self._lock)
        self._move(LockState.LOCKED)

    async def _pay_at_once(self, asked: PayAtOnce) -> None:
        refused = self._acquired.refused if self._acquired else None
        if self._lock is not None and self._lock.amount != asked.amount:
            refused = Refused(Code.AMOUNT_DIFFERS)
        elif self._lock is not None:
            attempt = self._accept(self._lock, asked.order)
            await self._pay(attempt)
            refused = attempt.answer.refused if attempt.answer else None
        if self._state is LockState.LOCKED:
            self._move(LockState.RELEASED)
        if refused is not None:
            await batch_rows.end_refused(asked.row, refused.code)

    async def _wait_for_the_payer(self) -> None:
        try:
            await workflow.wait_condition(
                lambda: self._state is not LockState.LOCKED,
                timeout=self._expires_at - workflow.now(),
                timeout_summary=f"lock of {self._request.partner_id} expires",
            )
        except TimeoutError:
            # A pay of the same moment may have come first; then the lock is pinned.
            if self._state is LockState.LOCKED:
                self._move(LockState.EXPIRED)

    async def _pay(self, attempt: Attempt) -> None:
        payment = attempt.payment
        sent = await batch_rows.begin(payment, self._request.pay_at_once)
        if sent.refused is not None:
            self._attempt = None
            self._move(LockState.LOCKED)
            attempt.answer = PayAnswer(refused=sent.refused)
            return
        outcome = await pay_until_known(payment, sent.outcome)
        transaction = await record.write(
            TransactionActivities.settle, Settlement(payment, outcome), f"settle {outcome.kind}"
        )
        paid = transaction.state is TransactionState.PAID
        self._move(LockState.PAID if paid else LockState.DECLINED)
        attempt.answer = PayAnswer(transaction=transaction)

    async def _close(self) -> None:
        """Put everything back that a payment did not use up."""
        match self._state:
            case LockState.REFUSED if self._perhaps_held():
                await holding.release_after_silence(self._request)
            case LockState.DECLINED:
                await holding.release(self._request)
            case LockState.EXPIRED | LockState.RELEASED:
                await holding.release(self._request)
                closed = ClosedLock(self._request, self._state)
                lost = await record.write(TransactionActivities.close_lock, closed, "close lock")
                if lost is not None:
                    await settle_lost(lost)
        attributes: list[SearchAttributeUpdate[Any]] = [PAY_STATE.value_set(self._state.value)]
        if self._lock is not None:
            attributes.append(AMOUNT_MINOR.value_set(self._lock.amount.minor))
        workflow.upsert_search_attributes(attributes)

    def _perhaps_held(self) -> bool:
        refused = self._acquired.refused if self._acquired else None
        return refused is not None and refused.code in holding.PERHAPS_HELD

    def _give_back_if_only_locked(self) -> None:
        if self._state is LockState.LOCKED:
            self._move(LockState.RELEASED)

    def _accept(self, lock: Lock, order: PayOrder) -> Attempt:
        """Before any await: from here on the lock does not expire."""
        self._move(LockState.PAYING)
        partner_id = self._request.partner_id
        self._attempt = Attempt(accepted(lock, partner_id, order, workflow.now()))
        return self._attempt

    def _move(self, state: LockState) -> None:
        """The one place where the state changes: only along the table."""
        assert state in LOCK_MOVES[self._state], f"{self._state} never becomes {state}"
        self._state = state
        workflow.set_current_details(self._details())

    # Doors

    @door("acquire", "The lock, or why there is none")
    async def acquire(self) -> LockAnswer:
        await workflow.wait_condition(lambda: self._acquired is not None)
        assert self._acquired is not None
        return self._acquired

    @door("pay", "Pay the locked bill; answers when it is settled")
    async def pay(self, order: PayOrder) -> PayAnswer:
        attempt = self._attempt
        if attempt is None:
            assert self._lock is not None
            attempt = self._accept(self._lock, order)
        await workflow.wait_condition(lambda: attempt.answer is not None)
        assert attempt.answer is not None
        return attempt.answer

    @pay.validator
    def _may_pay(self, order: PayOrder) -> None:
        if self._attempt is not None:
            if self._attempt.payment.partner_transaction_id != order.partner_transaction_id:
                raise refusal(Code.LOCK_USED)
            return
        self._must_be_held()
        if workflow.now() >= order.deadline:
            raise refusal(Code.ENGINE_UNAVAILABLE)

    @door("release", "Give the lock back early")
    async def release(self, trace: str) -> LockState:  # noqa: ARG002 it is there for history's readers
        if self._state is LockState.LOCKED:
            self._move(LockState.RELEASED)
        return self._state

    @release.validator
    def _may_release(self, trace: str) -> None:  # noqa: ARG002
        if self._attempt is not None:
            raise refusal(Code.LOCK_BEING_PAID)
        if self._state is not LockState.RELEASED:
            self._must_be_held()

    @workflow.query(name="lock", description="Where the lock is now")
    def lock(self) -> LockView:
        return LockView(
            lock_id=self._request.lock_id,
            partner_id=self._request.partner_id,
            state=self._state,
            expires_at=self._expires_at,
            lock=self._lock,
            transaction_id=self._attempt.payment.transaction_id if self._attempt else None,
        )

    def _must_be_held(self) -> None:
        """Time decides, whether the timer or the update comes first in one workflow task."""
        if self._state not in (LockState.LOCKED, LockState.EXPIRED):
            raise refusal(Code.LOCK_UNKNOWN)
        if self._state is LockState.EXPIRED or workflow.now() >= self._expires_at:
            raise refusal(Code.LOCK_EXPIRED)

    def _details(self) -> str:
        lines = [f"**{self._state}**"]
        if self._lock:
            lines.append(f"{self._lock.amount} {self._lock.amount.currency}, fee {self._lock.fee}")
        if self._acquired and self._acquired.refused:
            code = self._acquired.refused.code
            lines.append(f"{code}: {code.meaning.message}")
        if self._attempt:
            lines.append(f"transaction `{self._attempt.payment.transaction_id}`")
        return "  \n".join(lines)
