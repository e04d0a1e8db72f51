"""The API is killed after it claimed a key: the retry gets the outcome, not a second one."""

import asyncio
from contextlib import suppress

import httpx2
import pytest

from tests.evidence import Evidence
from tests.faults.deaths import reborn
from tests.patience import lock_persistently, pay_persistently, until
from tests.running_gateway import PartnerClient, RunningGateway, TestBill, new_id

CLAIMED = "SELECT answered_at, http_status FROM idempotency WHERE key = $1"


async def test_a_lock_and_a_payment_whose_api_died_are_answered_under_their_keys(
    gateway: RunningGateway, partner: PartnerClient, evidence: Evidence
) -> None:
    bill, order, key = TestBill(biller_id="BAHWATER"), new_id(), new_id("KEY")
    locked, lock_key = TestBill(biller_id="TOKYOGAS"), new_id("KEY")
    token = await partner.locked(bill)
    slow = {"behaviour": "slow", "delayMs": 5_000}
    gateway.sandbox("POST", "/control/billers/BAHWATER", slow)
    slow_lock = {"behaviour": "slow", "delayMs": 2_300, "operations": ["hold"]}
    gateway.sandbox("POST", "/control/billers/TOKYOGAS", slow_lock)

    async def claimed(claim: str) -> None:
        await until(lambda: evidence.rows(CLAIMED, claim), 10, "no claim")

    died, paying = gateway.pid("api"), asyncio.create_task(partner.pay(token, order, key=key))
    await claimed(key)
    await evidence.arrival(bill)
    # The shortest comes last: nobody waits long for a hold.
    locking = asyncio.create_task(partner.lock(locked, key=lock_key))
    await claimed(lock_key)
    gateway.kill("api")
    for ask in (paying, locking):
        with pytest.raises(httpx2.TransportError):
            await ask
    (claim,) = await evidence.rows(CLAIMED, key)
    assert claim["answered_at"] is None

    paid, lock = await asyncio.gather(
        pay_persistently(partner, token, order, key=key),
        lock_persistently(partner, locked, lock_key),
    )

    assert gateway.pid("api") != died
    assert paid.code in {"P0000", "P0001"}
    await evidence.paid_once(partner, bill, order)
    assert len(await evidence.arrivals(bill)) == 1
    again = await partner.pay(token, order, key=key)
    assert (again.content, again.trace) == (paid.content, paid.trace)
    # The very lock that was taken by the request whose answer was lost.
    other = new_id()
    assert lock.code == "P0000", lock
    assert (await lock_persistently(partner, locked, lock_key)).data == lock.data
    await pay_persistently(partner, lock.data["lockToken"], other)
    await evidence.paid_once(partner, locked, other)


async def test_an_api_that_dies_again_and_again_loses_no_payment(
    gateway: RunningGateway, partner: PartnerClient, evidence: Evidence
) -> None:
    bills = {TestBill(): new_id() for _ in range(8)}

    async def live(bill: TestBill, order: str) -> None:
        lock = await lock_persistently(partner, bill, new_id("KEY"))
        assert lock.code == "P0000", lock
        await pay_persistently(partner, lock.data["lockToken"], order, key=new_id("KEY"))

    async def kill() -> None:
        for _ in range(2):
            died = gateway.pid("api")
            with suppress(ProcessLookupError):
                gateway.kill("api")
            await reborn(gateway, "api", died)
            await asyncio.sleep(0.3)

    await asyncio.gather(kill(), *(live(bill, order) for bill, order in bills.items()))

    for bill, order in bills.items():
        await evidence.paid_once(partner, bill, order)
