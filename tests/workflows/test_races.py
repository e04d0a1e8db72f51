"""Paying at the very moment of expiry: always exactly one of the two, and never half of both."""

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio.client import WorkflowUpdateFailedError
from temporalio.service import RPCError, RPCStatusCode

from payments.domain.bill import LockState, TransactionState
from tests.workflows.engine import Desk, make_order, make_request

# The first gives the payment a chance on a busy machine; the others are the moment itself.
DISTANCES_MS = (-40, -1, 0, 1)
TIMES_EACH = 12
TTL = timedelta(seconds=2)


async def pay_at(
    desk: Desk, distance: timedelta, counter: asyncio.Semaphore
) -> tuple[str, LockState, str]:
    """Send the payment that far from the expiry; the payer's answer and the lock's end."""
    async with counter:
        handle, lock = await desk.lock(make_request(ttl=TTL))
    order = make_order()
    await asyncio.sleep((lock.expires_at + distance - datetime.now(UTC)).total_seconds())
    try:
        answer = await desk.pay(handle, order)
    except WorkflowUpdateFailedError as error:
        return str(error.cause), await handle.result(), order.transaction_id
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        # The lock closed before the payment reached it; the API then says P1102 by its own clock.
        return "gone", await handle.result(), order.transaction_id
    assert answer.transaction is not None
    return answer.transaction.state, await handle.result(), order.transaction_id


async def test_a_payment_at_the_moment_of_expiry_is_paid_or_expired(desk: Desk) -> None:
    distances = [timedelta(milliseconds=each) for each in DISTANCES_MS] * TIMES_EACH

    # A few at a time, so that a busy machine does not keep the locks waiting past their expiry.
    counter = asyncio.Semaphore(8)

    stories = await asyncio.gather(*(pay_at(desk, each, counter) for each in distances))

    for told, end, transaction_id in stories:
        paid = told == TransactionState.PAID
        assert end is (LockState.PAID if paid else LockState.EXPIRED)
        assert desk.biller.effects.count(transaction_id) == (1 if paid else 0)
        assert (f"paid:{transaction_id}" in desk.transactions.ledger.postings) is paid
        assert (transaction_id in desk.transactions.rows) is paid
    assert len(desk.transactions.events) == len(stories)


async def test_a_payment_and_a_release_at_the_same_instant_are_one_of_the_two(desk: Desk) -> None:
    async def both() -> LockState:
        handle, _ = await desk.lock()
        release = handle.execute_update("release", "trace")
        await asyncio.gather(desk.pay(handle), release, return_exceptions=True)
        return await handle.result()

    ends = await asyncio.gather(*(both() for _ in range(20)))

    assert set(ends) <= {LockState.PAID, LockState.RELEASED}
    assert len(desk.biller.effects) == ends.count(LockState.PAID)
    assert len(desk.transactions.ledger.postings) == ends.count(LockState.PAID)
