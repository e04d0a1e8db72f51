"""Access tokens: only ours, unchanged, in time, for this product, this place and these acts.

Rows J1 to J15 of the catalogue of bad input. Each bad token tries to lock a bill; then the genuine
one locks it, which shows that nothing had happened.
"""

import base64
import json
import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from payments.domain.partner import Scope
from tests.api.conftest import Untouched
from tests.api.forge import ABSENT, Forge, compact, encoded
from tests.api.office import Office
from tests.running_gateway import Answer, PartnerClient, TestBill, new_id

NOW = int(time.time())
# Longer than any run of the tests takes from here on.
A_DAY_S = 86_400


async def lock_with(client: PartnerClient, token: str, bill: TestBill) -> Answer:
    headers = {"Authorization": f"Bearer {token}"}
    return await client.ask("POST", "/bill/lock", json=bill.told, headers=headers)


def without_signature(forge: Forge) -> str:
    return ".".join([*forge.parts[:2], ""])


def unsigned(alg: str) -> Any:
    return lambda forge: compact(forge.header | {"alg": alg}, forge.claims, lambda _: b"")


def keyed_with_our_public_key(forge: Forge) -> str:
    """The public key as the secret of an HMAC: what a verifier takes that trusts `alg`."""
    public = forge.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    key = jwt.algorithms.HMACAlgorithm(jwt.algorithms.HMACAlgorithm.SHA256)
    header = forge.header | {"alg": "HS256"}
    return compact(header, forge.claims, lambda text: key.sign(text, public))


def with_another_payload(forge: Forge) -> str:
    head, _, signature = forge.parts
    claims = forge.claims | {"sub": "partner_2"}
    return f"{head}.{encoded(json.dumps(claims).encode())}.{signature}"


def with_more_scopes(forge: Forge) -> str:
    head, _, signature = forge.parts
    claims = forge.claims | {"scope": "post:payment post:payout read:bill read:payment"}
    return f"{head}.{encoded(json.dumps(claims).encode())}.{signature}"


def with_a_flipped_signature(forge: Forge) -> str:
    head, claims, signature = forge.parts
    return f"{head}.{claims}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def signed_by(key: Ed25519PrivateKey) -> Any:
    return lambda forge: forge.token(key=key)


def carrying_its_own_key(name: str) -> Any:
    """A thief's key, and a header that offers it."""
    thief = Ed25519PrivateKey.generate()
    x = encoded(thief.public_key().public_bytes_raw())
    offered = {
        "jwk": {"kty": "OKP", "crv": "Ed25519", "x": x},
        "jku": "http://127.0.0.1:9/jwks.json",
        "x5u": "http://127.0.0.1:9/chain.pem",
        "x5c": [base64.b64encode(b"certificate").decode()],
    }
    return lambda forge: forge.token(header={name: offered[name]}, key=thief)


def claims(**changes: Any) -> Any:
    return lambda forge: forge.token(claims=changes)


def header(**changes: Any) -> Any:
    return lambda forge: forge.token(header=changes)


