"""A token works only from the address range it was given to, and headers cannot talk it over.

Row J11 of the catalogue, and J15: tokens that were good until somebody said otherwise.
"""

from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import jwt
import pytest

from api.addresses import Addresses
from tests.api.conftest import Untouched
from tests.api.forge import Forge
from tests.api.office import Office
from tests.patience import until
from tests.running_gateway import Answer, PartnerClient, TestBill

PROXIES = [ip_network("10.0.0.0/8"), ip_network("fd00::/8")]


async def becomes(code: str, client: PartnerClient) -> Answer:
    """What an operator says takes effect within a moment, five seconds at the most."""

    async def answered() -> Answer | None:
        answer = await client.get("/bill/lookup", **TestBill().told)
        return answer if answer.code == code else None

    return await until(answered, 5, f"not {code}")


@pytest.mark.parametrize("ip_hash", ["", "0" * 64, "é"])
async def test_a_token_of_another_range_is_refused(
    stranger: PartnerClient, forge: Forge, untouched: Untouched, ip_hash: str
) -> None:
    bill = TestBill()
    headers = {"Authorization": f"Bearer {forge.token({'ipHash': ip_hash})}"}

    answer = await stranger.ask("POST", "/bill/lock", json=bill.told, headers=headers)

    assert (answer.http_status, answer.code) == (403, "P4005")
    await untouched(bill)


async def test_a_token_cannot_be_carried_to_another_range_of_the_same_partner(
    office: Office,
) -> None:
    guest = await office.partner(ranges=["127.0.0.1/32", "127.0.0.2/32"])
    headers = await guest.authorised()
    elsewhere = office.client(guest.key, "127.0.0.2")

    carried = await elsewhere.ask("GET", "/bill/lookup", params=TestBill().told, headers=headers)

    assert carried.code == "P4005"
    assert (await guest.get("/bill/lookup", **TestBill().told)).code == "P0000"
    assert (await elsewhere.get("/bill/lookup", **TestBill().told)).code == "P0000"


@pytest.mark.parametrize(
    "headers",
    [
        [("X-Forwarded-For", "10.1.2.3")],
        [("X-Forwarded-For", "10.1.2.3, 127.0.0.1")],
        [("X-Forwarded-For", "10.1.2.3"), ("X-Forwarded-For", "10.1.2.3")],
        [("Forwarded", "for=10.1.2.3")],
        [("X-Real-IP", "10.1.2.3")],
    ],
)
async def test_nobody_comes_from_where_a_header_of_theirs_says(
    office: Office, headers: list[tuple[str, str]]
) -> None:
    guest = await office.partner(ranges=["10.0.0.0/8"])

    answer = await guest.ask("POST", "/auth/token", json=guest.key.token_request(), headers=headers)

    assert answer.code == "P4005"


async def test_a_spoofed_header_does_not_take_a_good_address_away(partner: PartnerClient) -> None:
    spoofed = {"X-Forwarded-For": "10.1.2.3"}

    assert (await partner.get("/bill/lookup", spoofed, **TestBill().told)).code == "P0000"


HOPS = {
    "nobody between": ("192.0.2.1", [], "192.0.2.1"),
    "untrusted peer with a header": ("192.0.2.1", ["203.0.113.9"], "192.0.2.1"),
    "one proxy": ("10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
    "two proxies": ("10.0.0.1", ["203.0.113.9, 10.0.0.2"], "203.0.113.9"),
    "a spoofed hop before": ("10.0.0.1", ["127.0.0.1, 203.0.113.9"], "203.0.113.9"),
    "doubled header": ("10.0.0.1", ["127.0.0.1", "203.0.113.9"], "203.0.113.9"),
    "IPv4 in IPv6 clothes": ("::ffff:192.0.2.1", [], "192.0.2.1"),
    "proxy in IPv6 clothes": ("::ffff:10.0.0.1", ["203.0.113.9"], "203.0.113.9"),
    "IPv6": ("fd00::1", ["2001:db8::9"], "2001:db8::9"),
    "only proxies": ("10.0.0.1", ["10.0.0.2"], "10.0.0.1"),
    "a hop that is no address": ("10.0.0.1", ["localhost"], "None"),
    "an address with a port": ("10.0.0.1", ["203.0.113.9:1234"], "None"),
    "an empty header": ("10.0.0.1", [""], "None"),
    "a proxy that says nothing": ("10.0.0.1", [], "None"),
    "a socket without a name": ("", [], "None"),
}


@pytest.mark.parametrize(("peer", "told", "expected"), HOPS.values(), ids=HOPS)
def test_the_right_hop_counts_behind_proxies_we_configured(
    peer: str, told: list[str], expected: str
) -> None:
    headers = [(b"x-forwarded-for", each.encode()) for each in told]
    scope = {"type": "http", "client": (peer, 1), "headers": headers}

    assert str(Addresses(PROXIES).client(scope)) == expected


async def test_a_revoked_token_is_refused_and_another_of_the_same_key_is_not(
    office: Office,
) -> None:
    guest = await office.guest()
    token = (await guest.authorised())["Authorization"].removeprefix("Bearer ")
    jti = jwt.decode(token, options={"verify_signature": False})["jti"]

    until_then = datetime.now(UTC) + timedelta(minutes=15)
    await office.administration.revoke_token(jti, until_then)

    assert (await becomes("P4004", guest)).http_status == 401
    again = office.client(guest.key)
    assert (await again.get("/bill/lookup", **TestBill().told)).code == "P0000"


async def test_a_suspended_partners_token_is_refused_until_it_is_resumed(office: Office) -> None:
    guest = await office.guest()
    await becomes("P0000", guest)

    await office.administration.suspend_partner(guest.key.id)
    assert (await becomes("P4006", guest)).http_status == 403
    await office.administration.resume_partner(guest.key.id)
    await becomes("P0000", guest)


async def test_a_suspended_keys_token_is_refused(office: Office) -> None:
    guest = await office.guest()
    await becomes("P0000", guest)

    await office.administration.suspend_key(guest.key.api_key)

    await becomes("P4006", guest)


async def test_a_revoked_keys_token_is_refused(office: Office) -> None:
    guest = await office.guest()
    await becomes("P0000", guest)

    await office.administration.revoke_key(guest.key.api_key)

    assert (await becomes("P4004", guest)).http_status == 401


async def test_a_range_that_is_taken_away_takes_its_tokens_with_it(office: Office) -> None:
    guest = await office.partner(ranges=["127.0.0.1/32", "127.0.0.9/32"])
    await becomes("P0000", guest)

    await office.administration.remove_range(guest.key.id, ip_network("127.0.0.1/32"))

    await becomes("P4005", guest)
