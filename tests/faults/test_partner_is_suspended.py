"""A partner is suspended in mid-payment: the payment is completed, and nothing new begins."""

from tests.back_office import administration, known_at, make_partner
from tests.evidence import Evidence
from tests.patience import pay_persistently, until
from tests.running_gateway import PartnerClient, RunningGateway, TestBill, new_id
from tests.side_door import SideDoor


async def test_a_started_payment_completes_and_every_new_call_is_refused(
    gateway: RunningGateway, short_locks: SideDoor, evidence: Evidence
) -> None:
    slow = {"behaviour": "slow", "delayMs": 4_000}
    gateway.sandbox("POST", "/control/billers/BAHWATER", slow)
    bill, locked, order = TestBill(biller_id="BAHWATER"), TestBill(), new_id()
    async with administration(gateway) as office:
        partner = PartnerClient(gateway.api, await make_partner(office))
        hurried = PartnerClient(short_locks.api, partner.key)
        await known_at(partner)
        await known_at(hurried)
        token, unpaid = await partner.locked(bill), await partner.locked(locked)
        assert (await pay_persistently(hurried, token, order)).code == "P0001"

        await office.suspend_partner(partner.key.id)

        async def heard() -> bool:
            return (await partner.status(order)).code == "P4006"

        await until(heard, 5, "the API has not heard of it")
        for answer in (
            await partner.status(order),
            await partner.lock(TestBill()),
            await partner.pay(unpaid, new_id()),
            await partner.post("/bill/unlock", {"lockToken": unpaid}),
        ):
            assert (answer.http_status, answer.code) == (403, "P4006")
        request = partner.key.token_request()
        refused = await partner.ask("POST", "/auth/token", json=request)
        assert (refused.http_status, refused.code) == (401, "P4001")

        async def paid() -> bool:
            (row,) = await evidence.transactions(bill)
            return bool(row["state"] == "PAID")

        await until(paid, 30, "the started payment was not completed")
        await evidence.nothing_moved(locked)
        await office.resume_partner(partner.key.id)

    await evidence.paid_once(partner, bill, order)
    # The lock it held all the while is still its own.
    assert (await partner.post("/bill/unlock", {"lockToken": unpaid})).code == "P0000"
    await partner.close()
    await hurried.close()
