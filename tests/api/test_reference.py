"""What anybody may read: the code table, the key set, our health; and versions of the data."""

import hashlib
import json
import re
from base64 import urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from quittance.codes import Code as SdkCode

from payments.domain.codes import MEANINGS, Code
from tests.api.beside import ApiBeside
from tests.api.forge import decoded, encoded
from tests.api.raw_http import Question, ask, get, place
from tests.patience import persistently, until
from tests.running_gateway import REPOSITORY, Answer, PartnerClient, RunningGateway, TestBill

CONTRACT = (REPOSITORY / "docs" / "contract.md").read_text()
OPENAPI = json.loads((REPOSITORY / "docs" / "openapi.json").read_text())


async def test_the_code_table_is_an_answer(partner: PartnerClient) -> None:
    answer = await partner.ask("GET", "/v1/codes")

    assert answer.code == "P0000"
    assert answer.data["codes"] == [
        {
            "code": code.value,
            "httpStatus": meaning.http_status,
            "status": meaning.status.value,
            "retryable": meaning.retryable,
            "actor": meaning.actor.value,
            "reason": meaning.reason,
            "message": meaning.message,
        }
        for code, meaning in MEANINGS.items()
    ]


async def test_the_table_the_sdk_and_the_documents_know_the_same_codes(
    partner: PartnerClient,
) -> None:
    told = {each["code"] for each in (await partner.ask("GET", "/v1/codes")).data["codes"]}

    assert told == set(Code)
    assert told == {code.value for code in SdkCode}
    assert told == set(re.findall(r"^\| (P\d{4}) \|", CONTRACT, re.MULTILINE))
    assert told == set(OPENAPI["components"]["schemas"]["Code"]["enum"])


async def test_the_key_set_publishes_every_key_and_nothing_else_of_it(
    partner: PartnerClient, gateway: RunningGateway
) -> None:
    answer = await partner.fetch("GET", "/.well-known/jwks.json")

    assert answer.headers["cache-control"] == "public, max-age=300"
    assert answer.json().keys() == {"keys"}
    expected = [
        published(seed, purpose)
        for purpose, variable in (
            ("access-token", "QUITTANCE_TOKEN_KEYS"),
            ("answer", "QUITTANCE_ANSWER_KEYS"),
        )
        for seed in gateway.environment[variable].split(",")
    ]
    assert answer.json()["keys"] == expected


def published(seed: str, purpose: str) -> dict[str, object]:
    """RFC 8037 and RFC 7638, worked out here and not by the gateway's own key ring."""
    public = Ed25519PrivateKey.from_private_bytes(decoded(seed)).public_key().public_bytes_raw()
    required = f'{{"crv":"Ed25519","kty":"OKP","x":"{encoded(public)}"}}'
    return {
        "crv": "Ed25519",
        "kty": "OKP",
        "x": urlsafe_b64encode(public).rstrip(b"=").decode(),
        "kid": encoded(hashlib.sha256(required.encode()).digest()),
        "use": "sig",
        "alg": "EdDSA",
        "key_ops": ["verify"],
        "purpose": purpose,
    }


async def test_after_a_rotation_the_old_keys_are_published_behind_the_new_ones(
    partner_beside: PartnerClient, partner: PartnerClient
) -> None:
    old = (await partner.fetch("GET", "/.well-known/jwks.json")).json()["keys"]
    rotated = (await partner_beside.fetch("GET", "/.well-known/jwks.json")).json()["keys"]

    for purpose in ("access-token", "answer"):
        before = [key for key in old if key["purpose"] == purpose]
        after = [key for key in rotated if key["purpose"] == purpose]
        assert after[1:] == before
        assert after[0] not in before


async def test_a_token_survives_the_rotation_of_its_key(
    partner: PartnerClient, partner_beside: PartnerClient
) -> None:
    """From before the rotation, used after it; and from after it, used where it has not come."""
    before, after = await partner.authorised(), await partner_beside.authorised()

    old = await partner_beside.ask("GET", "/bill/lookup", params=TestBill().told, headers=before)
    new = await partner.ask("GET", "/bill/lookup", params=TestBill().told, headers=after)

    assert (old.code, new.code) == ("P0000", "P4004")


