"""A payment at the moment when its lock expires: paid or refused, never half of both."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.evidence import Evidence
from tests.patience import drain, lock_persistently, pay_persistently, persistently, until
from tests.running_gateway import Answer, PartnerClient, RunningGateway, TestBill, new_id

# Milliseconds from the expiry at which the payment is sent; it still has to reach the engine.
DISTANCES_MS = (-2000, -300, -150, -80, -40, -20, -10, -1, 0, 1)
TIMES_EACH = 3


async def sleep_until(moment: datetime) -> None:
    await asyncio.sleep((moment - datetime.now(UTC)).total_seconds())


def expiry(lock: Answer) -> datetime:
    return datetime.fromisoformat(lock.data["expiresAt"])


@dataclass(frozen=True, slots=True)
class Accepted:
    """A payment, and what was answered when it was first asked for."""

    bill: TestBill
    lock: Answer
    order: str
    key: str
    answer: Answer

    @property
    def token(self) -> str:
        return str(self.lock.data["lockToken"])


async def accepted_in_time(partner: PartnerClient, biller_id: str) -> Accepted:
    """Of another bill where a busy machine brought it later than the three seconds of its lock."""

    async def in_time() -> Accepted | None:
        bill, order, key = TestBill(biller_id=biller_id), new_id(), new_id("KEY")
        lock = await lock_persistently(partner, bill, new_id("KEY"))
        answer = await pay_persistently(partner, lock.data["lockToken"], order, key=key)
        return None if answer.code == "P1102" else Accepted(bill, lock, order, key, answer)

    return await until(in_time, 60, "no payment comes before its lock's end")


async def test_a_payment_at_the_moment_of_expiry_is_paid_or_refused(
    hasty: PartnerClient, evidence: Evidence
) -> None:
    async def pay_at(distance_ms: int) -> str:
        bill, order = TestBill(), new_id()
        lock = await lock_persistently(hasty, bill, new_id("KEY"))
        await sleep_until(expiry(lock) + timedelta(milliseconds=distance_ms))
        # A busy engine does not tell in time: then the contract says to ask with the same id.
        answer = await pay_persistently(hasty, lock.data["lockToken"], order)
        if answer.code == "P1102":
            assert await evidence.end_of_lock(bill) == "EXPIRED"
            await evidence.nothing_moved(bill, "bill.lock_expired")
            assert (await hasty.status(order)).code == "P1201"
        else:
            assert answer.code in {"P0000", "P0001"}, answer
            await evidence.paid_once(hasty, bill, order)
        return answer.code

    codes = await asyncio.gather(*map(pay_at, DISTANCES_MS * TIMES_EACH))

    # Both ends were met, or this was no race.
    assert "P1102" in codes
    assert {"P0000", "P0001"} & set(codes)


async def test_an_expired_lock_is_refused_and_the_bill_is_free_for_another(
    hasty: PartnerClient, other_partner: PartnerClient, evidence: Evidence
) -> None:
    bill, order = TestBill(), new_id()
    lock = await lock_persistently(hasty, bill, new_id("KEY"))

    assert await evidence.end_of_lock(bill) == "EXPIRED"

    assert datetime.now(UTC) >= expiry(lock)
    await evidence.nothing_moved(bill, "bill.lock_expired")
    token = await other_partner.locked(bill)
    late = await pay_persistently(hasty, lock.data["lockToken"], new_id())
    assert late.code == "P1102"
    assert (await pay_persistently(other_partner, token, order)).code == "P0000"
    (effect,) = await evidence.effects(bill)
    assert effect["reference"] == (await other_partner.status(order)).data["transactionId"]
    late = await persistently(lambda: hasty.unlock(lock.data["lockToken"]))
    assert late.code == "P1102"


async def test_a_payment_accepted_before_expiry_is_honoured_however_long_the_biller_takes(
    gateway: RunningGateway, hasty: PartnerClient, rival: PartnerClient, evidence: Evidence
) -> None:
    slow = {"behaviour": "slow", "delayMs": 6_000}
    gateway.sandbox("POST", "/control/billers/BAHWATER", slow)

    accepted = await accepted_in_time(hasty, "BAHWATER")
    bill, order, lock, answer = accepted.bill, accepted.order, accepted.lock, accepted.answer

    assert (answer.http_status, answer.code) == (202, "P0001")
    assert answer.data["state"] == "PROCESSING"
    await sleep_until(expiry(lock) + timedelta(milliseconds=200))
    # It has expired by the clock, and nobody else gets it: the payment holds it.
    assert (await lock_persistently(rival, bill, new_id("KEY"))).code == "P1101"
    assert (await hasty.status(order)).data["state"] == "PROCESSING"
    refused = await persistently(lambda: hasty.unlock(lock.data["lockToken"]))
    assert refused.code == "P1107"
    other = await pay_persistently(hasty, lock.data["lockToken"], new_id())
    assert other.code == "P1105"
    paid = await evidence.paid_once(hasty, bill, order)
    assert datetime.fromisoformat(paid.data["paidAt"]) > expiry(lock)
    assert (await lock_persistently(rival, bill, new_id("KEY"))).code == "P1002"


async def test_the_same_payment_asked_again_after_expiry_is_still_the_same(
    gateway: RunningGateway, hasty: PartnerClient, evidence: Evidence
) -> None:
    gateway.sandbox("POST", "/control/billers/TOKYOGAS", {"behaviour": "slow", "delayMs": 6_000})
    first = await accepted_in_time(hasty, "TOKYOGAS")
    token, order = first.token, first.order
    assert first.answer.code == "P0001"
    await sleep_until(expiry(first.lock))

    again = await pay_persistently(hasty, token, order, key=first.key)
    without_key = await pay_persistently(hasty, token, order)

    assert again.content == first.answer.content
    assert without_key.code in {"P0001", "P0000"}
    await drain(hasty, order)
    assert (await pay_persistently(hasty, token, order)).data["state"] == "PAID"
    await evidence.paid_once(hasty, first.bill, order)
