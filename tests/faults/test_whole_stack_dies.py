"""All parts are killed at once, in mid-payment: they come back, and nothing is lost or doubled."""

import asyncio

from tests.evidence import Evidence
from tests.patience import lock_persistently, pay_persistently
from tests.running_gateway import PartnerClient, RunningGateway, TestBill, new_id

PARTS = ("postgres", "temporal", "worker", "api", "operator", "sandbox")


async def test_twelve_payments_and_a_lock_outlive_everything(
    gateway: RunningGateway, partner: PartnerClient, evidence: Evidence
) -> None:
    slow = {"behaviour": "slow", "delayMs": 1500, "operations": ["hold"]}
    gateway.sandbox("POST", "/control/billers/BAHWATER", slow)
    bills = [*(TestBill() for _ in range(12)), TestBill(biller_id="BAHWATER")]
    orders = {bill: new_id() for bill in bills}
    locks = {bill: new_id("KEY") for bill in bills}

    async def live(bill: TestBill, after_s: float) -> None:
        await asyncio.sleep(after_s)
        lock = await lock_persistently(partner, bill, locks[bill])
        # In its own lock nobody stands in its way, not even in one that it was never told of.
        assert lock.code == "P0000", lock
        await pay_persistently(partner, lock.data["lockToken"], orders[bill], key=new_id("KEY"))

    async def kill() -> None:
        await evidence.effect(bills[3])
        # The slow biller's lock has begun, and not even a worker has accepted who asked for it.
        await evidence.begun(bills[-1])
        for part in PARTS:
            gateway.kill(part)

    delays_s = [*(0.1 + 0.05 * n for n in range(12)), 0]
    await asyncio.gather(kill(), *map(live, bills, delays_s))

    for bill, order in orders.items():
        await evidence.paid_once(partner, bill, order)
