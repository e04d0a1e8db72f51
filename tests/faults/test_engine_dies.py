"""Temporal is killed in mid-payment and started anew by the supervisor: everything goes on."""

import asyncio

from tests.evidence import Evidence
from tests.patience import lock_persistently, pay_persistently
from tests.running_gateway import Answer, PartnerClient, RunningGateway, TestBill, new_id

# What a partner may be told while the engine is away; each says that asking again is right.
ALLOWED = {"P0000", "P0001", "P9002", "P9003"}


async def test_payments_and_locks_outlive_the_engine(
    gateway: RunningGateway, partner: PartnerClient, evidence: Evidence
) -> None:
    bills = [TestBill(biller_id="BAHWATER"), *(TestBill() for _ in range(5))]
    orders = {bill: new_id() for bill in bills}
    tokens = {bill: await partner.locked(bill) for bill in bills}
    fresh, fresh_key = TestBill(biller_id="BAHWATER"), new_id("KEY")
    slow = {"behaviour": "slow", "delayMs": 1200, "operations": ["pay", "hold"]}
    gateway.sandbox("POST", "/control/billers/BAHWATER", slow)
    told: list[Answer] = []

    async def pay(bill: TestBill, after_s: float) -> None:
        await asyncio.sleep(after_s)
        told.append(await partner.pay(tokens[bill], orders[bill]))
        await pay_persistently(partner, tokens[bill], orders[bill])

    async def lock() -> None:
        told.append(await partner.lock(fresh, key=fresh_key))

    async def kill() -> None:
        # One payment and one hold are at the biller, who takes his time; of the lock the engine
        # has kept its start, and not yet who asked for it.
        await evidence.arrival(bills[0])
        await evidence.begun(fresh)
        gateway.kill("temporal")

    await asyncio.gather(lock(), kill(), *(pay(bill, 0.1 * n) for n, bill in enumerate(bills)))

    assert {answer.code for answer in told} <= ALLOWED, told
    for bill, order in orders.items():
        await evidence.paid_once(partner, bill, order)
    answer = await lock_persistently(partner, fresh, fresh_key)
    assert answer.code == "P0000", answer
    order = new_id()
    await pay_persistently(partner, answer.data["lockToken"], order)
    await evidence.paid_once(partner, fresh, order)
