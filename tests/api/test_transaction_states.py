"""The states of a payment, PROCESSING to PAID or DECLINED, and what each of them allows."""

import asyncio

from tests.api.conftest import Misbehave
from tests.evidence import Evidence
from tests.patience import drain, pay_persistently
from tests.running_gateway import PartnerClient, TestBill, new_id


async def test_while_the_biller_takes_its_time_nothing_else_happens_to_the_lock(
    partner: PartnerClient, partner_beside: PartnerClient, evidence: Evidence, misbehave: Misbehave
) -> None:
    misbehave("DESCO", "slow", delayMs=5_000)
    bill, transaction = TestBill(), new_id()
    token = await partner.locked(bill)

    pending = await pay_persistently(partner_beside, token, transaction)
    # At once, so that all of it happens meanwhile.
    asked, other, released, locked = await asyncio.gather(
        partner.status(transaction),
        partner.pay(token, new_id()),
        partner.unlock(token),
        partner.lock(bill),
    )

    assert (pending.http_status, pending.status, pending.code) == (202, "PENDING", "P0001")
    assert pending.data["state"] == "PROCESSING"
    assert (pending.data["paidAt"], pending.data["billerReference"]) == (None, None)
    assert (asked.http_status, asked.status, asked.code) == (200, "PENDING", "P0001")
    assert asked.data == pending.data
    assert [other.code, released.code, locked.code] == ["P1105", "P1107", "P1101"]
    final = await evidence.paid_once(partner, bill, transaction)
    assert final.data["transactionId"] == pending.data["transactionId"]


async def test_asking_again_while_it_is_processed_is_the_same_payment(
    partner: PartnerClient, partner_beside: PartnerClient, evidence: Evidence, misbehave: Misbehave
) -> None:
    misbehave("DESCO", "slow", delayMs=5_000)
    bill, transaction = TestBill(), new_id()
    token = await partner.locked(bill)

    pending = [await pay_persistently(partner_beside, token, transaction) for _ in range(2)]
    paid = await partner.pay(token, transaction)

    assert [answer.code for answer in pending] == ["P0001"] * 2
    assert paid.code == "P0000"
    assert paid.data["transactionId"] == pending[0].data["transactionId"]
    await evidence.paid_once(partner, bill, transaction)


async def test_a_declined_payment_is_declined_for_ever_and_frees_the_bill(
    partner: PartnerClient, evidence: Evidence, misbehave: Misbehave
) -> None:
    misbehave("DESCO", "decline", reason="INSUFFICIENT_FUNDS", times=1)
    bill, transaction = TestBill(), new_id()
    token = await partner.locked(bill)

    declined = await partner.pay(token, transaction)
    again = await partner.pay(token, transaction)
    asked = await partner.status(transaction)

    assert (declined.http_status, declined.status, declined.code) == (402, "ERROR", "P2001")
    assert (declined.data["state"], declined.data["reason"]) == ("DECLINED", "insufficient_funds")
    assert (again.code, again.data) == (declined.code, declined.data)
    assert (asked.http_status, asked.status, asked.code) == (200, "OK", "P0000")
    assert asked.data == declined.data
    assert asked.data["declineCode"] == "P2001"
    await evidence.declined(partner, bill, transaction, "P2001")
    second = await partner.pay(await partner.locked(bill), new_id())
    assert second.code == "P0000"


async def test_the_transaction_id_of_a_declined_payment_is_used_up(
    partner: PartnerClient, misbehave: Misbehave, evidence: Evidence
) -> None:
    misbehave("DESCO", "decline", times=1)
    bill, transaction = TestBill(), new_id()
    await partner.pay(await partner.locked(bill), transaction)
    await evidence.end_of_lock(bill)

    answer = await partner.pay(await partner.locked(bill), transaction)

    assert (answer.http_status, answer.code) == (409, "P1106")


async def test_a_payment_whose_answer_was_lost_is_found_out_and_told(
    partner: PartnerClient, evidence: Evidence
) -> None:
    """Ending 95: the biller takes the money, and the connection is reset."""
    bill, transaction = TestBill(95), new_id()

    answer = await partner.pay(await partner.locked(bill), transaction)

    assert answer.code in ("P0000", "P0001")
    assert (await drain(partner, transaction)).data["state"] == "PAID"
    await evidence.paid_once(partner, bill, transaction)
