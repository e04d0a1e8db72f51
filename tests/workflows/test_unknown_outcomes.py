"""Outcomes that are not known at once: asked after, never guessed, never sent twice blindly."""

import asyncio
from datetime import timedelta

from payments.domain.bill import LockState, TransactionState
from payments.domain.codes import Code
from tests.fakes.billers import Paying
from tests.workflows.engine import Desk, make_order, make_request
from workflows.bill_lock import BillLock

PAST_EXPIRY = timedelta(minutes=5, seconds=1)


def postings(desk: Desk) -> set[str]:
    return {key.split(":")[0] for key in desk.transactions.ledger.postings}


async def test_accepted_before_expiry_is_honoured_however_long_the_biller_takes(
    desk: Desk,
) -> None:
    desk.biller.script.append(Paying.PENDING)
    handle, _ = await desk.lock()
    order = make_order()
    paying = asyncio.create_task(desk.pay(handle, order))
    await desk.until_asked(handle)

    await desk.skip(handle, timedelta(hours=2))
    desk.biller.decide(order.transaction_id)
    await desk.skip(handle, timedelta(minutes=2))
    answer = await paying

    assert answer.transaction is not None
    assert answer.transaction.state is TransactionState.PAID
    assert await handle.result() is LockState.PAID


async def test_a_lost_answer_is_asked_after_and_found_paid(desk: Desk) -> None:
    desk.biller.script.append(Paying.LOSE_ANSWER)
    handle, _ = await desk.lock()
    order = make_order()

    answer = await desk.pay(handle, order)

    assert answer.transaction is not None
    assert answer.transaction.state is TransactionState.PAID
    assert desk.biller.effects == [order.transaction_id]
    assert desk.biller.calls.count(f"pay {order.transaction_id}") == 1
    assert postings(desk) == {"suspended", "paid"}


async def test_an_unknown_outcome_is_asked_after_until_it_is_known_declined(desk: Desk) -> None:
    desk.biller.script.append(Paying.PENDING)
    handle, _ = await desk.lock()
    order = make_order()
    paying = asyncio.create_task(desk.pay(handle, order))
    await desk.until_asked(handle)

    desk.biller.decline(order.transaction_id)
    await desk.skip(handle, timedelta(minutes=2))
    answer = await paying

    assert answer.transaction is not None
    assert answer.transaction.state is TransactionState.DECLINED
    assert desk.biller.effects == []
    assert postings(desk) == {"suspended", "declined"}


async def test_what_the_biller_surely_never_had_is_sent_again_under_the_same_key(
    desk: Desk,
) -> None:
    desk.biller.script.append(Paying.LOSE_REQUEST)
    handle, _ = await desk.lock()
    order = make_order()

    answer = await desk.pay(handle, order)

    assert answer.transaction is not None
    assert answer.transaction.state is TransactionState.PAID
    assert desk.biller.calls.count(f"pay {order.transaction_id}") == 2
    assert desk.biller.effects == [order.transaction_id]


async def test_a_biller_that_breaks_our_adapter_after_taking_the_money_is_asked(
    desk: Desk,
) -> None:
    desk.biller.script.append(Paying.BREAK)
    handle, _ = await desk.lock()
    order = make_order()

    answer = await desk.pay(handle, order)

    assert answer.transaction is not None
    assert answer.transaction.state is TransactionState.PAID
    assert desk.biller.calls.count(f"pay {order.transaction_id}") == 1
    assert desk.biller.effects == [order.transaction_id]


async def test_a_biller_that_is_down_for_an_hour_is_paid_when_it_is_back(desk: Desk) -> None:
    handle, _ = await desk.lock()
    desk.biller.unreachable = True
    order = make_order()
    paying = asyncio.create_task(desk.pay(handle, order))
    await desk.until_tried(handle, "billers.pay", attempts=2)

    await desk.skip(handle, timedelta(hours=1))
    state = (await handle.query(BillLock.lock)).state
    desk.biller.unreachable = False
    await desk.skip(handle, timedelta(minutes=1))
    answer = await paying

    assert state is LockState.PAYING
    assert answer.transaction is not None
    assert answer.transaction.state is TransactionState.PAID
    assert desk.biller.effects == [order.transaction_id]
    assert postings(desk) == {"paid"}


async def test_a_record_that_is_down_delays_a_payment_and_loses_nothing(desk: Desk) -> None:
    handle, _ = await desk.lock()
    desk.transactions.unavailable = True
    paying = asyncio.create_task(desk.pay(handle))
    await desk.until_tried(handle, "transactions.begin", attempts=1)

    await desk.skip(handle, timedelta(minutes=10))
    desk.transactions.unavailable = False
    await desk.skip(handle, timedelta(minutes=1))
    answer = await paying

    assert answer.transaction is not None
    assert answer.transaction.state is TransactionState.PAID
    assert len(desk.biller.effects) == 1


async def test_a_payment_begun_and_lost_is_ended_when_its_lock_expires(desk: Desk) -> None:
    request = make_request()
    handle, _ = await desk.lock(request)
    lost = await desk.begin_and_lose(request)

    await desk.skip(handle, PAST_EXPIRY)
    await handle.result()

    ended = desk.transactions.rows[lost.transaction_id]
    assert ended.state is TransactionState.DECLINED
    assert ended.code is Code.LOCK_EXPIRED
    assert desk.biller.effects == []
