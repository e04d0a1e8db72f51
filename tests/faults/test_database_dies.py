"""PostgreSQL is killed in mid-payment: refusals are still signed, and then all of it resolves."""

import asyncio

from tests.evidence import Evidence
from tests.patience import drain, lock_persistently, pay_persistently
from tests.running_gateway import Answer, PartnerClient, RunningGateway, TestBill, new_id


async def test_payments_outlive_the_database(
    gateway: RunningGateway, partner: PartnerClient, evidence: Evidence
) -> None:
    gateway.sandbox("POST", "/control/billers/BAHWATER", {"behaviour": "slow", "delayMs": 1000})
    bills = [TestBill(biller_id="BAHWATER"), *(TestBill() for _ in range(5))]
    orders = {bill: new_id() for bill in bills}
    tokens = {bill: await partner.locked(bill) for bill in bills}
    meanwhile: list[Answer] = []

    async def pay(bill: TestBill, after_s: float) -> None:
        await asyncio.sleep(after_s)
        key = new_id("KEY")
        meanwhile.append(await partner.pay(tokens[bill], orders[bill], key=key))
        await pay_persistently(partner, tokens[bill], orders[bill], key=key)
        await drain(partner, orders[bill])

    async def kill() -> None:
        await evidence.effect(bills[0])
        died = gateway.pid("postgres")
        gateway.kill("postgres")
        # PartnerClient has verified the signature of each of these.
        while gateway.pid("postgres") == died or len(meanwhile) < len(bills):
            meanwhile.append(await partner.status(orders[bills[0]]))

    await asyncio.gather(kill(), *(pay(bill, 0.25 * n) for n, bill in enumerate(bills)))

    refused = [answer for answer in meanwhile if answer.http_status == 503]
    assert {answer.code for answer in refused} <= {"P9003", "P9004"}
    assert "P9004" in {answer.code for answer in refused}
    assert all(answer.headers["retry-after"] for answer in refused)
    for bill, order in orders.items():
        await evidence.paid_once(partner, bill, order)


async def test_a_lock_taken_while_the_database_was_away_is_a_lock(
    gateway: RunningGateway, partner: PartnerClient, evidence: Evidence
) -> None:
    bill, order, key = TestBill(), new_id(), new_id("KEY")
    gateway.kill("postgres")

    lock = await lock_persistently(partner, bill, key)

    assert lock.code == "P0000", lock
    await pay_persistently(partner, lock.data["lockToken"], order)
    await evidence.paid_once(partner, bill, order)