async def test_a_lock_survives_the_rotation_of_the_master_secret(
    partner: PartnerClient, partner_beside: PartnerClient
) -> None:
    token = await partner.locked(TestBill())

    released = await persistently(lambda: partner_beside.unlock(token))

    assert released.code == "P0000"


@pytest.mark.parametrize("path", ["/health", "/v1/health", "/health/live", "/v1/health/live"])
async def test_health_is_told_to_anybody(partner: PartnerClient, path: str) -> None:
    answer = await partner.ask("GET", path)

    assert (answer.http_status, answer.code) == (200, "P0000")
    assert answer.data == {"state": "live" if path.endswith("live") else "ready"}


async def health(beside: ApiBeside, path: str = "/health") -> Answer:
    told = get(path, f"Host: {place(beside.url)}")
    return await ask(beside.url, told, question=Question("GET", beside.url + path))


async def test_without_its_record_the_gateway_is_not_ready(beside: ApiBeside) -> None:
    assert (await health(beside)).code == "P0000"

    beside.database.cut()
    try:
        refused = await health(beside)
    finally:
        beside.database.lay()
        await beside.wait_ready()

    assert (refused.http_status, refused.code) == (503, "P9004")
    assert refused.headers["retry-after"] == "1"
    assert (await health(beside)).code == "P0000"


async def test_without_its_engine_the_gateway_is_not_ready(beside: ApiBeside) -> None:
    assert (await health(beside)).code == "P0000"

    beside.engine.cut()
    try:
        refused = await health(beside)
    finally:
        beside.engine.lay()
        await beside.wait_ready()

    assert (refused.http_status, refused.code) == (503, "P9002")
    assert (await health(beside)).code == "P0000"


@pytest.mark.parametrize("asked", ["2026-11-21"])
async def test_every_answer_names_its_data_version(partner: PartnerClient, asked: str) -> None:
    pinned = await partner.get("/bill/lookup", {"Quittance-Version": asked}, **TestBill().told)
    unpinned = await partner.get("/bill/lookup", **TestBill().told)
    nowhere = await partner.ask("GET", "/nowhere")

    versions = [each.headers["quittance-version"] for each in (pinned, unpinned, nowhere)]
    assert versions == [asked] * 3


NO_VERSIONS = ["2026-11-20", "1999-01-01", "9999-12-31", "2026-13-01", "tomorrow", "20261121", "v1"]


@pytest.mark.parametrize("asked", NO_VERSIONS)
async def test_a_version_that_never_was_is_refused(partner: PartnerClient, asked: str) -> None:
    answer = await partner.get("/bill/lookup", {"Quittance-Version": asked}, **TestBill().told)

    assert (answer.http_status, answer.code) == (422, "P5003")
    assert answer.data["field"] == "Quittance-Version"


async def test_an_operator_rotates_a_partners_key_with_an_overlap(
    guest: PartnerClient, gateway: RunningGateway
) -> None:
    told = gateway.cli("partner", "rotate-key", guest.key.api_key, "--overlap-hours", "1")
    fresh = json.loads(told.splitlines()[-1])
    new = PartnerClient(
        gateway.api,
        type(guest.key)(guest.key.id, fresh["apiKey"], fresh["secret"]),
    )

    async def known() -> bool:
        body = new.key.token_request()
        return (await new.ask("POST", "/auth/token", json=body)).code == "P0000"

    try:
        await until(known, 5, "the new key is not known")
        assert (await new.get("/bill/lookup", **TestBill().told)).code == "P0000"
        assert (await guest.get("/bill/lookup", **TestBill().told)).code == "P0000"
        await guest.token()
    finally:
        await new.close()


async def test_a_key_whose_overlap_is_over_is_refused_with_its_tokens(
    guest: PartnerClient, gateway: RunningGateway
) -> None:
    await guest.authorised()
    gateway.cli("partner", "rotate-key", guest.key.api_key, "--overlap-hours", "0")

    async def over() -> bool:
        return (await guest.get("/bill/lookup", **TestBill().told)).code == "P4004"

    await until(over, 5, "the old key still works")
    body = guest.key.token_request()
    assert (await guest.ask("POST", "/auth/token", json=body)).code == "P4001"
