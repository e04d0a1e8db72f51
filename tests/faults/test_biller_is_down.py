"""The biller refuses connections: what is accepted stays accepted, and is honoured when it is back.

All billers of the sandbox share one listener, so here none of them is reachable.
"""

import asyncio
from datetime import UTC, datetime

from tests.evidence import Evidence
from tests.patience import lock_persistently, pay_persistently
from tests.running_gateway import PartnerClient, RunningGateway, TestBill, new_id


async def test_a_payment_accepted_while_the_biller_is_down_is_paid_when_it_is_back(
    gateway: RunningGateway, hasty: PartnerClient, rival: PartnerClient, evidence: Evidence
) -> None:
    bill, other, order = TestBill(), TestBill(), new_id()
    lock = await lock_persistently(hasty, bill, new_id("KEY"))
    gateway.sandbox("POST", "/control/billers/DESCO", {"behaviour": "down"})

    # Nothing was ever held of the other bill, so "not now" is the whole truth about it.
    accepted, refused, unseen = await asyncio.gather(
        pay_persistently(hasty, lock.data["lockToken"], order),
        hasty.lock(other),
        hasty.get("/bill/lookup", **other.told),
    )

    assert (accepted.http_status, accepted.code) == (202, "P0001")
    assert (refused.http_status, refused.code) == (503, "P1004")
    assert (unseen.http_status, unseen.code) == (503, "P1004")
    expires_at = datetime.fromisoformat(lock.data["expiresAt"])
    await asyncio.sleep((expires_at - datetime.now(UTC)).total_seconds())
    assert (await lock_persistently(rival, bill, new_id("KEY"))).code == "P1101"
    status = await hasty.status(order)
    assert (status.code, status.data["state"]) == ("P0001", "PROCESSING")
    assert await evidence.effects(bill) == []

    gateway.sandbox("DELETE", "/control/billers/DESCO")

    paid = await evidence.paid_once(hasty, bill, order)
    assert datetime.fromisoformat(paid.data["paidAt"]) > expires_at
    # A refused connection surely sent nothing, so nothing ever had to wait in suspense.
    assert set(await evidence.postings(paid.data["transactionId"])) == {"paid"}
    late = await lock_persistently(hasty, other, new_id("KEY"))
    assert late.code == "P0000"
