"""Look up, lock, pay, give back: what partners are told of a bill that behaves."""

from tests.running_gateway import PartnerClient, TestBill, new_id


async def test_a_bill_is_locked_and_paid(partner: PartnerClient) -> None:
    bill = TestBill()
    token = await partner.locked(bill)
    answer = await partner.pay(token, new_id())
    assert answer.code == "P0000"
