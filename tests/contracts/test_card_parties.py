"""Who may do what with cards, and with which providers: in memory, and true by notification."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from payments.adapters.postgres.administration import Administration
from payments.adapters.postgres.partners import PostgresPartners
from payments.adapters.postgres.providers import PostgresProviders
from payments.crypto import Vault
from payments.db.session import Database
from payments.domain.partner import Product, Scope
from payments.domain.provider import ProviderKind, ProviderProfile
from tests.card_factories import TERMS
from tests.contracts.direct import Direct
from tests.contracts.partner_stages import VAULT, knows


@pytest.fixture
async def partners(database: Database) -> AsyncIterator[PostgresPartners]:
    partners = PostgresPartners(database, VAULT)
    await partners.start()
    yield partners
    await partners.close()


@pytest.fixture
def administration(two_processes: tuple[Database, Database]) -> Administration:
    """In another process than the one that reads."""
    return Administration(two_processes[0], VAULT)


@pytest.fixture
async def partner_id(administration: Administration) -> str:
    partner_id = f"p{uuid4().hex[:12]}"
    assert await administration.add_partner(partner_id, "A partner")
    return partner_id


async def test_a_key_can_be_for_more_products_and_so_can_its_successor(
    partners: PostgresPartners, administration: Administration, partner_id: str
) -> None:
    old = await administration.add_key(partner_id)
    both = (Product.PAYMENTS, Product.BILL_COLLECTION)

    await administration.allow_key(old.id, products=both, scopes=[Scope.POST_REFUND])
    new = await administration.rotate_key(old.id, overlap=timedelta(hours=1))
    await knows(partners, lambda: partners.by_key(new.id) is not None)

    partner = partners.get(partner_id)
    assert partner is not None
    for key in partner.keys:
        assert (key.products, key.scopes) == (both, frozenset({Scope.POST_REFUND}))
        assert key.product is Product.PAYMENTS


async def test_a_key_that_an_older_version_made_is_for_its_one_product(
    partners: PostgresPartners, administration: Administration, direct: Direct, partner_id: str
) -> None:
    key = await administration.add_key(partner_id)
    await direct.run(f"UPDATE api_key SET products = NULL WHERE id = '{key.id}'", role="app")

    await knows(partners, lambda: partners.by_key(key.id) is not None)

    partner = partners.by_key(key.id)
    assert partner is not None
    [read] = partner.keys
    assert read.products == (Product.BILL_COLLECTION,)


async def test_providers_are_kept_true_like_the_partners(
    database: Database, administration: Administration, direct: Direct
) -> None:
    providers = PostgresProviders(database, VAULT)
    await providers.start()

    for row in (
        make_provider(id="SOUTH"),
        make_provider(),
        make_provider(webhook_secrets=("new",)),
    ):
        await administration.put_provider(row)
        await knows(providers, lambda: row in providers.rows())  # noqa: B023  # at once

    assert [row.id for row in providers.rows()] == ["NORTH", "SOUTH"]
    stored = await direct.rows("SELECT secret_sealed, webhook_secrets_sealed FROM provider")
    assert not any(b"secret" in sealed for row in stored for sealed in row)
    await providers.close()


async def test_a_provider_sealed_with_a_lost_secret_takes_no_other_with_it(
    database: Database,
    administration: Administration,
    two_processes: tuple[Database, Database],
    direct: Direct,
) -> None:
    await Administration(two_processes[1], Vault([b"x" * 32])).put_provider(
        make_provider(id="LOST")
    )
    await administration.put_provider(make_provider())
    providers = PostgresProviders(database, VAULT)
    await providers.start()

    assert "LOST" not in [row.id for row in providers.rows()]
    assert "NORTH" in [row.id for row in providers.rows()]
    await providers.close()
    await direct.run("DELETE FROM provider")


def make_provider(**changes: Any) -> ProviderProfile:
    return ProviderProfile(
        **{
            "id": "NORTH",
            "kind": ProviderKind.SANDBOX,
            "base_url": "http://127.0.0.1:8092",
            "secret": "secret of the acquirer",
            "webhook_secrets": ("whsec_secret", "whsec_secret_before"),
            "settles_within": timedelta(seconds=5),
            "authorization_lasts": timedelta(days=7),
            **changes,
        }
    )


@pytest.mark.parametrize(
    "change",
    [
        {"id": "NORTH:1"},
        {"settles_within": timedelta(seconds=-1)},
        {"authorization_lasts": timedelta(0)},
    ],
)
async def test_a_provider_that_cannot_be_is_refused(
    change: dict[str, Any], administration: Administration
) -> None:
    with pytest.raises(ValueError):  # the text is the database's
        await administration.put_provider(make_provider(**change))


async def test_terms_that_cannot_be_are_refused(
    administration: Administration, partner_id: str
) -> None:
    with pytest.raises(ValueError):  # the text is the database's
        await administration.set_card_terms(partner_id, replace(TERMS, fee_basis_points=10_001))
    with pytest.raises(LookupError):
        await administration.set_card_terms("nobody", TERMS)


async def test_a_key_is_for_one_product_at_least(
    administration: Administration, partner_id: str
) -> None:
    with pytest.raises(ValueError):  # the text is the database's
        await administration.add_key(partner_id, products=())
