"""Paying a locked bill: taken, declined, unknown, unreachable; and everything asked twice."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.testing import WorkflowEnvironment

from payments.domain.bill import LockState, Refused, TransactionState
from payments.domain.codes import Code
from payments.domain.lock import PayAnswer
from tests.fakes.billers import Paying
from tests.workflows.engine import Desk, Handle, make_order, refusal_of
from workflows.bill_lock import BillLock

PAST_EXPIRY = timedelta(minutes=5, seconds=1)


def postings(desk: Desk) -> set[str]:
    return {key.split(":")[0] for key in desk.transactions.ledger.postings}


async def state_of(handle: Handle) -> LockState:
    return (await handle.query(BillLock.lock)).state


async def test_a_locked_bill_is_paid_once_and_written_down(desk: Desk) -> None:
    handle, lock = await desk.lock()
    order = make_order()

    answer = await desk.pay(handle, order)

    paid = answer.transaction
    assert paid is not None
    assert paid.state is TransactionState.PAID
    assert paid.biller_reference == "DESCO-1"
    assert (paid.amount, paid.fee, paid.locked_at) == (lock.amount, lock.fee, lock.locked_at)
    assert desk.biller.effects == [order.transaction_id]
    assert postings(desk) == {"paid"}
    assert await handle.result() is LockState.PAID


async def test_a_decline_is_an_answer_and_the_bill_is_given_back(desk: Desk) -> None:
    desk.biller.script.append(Paying.DECLINE)
    handle, _ = await desk.lock()

    answer = await desk.pay(handle)

    assert answer.transaction is not None
    assert answer.transaction.state is TransactionState.DECLINED
    assert answer.transaction.code is Code.ACCOUNT_BLOCKED
    assert postings(desk) == set()
    assert await handle.result() is LockState.DECLINED
    assert desk.biller.holds == {}


async def test_after_expiry_nothing_is_paid(environment: WorkflowEnvironment) -> None:
    desk = Desk(environment)
    async with desk.worker():
        handle, _ = await desk.lock()

    # Without a worker, timer and update meet in one workflow task.
    await desk.skip(handle, PAST_EXPIRY)
    paying = asyncio.create_task(desk.pay(handle))
    async with desk.worker():
        refused = await refusal_of(paying)
        end = await handle.result()

    assert refused is Code.LOCK_EXPIRED
    assert end is LockState.EXPIRED
    assert desk.biller.effects == []
    assert desk.transactions.ledger.postings == {}


async def test_the_same_payment_asked_twice_is_one_payment_and_one_answer(desk: Desk) -> None:
    desk.biller.gate = asyncio.Event()
    handle, _ = await desk.lock()
    order = make_order()

    first = asyncio.create_task(desk.pay(handle, order))
    second = asyncio.create_task(desk.pay(handle, order))
    # Under another update id too: after a lost answer the API may ask in other words.
    third = asyncio.create_task(handle.execute_update(BillLock.pay, order))
    await desk.until_tried(handle, "billers.pay")
    desk.biller.gate.set()
    answers = await asyncio.gather(first, second, third)

    assert answers[0] == answers[1] == answers[2]
    assert desk.biller.effects == [order.transaction_id]
    assert await desk.pay(handle, order) == answers[0]


async def test_another_transaction_cannot_use_a_lock_that_is_being_paid(desk: Desk) -> None:
    desk.biller.gate = asyncio.Event()
    handle, _ = await desk.lock()
    paying = asyncio.create_task(desk.pay(handle))
    await desk.until_tried(handle, "billers.pay")

    refused = await refusal_of(desk.pay(handle, make_order()))
    released = await refusal_of(handle.execute_update(BillLock.release, "trace"))
    desk.biller.gate.set()
    await paying

    assert refused is Code.LOCK_USED
    assert released is Code.LOCK_BEING_PAID
    assert len(desk.biller.effects) == 1


async def test_two_transactions_at_the_same_instant_are_one_payment(desk: Desk) -> None:
    handle, _ = await desk.lock()
    orders = [make_order(), make_order()]

    answers = await asyncio.gather(
        *(desk.pay(handle, order) for order in orders), return_exceptions=True
    )

    assert sum(isinstance(answer, PayAnswer) for answer in answers) == 1
    assert len(desk.biller.effects) == 1


async def test_a_payment_the_record_refuses_leaves_the_lock_as_it_was(desk: Desk) -> None:
    order = make_order("used-before")
    first, _ = await desk.lock()
    await desk.pay(first, order)
    handle, lock = await desk.lock()

    refused = await handle.execute_update(BillLock.pay, order)
    still = await handle.query(BillLock.lock)
    answer = await desk.pay(handle, make_order())

    assert refused == PayAnswer(refused=Refused(Code.TRANSACTION_ID_USED))
    assert still.state is LockState.LOCKED
    assert still.expires_at == lock.expires_at
    assert answer.transaction is not None
    assert answer.transaction.state is TransactionState.PAID


async def test_a_refused_payment_does_not_make_the_lock_live_longer(desk: Desk) -> None:
    order = make_order("used-before")
    first, _ = await desk.lock()
    await desk.pay(first, order)
    handle, _ = await desk.lock()
    await desk.skip(handle, timedelta(minutes=4))

    await handle.execute_update(BillLock.pay, order)
    await desk.skip(handle, timedelta(minutes=1, seconds=1))

    assert await handle.result() is LockState.EXPIRED


async def test_a_payment_nobody_waits_for_any_more_is_not_begun(desk: Desk) -> None:
    handle, _ = await desk.lock()
    late = make_order(deadline=datetime.now(UTC) - timedelta(seconds=1))

    refused = await refusal_of(desk.pay(handle, late))

    assert refused is Code.ENGINE_UNAVAILABLE
    assert await state_of(handle) is LockState.LOCKED


async def test_temporals_cancel_button_does_not_stop_a_payment(desk: Desk) -> None:
    desk.biller.gate = asyncio.Event()
    handle, _ = await desk.lock()
    paying = asyncio.create_task(desk.pay(handle))
    await desk.until_tried(handle, "billers.pay")

    await handle.cancel()
    await desk.until_cancel_arrived(handle)
    desk.biller.gate.set()
    answer = await paying

    assert answer.transaction is not None
    assert answer.transaction.state is TransactionState.PAID
    assert await handle.result() is LockState.PAID


@pytest.mark.parametrize("how", [Paying.ORDINARY, Paying.DECLINE, Paying.LOSE_ANSWER])
async def test_a_workflow_that_is_never_cached_ends_the_same(
    environment: WorkflowEnvironment, how: Paying
) -> None:
    desk = Desk(environment)
    desk.biller.script.append(how)

    async with desk.worker(max_cached_workflows=0):
        handle, _ = await desk.lock()
        await desk.pay(handle)
        end = await handle.result()

    assert end in (LockState.PAID, LockState.DECLINED)
    assert len(desk.biller.effects) == (0 if how is Paying.DECLINE else 1)
