"""Client tokens are for one sale of one partner, and for fifteen minutes."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import jwt
import pytest

from api.client_tokens import ClientTokens, NotForThisSale, Sale, Stranger
from payments.domain.money import Money
from payments.keys import KeyRing, Purpose

OLD, NEW = b"o" * 32, b"n" * 32
TOKENS = ClientTokens(KeyRing(Purpose.ACCESS_TOKEN, [OLD]), issuer="quittance")
SALE = Sale("partner_1", Money(125_000, "BDT"), "cus_" + "a" * 26)


def now() -> datetime:
    return datetime.now(UTC)


def test_it_is_spent_for_its_own_sale() -> None:
    token, expires_at = TOKENS.issue(SALE)
    another, _ = TOKENS.issue(SALE)

    spent = TOKENS.spend(token, SALE, now())

    assert spent == TOKENS.spend(token, SALE, now()) != TOKENS.spend(another, SALE, now())
    assert timedelta(minutes=14) < expires_at - now() <= timedelta(minutes=15)


@pytest.mark.parametrize(
    "sale",
    [
        replace(SALE, amount=Money(125_001, "BDT")),
        replace(SALE, amount=Money(125_000, "USD")),
        replace(SALE, customer_id=None),
        replace(SALE, customer_id="cus_" + "b" * 26),
    ],
)
def test_it_is_not_for_another_sale(sale: Sale) -> None:
    token, _ = TOKENS.issue(SALE)

    with pytest.raises(NotForThisSale):
        TOKENS.spend(token, sale, now())


def test_another_partners_is_told_apart_so_that_it_can_be_unknown() -> None:
    token, _ = TOKENS.issue(SALE)

    with pytest.raises(Stranger):
        TOKENS.spend(token, replace(SALE, partner_id="partner_2"), now())


@pytest.mark.parametrize("late", [timedelta(seconds=901), -timedelta(seconds=62)])
def test_the_card_was_taken_while_it_was_valid(late: timedelta) -> None:
    token, _ = TOKENS.issue(SALE)

    with pytest.raises(NotForThisSale):
        TOKENS.spend(token, SALE, now() + late)


def test_it_outlives_a_rotation_of_keys_but_not_the_key() -> None:
    token, _ = TOKENS.issue(SALE)
    rotated = ClientTokens(KeyRing(Purpose.ACCESS_TOKEN, [NEW, OLD]), issuer="quittance")
    replaced = ClientTokens(KeyRing(Purpose.ACCESS_TOKEN, [NEW]), issuer="quittance")

    assert rotated.spend(token, SALE, now())
    with pytest.raises(NotForThisSale):
        replaced.spend(token, SALE, now())


def claims(**changes: object) -> dict[str, object]:
    token, _ = TOKENS.issue(SALE)
    told: dict[str, object] = jwt.decode(token, options={"verify_signature": False})
    return {name: value for name, value in {**told, **changes}.items() if value is not None}


def signed(told: dict[str, object], **header: object) -> str:
    ring = KeyRing(Purpose.ACCESS_TOKEN, [OLD])
    headers = {"kid": ring.current_id, "typ": "client+jwt", **header}
    return jwt.encode(told, ring.current, algorithm="EdDSA", headers=headers)


def unsigned() -> str:
    ring = KeyRing(Purpose.ACCESS_TOKEN, [OLD])
    return jwt.encode(claims(), "", algorithm="none", headers={"kid": ring.current_id})


def edited() -> str:
    head, body, signature = TOKENS.issue(SALE)[0].split(".")
    told = urlsafe_b64decode(body + "==").replace(b"1250.00", b"9250.00")
    return ".".join([head, urlsafe_b64encode(told).decode().rstrip("="), signature])


FORGED = {
    "none": "",
    "no token": "tok_a",
    "an access token's type": signed(claims(), typ="at+jwt"),
    "a header too many": signed(claims(), jku="https://evil.example/keys"),
    "another issuer": signed(claims(iss="quittance2")),
    "no end": signed(claims(exp=None)),
    "an end in text": signed(claims(exp="9999999999")),
    "no name": signed(claims(jti=None)),
    "unsigned": unsigned(),
    "edited": edited(),
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
def test_what_we_did_not_sign_like_this_is_not_ours(token: str) -> None:
    with pytest.raises((NotForThisSale, Stranger)):
        TOKENS.spend(token, SALE, now())


def test_the_forger_of_these_tests_can_sign_a_good_one() -> None:
    assert TOKENS.spend(signed(claims()), SALE, now())
