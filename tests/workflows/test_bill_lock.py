"""The life of a lock: taken, refused, expired, given back."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import WorkflowExecutionStatus
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment

from payments.domain.bill import BillRef, LockState, Refused
from payments.domain.codes import Code
from payments.domain.lock import LockAnswer
from payments.domain.money import Money
from payments.temporal import AMOUNT_MINOR, BILL_ID, BILLER_ID, PARTNER_ID, PAY_STATE
from tests.workflows.engine import Desk, make_order, make_request, refusal_of
from workflows.bill_lock import BillLock

PAST_EXPIRY = timedelta(minutes=5, seconds=1)


async def test_a_lock_holds_the_bill_and_says_what_is_owed(desk: Desk) -> None:
    request = make_request()

    handle, lock = await desk.lock(request)

    assert desk.biller.holds == {request.bill: request.lock_id}
    assert lock.amount == Money(125_000, "BDT")
    assert lock.fee == Money(225, "BDT")
    assert lock.run_id == handle.first_execution_run_id
    assert lock.expires_at - lock.locked_at == timedelta(minutes=5)
    assert lock.locked_at == (await handle.describe()).start_time
    assert (await handle.query(BillLock.lock)).state is LockState.LOCKED


async def test_a_second_payer_is_refused_while_the_lock_is_held(desk: Desk) -> None:
    request = make_request()
    await desk.lock(request)

    with pytest.raises(WorkflowAlreadyStartedError):
        await desk.acquire(make_request(bill=request.bill, partner_id="partner_2"))

    assert desk.biller.calls == [f"hold {request.lock_id}"]


async def test_the_same_request_again_gets_the_same_lock(desk: Desk) -> None:
    request = make_request()
    _, lock = await desk.lock(request)

    _, again = await desk.lock(request)

    assert again == lock


async def test_a_lock_expires_and_the_bill_is_given_back(desk: Desk) -> None:
    request = make_request()
    handle, _ = await desk.lock(request)

    await desk.skip(handle, PAST_EXPIRY)
    end = await handle.result()

    assert end is LockState.EXPIRED
    assert desk.biller.holds == {}
    assert desk.transactions.events == [("bill.lock_expired", request.lock_id)]
    assert desk.transactions.ledger.postings == {}


async def test_an_expired_bill_can_be_locked_again(desk: Desk) -> None:
    request = make_request()
    handle, first = await desk.lock(request)
    await desk.skip(handle, PAST_EXPIRY)
    await handle.result()

    _, second = await desk.lock(make_request(bill=request.bill))

    assert second.run_id != first.run_id


async def test_a_lock_given_back_is_free_at_once(desk: Desk) -> None:
    request = make_request()
    handle, _ = await desk.lock(request)

    state = await handle.execute_update(BillLock.release, "trace")
    _, answer = await desk.acquire(make_request(bill=request.bill))

    assert state is LockState.RELEASED
    assert answer.lock is not None
    assert desk.transactions.events == []
    assert await handle.result() is LockState.RELEASED


async def test_a_lock_cannot_be_given_back_after_it_expired(
    environment: WorkflowEnvironment,
) -> None:
    desk = Desk(environment)
    async with desk.worker():
        handle, _ = await desk.lock()

    # Without a worker, timer and update meet in one workflow task.
    await desk.skip(handle, PAST_EXPIRY)
    releasing = asyncio.create_task(handle.execute_update(BillLock.release, "trace"))
    async with desk.worker():
        try:
            refused = await refusal_of(releasing)
        except RPCError as gone:
            # It came a moment later and found the lock closing: the API reads that as expired.
            if gone.status is not RPCStatusCode.NOT_FOUND:
                raise
            refused = Code.LOCK_EXPIRED

    assert refused is Code.LOCK_EXPIRED
    assert await handle.result() is LockState.EXPIRED


@pytest.mark.parametrize(
    ("arrange", "code"),
    [
        (lambda biller, bill: biller.missing.add(bill), Code.BILL_NOT_FOUND),
        (lambda biller, bill: biller.pay_elsewhere(bill), Code.BILL_ALREADY_PAID),
        (lambda biller, bill: biller.holds.update({bill: "another"}), Code.BILL_LOCKED),
    ],
)
async def test_what_the_biller_refuses_is_not_locked(
    desk: Desk, arrange: object, code: Code
) -> None:
    request = make_request()
    assert callable(arrange)
    arrange(desk.biller, request.bill)

    handle, answer = await desk.acquire(request)

    assert answer == LockAnswer(refused=Refused(code))
    assert await handle.result() is LockState.REFUSED
    assert not any(call.startswith("release") for call in desk.biller.calls)


async def test_a_biller_we_do_not_know_is_refused(desk: Desk) -> None:
    _, answer = await desk.acquire(make_request(bill=BillRef("NOBODY", "1", "2026-04")))

    assert answer == LockAnswer(refused=Refused(Code.BILLER_UNKNOWN))


async def test_a_silent_biller_is_a_quick_refusal_and_its_perhaps_hold_is_given_back(
    desk: Desk,
) -> None:
    desk.biller.unreachable = True
    request = make_request()

    handle, answer = await desk.acquire(request)
    desk.biller.unreachable = False
    end = await handle.result()

    assert answer == LockAnswer(refused=Refused(Code.BILLER_UNAVAILABLE))
    assert end is LockState.REFUSED
    assert desk.biller.calls.count(f"hold {request.lock_id}") == 3
    assert f"release {request.lock_id}" in desk.biller.calls


async def test_a_request_nobody_waits_for_any_more_is_not_held(desk: Desk) -> None:
    request = make_request(acquire_by=datetime.now(UTC) - timedelta(seconds=1))

    handle, answer = await desk.acquire(request)
    await handle.result()

    assert answer == LockAnswer(refused=Refused(Code.ENGINE_UNAVAILABLE))
    assert desk.biller.calls == [f"release {request.lock_id}"]


async def test_temporals_cancel_button_gives_a_lock_back(desk: Desk) -> None:
    request = make_request()
    handle, _ = await desk.lock(request)

    await handle.cancel()
    end = await handle.result()

    assert end is LockState.RELEASED
    assert desk.biller.holds == {}


async def test_an_operator_reads_what_a_lock_is_about(desk: Desk) -> None:
    request = make_request()
    handle, _ = await desk.lock(request)

    described = await handle.describe()
    await desk.pay(handle, make_order())
    await handle.result()
    after = await handle.describe()

    bill = request.bill
    assert await described.static_summary() == f"DESCO {bill.bill_number} of 2026-04 for partner_1"
    assert request.trace in (await described.static_details() or "")
    before = described.typed_search_attributes
    assert before[BILLER_ID] == "DESCO"
    assert before[BILL_ID] == bill.bill_number
    assert before[PARTNER_ID] == "partner_1"
    assert before[PAY_STATE] == "LOCKED"
    assert after.status is WorkflowExecutionStatus.COMPLETED
    assert after.typed_search_attributes[PAY_STATE] == "PAID"
    assert after.typed_search_attributes[AMOUNT_MINOR] == 125_000
