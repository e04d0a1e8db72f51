"""POST /auth/token: a signed request works once, within a minute, and failures say nothing.

Rows T1 to T10 of the catalogue of bad input.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from payments.domain.partner import Scope
from tests.api.forge import ABSENT
from tests.api.office import Office
from tests.evidence import Evidence
from tests.running_gateway import Answer, PartnerClient

ISSUED = "SELECT count(*) AS issued FROM token_request WHERE nonce = $1"


async def ask(client: PartnerClient, body: dict[str, Any]) -> Answer:
    return await client.ask("POST", "/auth/token", json=body)


def at(seconds: float) -> str:
    """The time that many seconds from now, as a partner writes it."""
    moment = datetime.now(UTC) + timedelta(seconds=seconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def test_a_signed_request_becomes_a_token_for_fifteen_minutes(partner: PartnerClient) -> None:
    answer = await ask(partner, partner.key.token_request())

    assert (answer.http_status, answer.status, answer.code) == (200, "OK", "P0000")
    assert answer.data | {"accessToken": "…"} == {
        "accessToken": "…",
        "tokenType": "Bearer",
        "expiresIn": 900,
        "scope": " ".join(sorted(Scope)),
    }
    assert answer.headers["cache-control"] == "no-store"


async def test_a_token_says_for_whom_for_what_and_from_where(partner: PartnerClient) -> None:
    claims = jwt.decode(await partner.token(), options={"verify_signature": False})

    assert claims.keys() == {"iss", "sub", "aud", "azp", "scope", "iat", "exp", "jti", "ipHash"}
    assert claims["exp"] - claims["iat"] == 900
    told = {name: claims[name] for name in ("iss", "sub", "aud", "azp")}
    assert told == {
        "iss": "quittance",
        "sub": partner.key.id,
        "aud": "bill-collection",
        "azp": partner.key.api_key,
    }
    assert "127.0.0" not in json.dumps(claims)


@pytest.mark.parametrize("scope", ["read:bill", "read:payment read:bill"])
async def test_a_token_can_ask_for_fewer_scopes(partner: PartnerClient, scope: str) -> None:
    answer = await ask(partner, partner.key.token_request(scope=scope))

    assert answer.data["scope"] == " ".join(sorted(scope.split()))


@pytest.mark.parametrize(
    "scope",
    ["post:payout", "read:bill post:payout", "read:bill ", " read:bill", "", "READ:BILL", "*"],
)
async def test_a_token_never_gets_a_scope_its_key_has_not(office: Office, scope: str) -> None:
    teller = await office.partner(scopes=(Scope.READ_BILL, Scope.POST_PAYMENT))

    answer = await ask(teller, teller.key.token_request(scope=scope))

    assert (answer.http_status, answer.code) == (403, "P4007")


async def test_the_token_route_has_a_prefixed_name_too(partner: PartnerClient) -> None:
    answer = await partner.ask("POST", "/v1/auth/token", json=partner.key.token_request())

    assert answer.code == "P0000"


MISSING = {
    "key missing": {"apiKey": ABSENT},
    "timestamp missing": {"timestamp": ABSENT},
    "nonce missing": {"nonce": ABSENT},
    "signature missing": {"signature": ABSENT},
    "key of another type": {"apiKey": 7},
    "key null": {"apiKey": None},
    "timestamp a number": {"timestamp": 1_777_000_000},
    "nonce a list": {"nonce": ["aaaaaaaa"]},
    "signature an object": {"signature": {}},
    "key unknown": {"apiKey": "qk_nobody"},
    "key empty": {"apiKey": ""},
    "key huge": {"apiKey": "qk_" + "a" * 5000},
    "signature of another request": {"signature": "0" * 64},
    "signature in capitals": {"signature": "CAPITALS"},
    "signature cut": {"signature": "ab"},
    "signature not ASCII": {"signature": "é" * 64},
    "nonce short": {"nonce": "seven77"},
    "nonce long": {"nonce": "n" * 65},
    "nonce with a space": {"nonce": "nonce nonce"},
    "nonce with a line feed": {"nonce": "nonce\nnonce"},
    "nonce not ASCII": {"nonce": "nonce-nonce-é"},
    "NUL in the key": {"apiKey": "qk_\x00"},
}


@pytest.mark.parametrize("changes", MISSING.values(), ids=MISSING)
async def test_missing_and_wrong_credentials_get_one_and_the_same_refusal(
    stranger: PartnerClient, evidence: Evidence, changes: dict[str, Any]
) -> None:
    good = stranger.key.token_request()
    if changes.get("signature") == "CAPITALS":
        changes = {"signature": good["signature"].upper() + ""}
        assert changes["signature"] != good["signature"]
    bad = {name: value for name, value in (good | changes).items() if value is not ABSENT}

    answer = await ask(stranger, bad)

    assert (answer.http_status, answer.code, answer.data) == (401, "P4001", None)
    assert answer.message == "The credentials are missing or wrong"
    assert answer.trace.startswith("anon.")
    assert await evidence.rows(ISSUED, good["nonce"]) == [{"issued": 0}]
    assert (await ask(stranger, good)).code == "P0000"


ODD_TIMES = {
    "milliseconds": "1777000000000",
    "negative": "-1",
    "exponent": "1e9",
    "a sign": "+5",
    "leading spaces": "  2026-04-30T08:21:14Z",
    "trailing line feed": "2026-04-30T08:21:14Z\n",
    "Arabic-Indic digits": "٢٠٢٦-04-30T08:21:14Z",
    "full-width digits": "２０２６-04-30T08:21:14Z",
    "twenty digits": "12345678901234567890",
    "an offset": "2026-04-30T08:21:14+00:00",
    "no zone": "2026-04-30T08:21:14",
    "a small z": "2026-04-30T08:21:14z",
    "a space for the T": "2026-04-30 08:21:14Z",
    "seven digits of a fraction": "2026-04-30T08:21:14.1234567Z",
    "no such day": "2026-02-30T08:21:14Z",
    "no such hour": "2026-04-30T24:21:14Z",
    "a leap second": "2026-04-30T23:59:60Z",
    "a week date": "2026-W18-4T08:21:14Z",
    "empty": "",
}


@pytest.mark.parametrize("timestamp", ODD_TIMES.values(), ids=ODD_TIMES)
async def test_a_timestamp_is_written_in_one_way(stranger: PartnerClient, timestamp: str) -> None:
    """The signature over it is right; it is refused for how it is written."""
    answer = await ask(stranger, stranger.key.token_request(timestamp=timestamp))

    assert (answer.http_status, answer.code) == (401, "P4001")


# On its way to us each time grows older: half a minute on a busy machine.
@pytest.mark.parametrize("seconds", [-61, 91, -86_400, 86_400])
async def test_a_clock_more_than_a_minute_off_is_told_our_time(
    stranger: PartnerClient, evidence: Evidence, seconds: int
) -> None:
    body, asked = stranger.key.token_request(timestamp=at(seconds)), datetime.now(UTC)
    answer = await ask(stranger, body)

    assert (answer.http_status, answer.code) == (401, "P4002")
    ours = datetime.fromisoformat(answer.data["serverTime"])
    assert asked - timedelta(seconds=1) < ours <= datetime.now(UTC)
    assert await evidence.rows(ISSUED, body["nonce"]) == [{"issued": 0}]


@pytest.mark.parametrize("timestamp", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"])
async def test_the_ends_of_time_are_only_skew(stranger: PartnerClient, timestamp: str) -> None:
    answer = await ask(stranger, stranger.key.token_request(timestamp=timestamp))

    assert answer.code == "P4002"


@pytest.mark.parametrize("seconds", [-30, -1, 0, 1, 59])
async def test_a_clock_within_the_minute_is_good_enough(
    stranger: PartnerClient, seconds: int
) -> None:
    answer = await ask(stranger, stranger.key.token_request(timestamp=at(seconds)))

    assert answer.code == "P0000"


async def test_our_time_is_told_only_to_who_knows_the_secret(stranger: PartnerClient) -> None:
    body = stranger.key.token_request(timestamp=at(-3600)) | {"signature": "0" * 64}

    assert (await ask(stranger, body)).code == "P4001"


async def test_a_token_request_works_once(stranger: PartnerClient) -> None:
    body = stranger.key.token_request()

    assert (await ask(stranger, body)).code == "P0000"
    again = await ask(stranger, body)
    assert (again.http_status, again.code) == (401, "P4003")


async def test_a_nonce_works_once_whatever_the_timestamp(stranger: PartnerClient) -> None:
    first = stranger.key.token_request(timestamp=at(-5))
    second = stranger.key.token_request(timestamp=at(5), nonce=first["nonce"])

    assert (await ask(stranger, first)).code == "P0000"
    assert (await ask(stranger, second)).code == "P4003"


async def test_two_partners_may_choose_the_same_nonce(
    stranger: PartnerClient, other_partner: PartnerClient
) -> None:
    first = stranger.key.token_request()
    second = other_partner.key.token_request(nonce=first["nonce"])

    assert (await ask(stranger, first)).code == "P0000"
    assert (await ask(other_partner, second)).code == "P0000"


async def test_a_signature_covers_all_three_parts(stranger: PartnerClient) -> None:
    """The bytes between the parts are line feeds, so no part can flow into the next."""
    body = stranger.key.token_request()
    joined = "".join(body[name] for name in ("apiKey", "timestamp", "nonce"))
    secret = stranger.key.secret.encode()
    body["signature"] = hmac.new(secret, joined.encode(), hashlib.sha256).hexdigest()

    assert (await ask(stranger, body)).code == "P4001"


@pytest.mark.parametrize("name", ["password", "partnerId", "api_key"])
async def test_an_unknown_field_is_refused_by_name(stranger: PartnerClient, name: str) -> None:
    answer = await ask(stranger, stranger.key.token_request() | {name: "x"})

    assert (answer.http_status, answer.code, answer.data["field"]) == (400, "P5002", name)
