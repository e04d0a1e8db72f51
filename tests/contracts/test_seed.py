"""The sandbox's seeds: made once, told every time, and good for bills and cards."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from payments.bootstrap import open_record
from payments.cli.seed import CARD_TERMS, PRODUCTS, Acquirers, NotASandbox, SecretMissing, seed
from payments.config import Settings
from payments.domain.partner import Product, Scope
from payments.domain.provider import ProviderKind
from payments.stack.postgres import DatabaseUrls

ACQUIRERS = Acquirers("http://127.0.0.1:8092", "NORTH=n,SOUTH=s", "NORTH=whsec_n,SOUTH=whsec_s")


@pytest.fixture
def settings(urls: DatabaseUrls) -> Settings:
    return make_settings(urls)


def make_settings(urls: DatabaseUrls, **changes: Any) -> Settings:
    key = urlsafe_b64encode(bytes(32)).decode()
    keys: dict[str, Any] = dict.fromkeys(("secret_keys", "token_keys", "answer_keys"), key)
    return Settings(database_url=urls.app_url, **keys, **changes)


async def read(settings: Settings, partner_id: str) -> tuple[Any, Any, Any]:
    """A partner's key and card terms, and the providers."""
    async with open_record(settings) as record:
        partner = record.partners.get(partner_id)
        assert partner is not None
        [key] = partner.keys
        return key, record.partners.card_terms(partner_id), record.providers.rows()


async def test_without_acquirers_there_are_bills_only(settings: Settings) -> None:
    await seed(settings, "http://127.0.0.1:8091")

    _, _, providers = await read(settings, "partner_1")
    assert providers == ()


@pytest.mark.parametrize(
    ("secrets", "webhook_secrets"),
    [("", ""), ("NORTH=n", ""), ("NORTH=", "NORTH=w"), ("n", "w"), ("NORTH=n", "SOUTH=w")],
)
def test_an_acquirer_without_a_secret_is_refused(secrets: str, webhook_secrets: str) -> None:
    acquirers = Acquirers(ACQUIRERS.url, secrets, webhook_secrets)

    with pytest.raises(SecretMissing):
        acquirers.profiles()


async def test_seeding_again_tells_the_same_and_adds_what_is_new(settings: Settings) -> None:
    told = [await seed(settings, "http://127.0.0.1:8091", ACQUIRERS) for _ in range(2)]

    assert told[0] == told[1]
    for partner in json.loads(told[0])["partners"]:
        key, terms, providers = await read(settings, partner["id"])
        assert (key.id, key.secret) == (partner["apiKey"], partner["secret"])
        assert (key.products, key.scopes) == (PRODUCTS, frozenset(Scope))
        assert terms == CARD_TERMS
        assert [(each.id, each.secret, *each.webhook_secrets) for each in providers] == [
            ("NORTH", "n", "whsec_n"),
            ("SOUTH", "s", "whsec_s"),
        ]
        assert {each.kind for each in providers} == {ProviderKind.SANDBOX}


async def test_partners_from_before_the_cards_get_them_too(settings: Settings) -> None:
    await seed(settings, "http://127.0.0.1:8091")
    async with open_record(settings) as record:
        await record.database.fetch("UPDATE api_key SET products = NULL, scopes = '{read:bill}'")
    key, _, _ = await read(settings, "partner_2")
    assert key.products == (Product.BILL_COLLECTION,)

    await seed(settings, "http://127.0.0.1:8091")

    key, _, _ = await read(settings, "partner_2")
    assert (key.products, key.scopes) == (PRODUCTS, frozenset(Scope))


@pytest.mark.parametrize("by_hand", [False, True])
async def test_a_key_from_before_the_webhooks_gets_them_unless_it_was_narrowed(
    settings: Settings, by_hand: bool
) -> None:
    await seed(settings, "http://127.0.0.1:8091")
    before = sorted(set(Scope) - {Scope.MANAGE_WEBHOOK})[by_hand:]
    async with open_record(settings) as record:
        await record.database.fetch("UPDATE api_key SET scopes = $1", before)

    await seed(settings, "http://127.0.0.1:8091")

    key, _, _ = await read(settings, "partner_1")
    assert key.scopes == (frozenset(before) if by_hand else frozenset(Scope))


def test_limits_are_the_same_number_of_main_units_everywhere() -> None:
    assert CARD_TERMS.hold_above["BDT"] == 50_000_000
    assert CARD_TERMS.hold_above["JPY"] == 500_000
    assert CARD_TERMS.block_above["BHD"] == 1_000_000_000


def test_secrets_are_not_shown() -> None:
    assert "whsec" not in repr(ACQUIRERS)


async def test_nothing_is_seeded_beside_real_money(urls: DatabaseUrls) -> None:
    with pytest.raises(NotASandbox):
        await seed(make_settings(urls, environment="live"), "http://127.0.0.1:8091", ACQUIRERS)