FORGED = {
    # J1, J2, J3: the algorithm is ours to choose.
    "alg none": unsigned("none"),
    "alg None": unsigned("None"),
    "alg nOnE": unsigned("nOnE"),
    "empty signature": without_signature,
    "public key as HMAC secret": keyed_with_our_public_key,
    "alg HS512 over our own signature": header(alg="HS512"),
    "alg EdDSA in small letters": header(alg="eddsa"),
    "alg Ed25519": header(alg="Ed25519"),
    "alg a list": header(alg=["EdDSA"]),
    # J4: keys that are not for this.
    "another's key under our kid": signed_by(Ed25519PrivateKey.generate()),
    "kid unknown": header(kid="nobody"),
    "kid a path": header(kid="../../../../dev/null"),
    "kid SQL": header(kid="' OR 1=1 --"),
    "kid a list": header(kid=["x"]),
    "kid missing": header(kid=ABSENT),
    # J5: no header of a stranger has a say.
    "jwk": carrying_its_own_key("jwk"),
    "jku": carrying_its_own_key("jku"),
    "x5u": carrying_its_own_key("x5u"),
    "x5c": carrying_its_own_key("x5c"),
    "crit": header(crit=["exp"]),
    "b64 false": header(b64=False),
    "jku under our own signature": header(jku="http://127.0.0.1:9/jwks.json"),
    "cty": header(cty="JWT"),
    # J6: time.
    "expired a second ago": claims(exp=NOW - 1),
    "expires this second": claims(exp=NOW),
    "not yet": claims(nbf=NOW + A_DAY_S),
    "issued in the future": claims(iat=NOW + A_DAY_S),
    "exp a string": claims(exp=str(NOW + 600)),
    "exp a float": claims(exp=NOW + 600.5),
    "exp 1e308": claims(exp=1e308),
    "exp true": claims(exp=True),
    "exp null": claims(exp=None),
    "exp missing": claims(exp=ABSENT),
    "iat missing": claims(iat=ABSENT),
    "iat a string": claims(iat="yesterday"),
    # J7: from whom and for what.
    "aud a list with ours": claims(aud=["bill-collection"]),
    "aud missing": claims(aud=ABSENT),
    "aud null": claims(aud=None),
    "iss longer": claims(iss="quittance.example"),
    "iss shorter": claims(iss="quit"),
    "iss a list": claims(iss=["quittance"]),
    "iss missing": claims(iss=ABSENT),
    # J8: whose.
    "sub of another partner": claims(sub="partner_2"),
    "sub of nobody": claims(sub="partner_999"),
    "sub missing": claims(sub=ABSENT),
    "sub a number": claims(sub=1),
    "azp of nobody": claims(azp="qk_nobody"),
    "azp missing": claims(azp=ABSENT),
    "jti missing": claims(jti=ABSENT),
    "jti a number": claims(jti=7),
    # J9: what it may do.
    "another payload under the signature": with_another_payload,
    "more scopes under the signature": with_more_scopes,
    "a flipped bit": with_a_flipped_signature,
    "scope a list": claims(scope=["post:payment"]),
    "scope with a trailing space": claims(scope="post:payment "),
    "scope unknown": claims(scope="post:payment rule:world"),
    "scope missing": claims(scope=ABSENT),
    "scope empty": claims(scope=""),
    # J11: from where.
    "ipHash missing": claims(ipHash=ABSENT),
    "ipHash null": claims(ipHash=None),
    # J14: another kind of token.
    "typ JWT": header(typ="JWT"),
    "typ of a refresh token": header(typ="rt+jwt"),
    "typ of a webhook token": header(typ="webhook+jwt"),
    "typ missing": header(typ=ABSENT),
    # Not even a token.
    "claims a list": lambda forge: compact(forge.header, [1], forge.key.sign),
    "header a list": lambda forge: compact([1], forge.claims, forge.key.sign),
    "header nested without end": lambda _: f"{encoded(b'[' * 9000)}.e30.AAAA",
    "claims nested without end": lambda forge: compact_text(forge, b"[" * 6000),
    "two parts": lambda forge: ".".join(forge.parts[:2]),
    "five parts": lambda forge: forge.genuine + ".AAAA.AAAA",
    "a space inside": lambda forge: forge.genuine[:50] + " " + forge.genuine[50:],
    "one dot": lambda _: ".",
}


def compact_text(forge: Forge, claims_text: bytes) -> str:
    text = f"{forge.parts[0]}.{encoded(claims_text)}"
    return f"{text}.{encoded(forge.key.sign(text.encode()))}"


@pytest.mark.parametrize("make", FORGED.values(), ids=FORGED)
async def test_a_token_that_is_not_ours_and_whole_opens_nothing(
    stranger: PartnerClient, forge: Forge, untouched: Untouched, make: Any
) -> None:
    bill = TestBill()

    answer = await lock_with(stranger, make(forge), bill)

    assert (answer.http_status, answer.code, answer.data) == (401, "P4004", None)
    assert answer.headers["www-authenticate"].startswith("Bearer")
    await untouched(bill)


