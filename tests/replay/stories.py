"""Every path through a bill lock, told on the real server in real time, for the replay corpus.

Time is never skipped here: the histories must look like those of production.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from temporalio.client import WorkflowUpdateStage

from tests.fakes.billers import Paying
from tests.workflows.engine import Desk, Handle, make_order, make_request
from workflows.bill_lock import BillLock

Story = Callable[[Desk], Awaitable[Handle]]
SOON: Final = timedelta(seconds=1)


def paying(*script: Paying) -> Story:
    """Lock and pay, while the biller takes the payment like this."""

    async def story(desk: Desk) -> Handle:
        desk.biller.script.extend(script)
        handle, _ = await desk.lock()
        await desk.pay(handle)
        return handle

    return story


async def expired(desk: Desk) -> Handle:
    handle, _ = await desk.lock(make_request(ttl=SOON))
    return handle


async def released(desk: Desk) -> Handle:
    handle, _ = await desk.lock()
    await handle.execute_update(BillLock.release, "trace")
    return handle


async def refused_by_the_biller(desk: Desk) -> Handle:
    request = make_request()
    desk.biller.missing.add(request.bill)
    handle, _ = await desk.acquire(request)
    return handle


async def refused_for_silence(desk: Desk) -> Handle:
    desk.biller.unreachable = True
    handle, _ = await desk.acquire(make_request())
    return handle


async def refused_for_lateness(desk: Desk) -> Handle:
    handle, _ = await desk.acquire(make_request(acquire_by=datetime.now(UTC) - SOON))
    return handle


async def pending_then_declined(desk: Desk) -> Handle:
    desk.biller.script.append(Paying.PENDING)
    handle, _ = await desk.lock()
    order = make_order()
    paying = asyncio.create_task(desk.pay(handle, order))
    await desk.until_asked(handle)
    desk.biller.decline(order.transaction_id)
    await paying
    return handle


async def asked_twice(desk: Desk) -> Handle:
    desk.biller.gate = asyncio.Event()
    handle, _ = await desk.lock()
    order = make_order()
    first = asyncio.create_task(desk.pay(handle, order))
    await desk.until_tried(handle, "billers.pay")
    second = await handle.start_update(
        BillLock.pay, order, id="again", wait_for_stage=WorkflowUpdateStage.ACCEPTED
    )
    desk.biller.gate.set()
    await asyncio.gather(first, second.result())
    return handle


async def _refused_by_the_record(desk: Desk, ttl: timedelta) -> Handle:
    used = make_order()
    first, _ = await desk.lock()
    await desk.pay(first, used)
    handle, _ = await desk.lock(make_request(ttl=ttl))
    await handle.execute_update(BillLock.pay, used)
    return handle


async def refused_by_the_record_then_paid(desk: Desk) -> Handle:
    handle = await _refused_by_the_record(desk, timedelta(minutes=5))
    await desk.pay(handle)
    return handle


async def refused_by_the_record_then_expired(desk: Desk) -> Handle:
    return await _refused_by_the_record(desk, 5 * SOON)


async def paid_after_an_outage_of_the_record(desk: Desk) -> Handle:
    handle, _ = await desk.lock()
    desk.transactions.unavailable = True
    paying = asyncio.create_task(desk.pay(handle))
    await desk.until_tried(handle, "transactions.begin")
    desk.transactions.unavailable = False
    await paying
    return handle


async def expired_with_a_lost_payment(desk: Desk) -> Handle:
    request = make_request(ttl=5 * SOON)
    handle, _ = await desk.lock(request)
    await desk.begin_and_lose(request)
    return handle


async def cancelled_while_locked(desk: Desk) -> Handle:
    handle, _ = await desk.lock()
    await handle.cancel()
    return handle


async def cancelled_while_paying(desk: Desk) -> Handle:
    desk.biller.gate = asyncio.Event()
    handle, _ = await desk.lock()
    paying = asyncio.create_task(desk.pay(handle))
    await desk.until_tried(handle, "billers.pay")
    await handle.cancel()
    await desk.until_cancel_arrived(handle)
    desk.biller.gate.set()
    await paying
    return handle


STORIES: Final[Mapping[str, Story]] = {
    "paid": paying(),
    "declined": paying(Paying.DECLINE),
    "unknown_then_paid": paying(Paying.LOSE_ANSWER),
    "unknown_then_sent_again": paying(Paying.LOSE_REQUEST),
    "unknown_twice_then_sent_again": paying(Paying.LOSE_REQUEST, Paying.LOSE_REQUEST),
    "unreachable_then_paid": paying(Paying.UNREACHABLE),
    "broken_then_paid": paying(Paying.BREAK),
    **{
        story.__name__: story
        for story in (
            expired,
            released,
            refused_by_the_biller,
            refused_for_silence,
            refused_for_lateness,
            pending_then_declined,
            asked_twice,
            refused_by_the_record_then_paid,
            refused_by_the_record_then_expired,
            paid_after_an_outage_of_the_record,
            expired_with_a_lost_payment,
            cancelled_while_locked,
            cancelled_while_paying,
        )
    },
}
