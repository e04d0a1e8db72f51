"""How much a partner may ask: beyond its own number it waits, and nobody else does."""

import json

from tests.api.conftest import Untouched
from tests.api.office import Office
from tests.partner_key import PartnerKey
from tests.running_gateway import PartnerClient, RunningGateway, TestBill

ADD = ("partner", "add", "small_shop", "--name", "Small", "--range", "127.0.0.0/8")
TERMS = ("--biller", "DESCO:500:25", "--requests-per-minute", "4")


async def test_beyond_its_requests_per_minute_a_partner_is_told_to_wait(
    gateway: RunningGateway, office: Office, partner: PartnerClient, untouched: Untouched
) -> None:
    told = json.loads(gateway.cli(*ADD, *TERMS).splitlines()[-1])
    small = office.client(key := PartnerKey(told["id"], told["apiKey"], told["secret"]))
    await office.wait_until_known(key)
    bill = TestBill()

    # The token is the first of the four.
    within = [await small.get("/bill/lookup", **bill.told) for _ in range(3)]
    beyond = await small.lock(bill)
    fresh = await small.ask("POST", "/auth/token", json=key.token_request())

    assert [answer.code for answer in within] == ["P0000"] * 3
    assert (beyond.http_status, beyond.code) == (429, "P5009")
    assert 1 <= int(beyond.headers["retry-after"]) <= 60
    assert beyond.trace.startswith("small_shop.")
    assert fresh.code == "P5009"
    await untouched(bill)
    assert (await partner.get("/bill/lookup", **bill.told)).code == "P0000"


async def test_what_is_refused_for_its_token_uses_nothing_up(
    office: Office, gateway: RunningGateway
) -> None:
    guest = await office.partner(requests_per_minute=2)
    await guest.authorised()

    strangers = [await guest.ask("GET", "/txn/status") for _ in range(5)]

    assert {answer.code for answer in strangers} == {"P4004"}
    assert (await guest.get("/bill/lookup", **TestBill().told)).code == "P0000"
    assert (await guest.get("/bill/lookup", **TestBill().told)).code == "P5009"
