"""POST /auth/token: who gets none though the request is right, and what guessing costs.

Rows T8 and T10 of the catalogue of bad input.
"""

import asyncio
from collections import Counter
from functools import partial
from typing import Any

from tests.api.office import Office, any_address
from tests.patience import until
from tests.running_gateway import Answer, PartnerClient


async def ask(client: PartnerClient, body: dict[str, Any]) -> Answer:
    return await client.ask("POST", "/auth/token", json=body)


async def eventually(code: str, client: PartnerClient) -> Answer:
    """A change by an operator takes effect within a moment, five seconds at the most."""

    async def answered() -> Answer | None:
        answer = await ask(client, client.key.token_request())
        return answer if answer.code == code else None

    return await until(answered, 5, f"not {code}")


async def until_limited(thief: PartnerClient, wrong: dict[str, str]) -> Answer:
    """The minute slides on while we ask, and lets a few more in."""

    async def limited() -> Answer | None:
        answer = await ask(thief, thief.key.token_request() | wrong)
        assert answer.code in ("P4001", "P5009"), answer
        return answer if answer.code == "P5009" else None

    return await until(limited, 10, "nobody stops the guessing")


async def test_a_suspended_partner_gets_no_token_and_a_resumed_one_does(office: Office) -> None:
    guest = await office.guest()
    alone = office.client(guest.key, any_address())

    await office.administration.suspend_partner(guest.key.id)
    refused = await eventually("P4001", alone)
    await office.administration.resume_partner(guest.key.id)

    assert refused.http_status == 401
    assert refused.trace.startswith(f"{guest.key.id}.")
    await eventually("P0000", alone)


async def test_a_revoked_key_gets_no_token(office: Office) -> None:
    guest = await office.guest()
    await office.administration.revoke_key(guest.key.api_key)

    await eventually("P4001", guest)


async def test_a_caller_from_outside_its_ranges_gets_no_token(office: Office) -> None:
    guest = await office.partner(ranges=["10.0.0.0/8"])

    answer = await ask(guest, guest.key.token_request())
    assert (answer.http_status, answer.code) == (403, "P4005")


async def test_too_many_failures_of_one_address_are_rate_limited_and_hurt_nobody_else(
    office: Office, partner: PartnerClient
) -> None:
    thief = office.client(partner.key, any_address())
    thief_asks = partial(ask, thief)
    guesses = [partner.key.token_request() | {"apiKey": f"qk_guess{n}"} for n in range(300)]
    codes = Counter(answer.code for answer in await asyncio.gather(*map(thief_asks, guesses)))

    limited = await until_limited(thief, {"apiKey": "qk_guess"})

    assert codes == {"P4001": 300}
    assert limited.http_status == 429
    assert 1 <= int(limited.headers["retry-after"]) <= 60
    # A correct request is never refused for somebody's failures, not even from that address.
    assert (await ask(thief, partner.key.token_request())).code == "P0000"
    elsewhere = await ask(partner, partner.key.token_request() | {"signature": "0" * 64})
    assert elsewhere.code == "P4001"


async def test_too_many_failures_of_one_key_are_rate_limited_from_everywhere(
    office: Office,
) -> None:
    guest = await office.guest()
    thieves = [office.client(guest.key, any_address()) for _ in range(5)]
    wrong = {"signature": "0" * 64}
    answers = await asyncio.gather(
        *(ask(thieves[n % 5], guest.key.token_request() | wrong) for n in range(100))
    )

    assert Counter(answer.code for answer in answers) == {"P4001": 100}
    for thief in thieves:
        await until_limited(thief, wrong)
    assert (await ask(guest, guest.key.token_request())).code == "P0000"