async def test_a_remade_token_with_nothing_changed_is_good(
    stranger: PartnerClient, forge: Forge
) -> None:
    """The twin of all of the above: what is refused there is refused for its one difference."""
    assert (await lock_with(stranger, forge.token(), TestBill())).code == "P0000"


SCHEMES = {
    "none": {},
    "empty": {"Authorization": ""},
    "nothing behind the scheme": {"Authorization": "Bearer"},
    "no scheme": {"Authorization": "{}"},
    "basic": {"Authorization": "Basic {}"},
    "two spaces": {"Authorization": "Bearer  {}"},
    "in quotes": {"Authorization": 'Bearer "{}"'},
    "in a cookie": {"Cookie": "accessToken={}"},
    "another header": {"X-Authorization": "Bearer {}"},
}


@pytest.mark.parametrize("headers", SCHEMES.values(), ids=SCHEMES)
async def test_a_token_counts_only_as_a_bearer(
    stranger: PartnerClient, forge: Forge, untouched: Untouched, headers: dict[str, str]
) -> None:
    bill = TestBill()
    told = {name: value.format(forge.genuine) for name, value in headers.items()}

    answer = await stranger.ask("POST", "/bill/lock", json=bill.told, headers=told)

    assert (answer.http_status, answer.code) == (401, "P4004")
    await untouched(bill)


async def test_a_token_in_the_query_does_not_count(stranger: PartnerClient, forge: Forge) -> None:
    bill = TestBill()
    query = bill.told | {"access_token": forge.genuine}

    assert (await stranger.ask("GET", "/bill/lookup", params=query)).code == "P4004"


@pytest.mark.parametrize("audience", ["payouts", "payments", "bill-collection-2", ""])
async def test_a_token_for_another_product_is_refused(
    stranger: PartnerClient, forge: Forge, untouched: Untouched, audience: str
) -> None:
    bill = TestBill()

    answer = await lock_with(stranger, forge.token({"aud": audience}), bill)

    assert (answer.http_status, answer.code) == (403, "P4008")
    await untouched(bill)


ACTS = {
    "lookup": ("GET", "/bill/lookup", Scope.READ_BILL),
    "lock": ("POST", "/bill/lock", Scope.POST_PAYMENT),
    "unlock": ("POST", "/bill/unlock", Scope.POST_PAYMENT),
    "pay": ("POST", "/bill/pay", Scope.POST_PAYMENT),
    "status": ("GET", "/txn/status", Scope.READ_PAYMENT),
}


@pytest.mark.parametrize("prefix", ["", "/v1"])
@pytest.mark.parametrize(("method", "path", "scope"), ACTS.values(), ids=ACTS)
async def test_every_act_needs_its_scope(
    stranger: PartnerClient, forge: Forge, method: str, path: str, scope: Scope, prefix: str
) -> None:
    """Whatever else the token may do, and before a word of the request is read."""
    others = " ".join(each for each in Scope if each != scope)
    headers = {"Authorization": f"Bearer {forge.token({'scope': others})}"}

    answer = await stranger.ask(method, prefix + path, content=b"?", headers=headers)

    assert (answer.http_status, answer.code, answer.data["scope"]) == (403, "P4007", scope)


async def test_a_read_only_token_cannot_pay(
    partner: PartnerClient, stranger: PartnerClient
) -> None:
    token = await partner.locked(TestBill())
    reading = await stranger.token(scope="read:bill read:payment")
    body = {"lockToken": token, "transactionId": new_id()}
    headers = {"Authorization": f"Bearer {reading}"}

    answer = await stranger.ask("POST", "/bill/pay", json=body, headers=headers)

    assert (answer.http_status, answer.code) == (403, "P4007")
    assert (await partner.pay(token, body["transactionId"])).code == "P0000"


async def test_a_key_that_may_only_read_gives_tokens_that_only_read(office: Office) -> None:
    guest = await office.partner(scopes=[Scope.READ_BILL])

    assert (await guest.get("/bill/lookup", **TestBill().told)).code == "P0000"
    assert (await guest.lock(TestBill())).code == "P4007"
