"""The worker is killed in mid-payment: each payment has one effect, one entry and one answer."""

import asyncio
import random

from tests.evidence import Evidence
from tests.faults.deaths import kill_worker_at_work
from tests.patience import drain, pay_persistently
from tests.running_gateway import PartnerClient, RunningGateway, TestBill, new_id

PAYMENTS = 12
KILLS = 2


async def test_one_death_before_during_and_after_a_call_to_the_biller(
    gateway: RunningGateway, partner: PartnerClient, evidence: Evidence
) -> None:
    # Longer than anybody waits for a biller here: whoever is killed late has left it by himself.
    slow = {"behaviour": "slow", "delayMs": 3_000}
    gateway.sandbox("POST", "/control/billers/BAHWATER", slow)
    during, after, before = TestBill(biller_id="BAHWATER"), TestBill(), TestBill()
    tokens = {bill: await partner.locked(bill) for bill in (during, after, before)}
    orders = {bill: new_id() for bill in tokens}

    def pay(bill: TestBill) -> "asyncio.Task[object]":
        return asyncio.create_task(
            pay_persistently(partner, tokens[bill], orders[bill], key=new_id("KEY"))
        )

    payments = [pay(during)]
    # The biller has the question and thinks about it; of the other bill it has just the money.
    await evidence.arrival(during)
    payments.append(pay(after))
    await evidence.effect(after)
    gateway.kill("worker")
    payments.append(pay(before))
    await asyncio.gather(*payments)

    for bill, order in orders.items():
        paid = await evidence.paid_once(partner, bill, order)
        assert len(await evidence.arrivals(bill)) == 1
        if bill is during:
            # Nobody was left to hear the answer, so the money waited and the biller was asked.
            postings = await evidence.postings(paid.data["transactionId"])
            assert set(postings) == {"suspended", "paid"}


async def test_deaths_at_random_moments_of_twelve_payments(
    gateway: RunningGateway, partner: PartnerClient, evidence: Evidence
) -> None:
    """Half of them at a biller that ignores idempotency keys: what is sent twice is seen there."""
    forgetful = {"behaviour": "slow", "delayMs": 200, "honourIdempotencyKeys": False}
    gateway.sandbox("POST", "/control/billers/TOKYOGAS", forgetful)
    bills = [TestBill(biller_id=("DESCO", "TOKYOGAS")[n % 2]) for n in range(PAYMENTS)]
    orders = {bill: new_id() for bill in bills}
    tokens = {bill: await partner.locked(bill) for bill in bills}
    chance = random.Random(2026)

    async def pay(bill: TestBill) -> None:
        await asyncio.sleep(chance.uniform(0, 3))
        await pay_persistently(partner, tokens[bill], orders[bill], key=new_id("KEY"))
        await drain(partner, orders[bill])

    async def kill() -> None:
        for _ in range(KILLS):
            await asyncio.sleep(chance.uniform(0.2, 1.5))
            await kill_worker_at_work(gateway)

    await asyncio.gather(kill(), *map(pay, bills))

    for bill, order in orders.items():
        await evidence.paid_once(partner, bill, order)
