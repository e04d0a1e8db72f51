"""A hundred partners want one bill in the same moment: one gets it, the others are told so."""

import asyncio
from collections import Counter

from tests.back_office import administration, make_partner
from tests.evidence import Evidence
from tests.partner_key import PartnerKey
from tests.patience import persistently, until
from tests.running_gateway import (
    Answer,
    PartnerClient,
    RunningGateway,
    TestBill,
    new_id,
)

PARTNERS = 100


async def bearer(client: PartnerClient, key: PartnerKey) -> dict[str, str]:
    async def given() -> Answer | None:
        """Once the gateway has heard of this partner."""
        answer = await client.ask("POST", "/auth/token", json=key.token_request())
        return answer if answer.code == "P0000" else None

    answer = await until(given, 30, f"{key.id} gets no token")
    return {"Authorization": f"Bearer {answer.data['accessToken']}"}


async def test_exactly_one_of_a_hundred_partners_gets_the_lock(
    gateway: RunningGateway, partner: PartnerClient, evidence: Evidence
) -> None:
    async with administration(gateway) as office:
        keys = await asyncio.gather(*(make_partner(office) for _ in range(PARTNERS)))
    bearers = await asyncio.gather(*(bearer(partner, key) for key in keys))
    bill, order = TestBill(), new_id()

    async def lock(headers: dict[str, str]) -> Answer:
        keyed = {**headers, "Idempotency-Key": new_id("KEY")}
        return await persistently(
            lambda: partner.ask("POST", "/bill/lock", json=bill.told, headers=keyed)
        )

    answers = await asyncio.gather(*map(lock, bearers))

    assert Counter(answer.code for answer in answers) == {"P0000": 1, "P1101": PARTNERS - 1}
    for refused in (answer for answer in answers if answer.code == "P1101"):
        assert refused.http_status == 409
        assert refused.data["heldByYou"] is False
        assert 1 <= refused.data["retryAfterS"] <= 300
        assert refused.headers["retry-after"] == str(refused.data["retryAfterS"])
    winner = next(number for number, answer in enumerate(answers) if answer.code == "P0000")

    body = {"lockToken": answers[winner].data["lockToken"], "transactionId": order}
    paid = await partner.ask("POST", "/bill/pay", json=body, headers=bearers[winner])

    assert paid.code == "P0000"
    (effect,) = await evidence.effects(bill)
    assert effect["reference"] == paid.data["transactionId"]
    (row,) = await evidence.transactions(bill)
    assert (row["partner_id"], row["state"]) == (keys[winner].id, "PAID")
    assert await evidence.events(bill) == [(1, "bill.paid")]
    after = await lock(bearers[winner - 1])
    assert after.code == "P1002"
