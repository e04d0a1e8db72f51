"""`cli.py provider` and `cli.py partner cards`, as an operator types them."""

from dataclasses import replace

import pytest

from payments.adapters.postgres.administration import Administration
from payments.adapters.postgres.partners import PostgresPartners
from payments.adapters.postgres.providers import PostgresProviders
from payments.crypto import Vault
from payments.db.session import Database
from payments.domain.partner import Standing
from payments.stack.postgres import DatabaseUrls
from tests.command_line import reading, typed
from tests.contracts.partner_stages import VAULT

STRIPE = ("provider", "put", "STRIPE", "--kind", "stripe", "--base-url", "https://api.stripe.com")


@pytest.fixture
def environment(urls: DatabaseUrls) -> dict[str, str]:
    return reading(
        urls.app_url,
        QUITTANCE_PROVIDER_SECRET="sk_of_ours",
        QUITTANCE_PROVIDER_WEBHOOK_SECRETS="whsec_new, whsec_old",
    )


async def test_a_provider_is_put_suspended_resumed_and_listed(
    environment: dict[str, str], database: Database
) -> None:
    assert typed(environment, *STRIPE).returncode == 0
    providers = PostgresProviders(database, VAULT)
    await providers.start()
    [stripe] = providers.rows()
    await providers.close()
    assert (stripe.id, stripe.secret) == ("STRIPE", "sk_of_ours")
    assert stripe.webhook_secrets == ("whsec_new", "whsec_old")

    for command, standing in (("suspend", Standing.SUSPENDED), ("resume", Standing.ACTIVE)):
        assert typed(environment, "provider", command, "STRIPE").returncode == 0
        [row] = await database.fetch("SELECT standing FROM provider")
        assert row["standing"] == standing
    listed = typed(environment, "provider", "list").stdout
    assert "STRIPE" in listed
    assert not any(secret in listed for secret in ("sk_of_ours", "whsec"))


async def test_webhook_secrets_are_rotated_and_nothing_else_changes(
    environment: dict[str, str], database: Database
) -> None:
    for arguments in (STRIPE, ("provider", "suspend", "STRIPE")):
        assert typed(environment, *arguments).returncode == 0
    providers = PostgresProviders(database, VAULT)
    await providers.start()
    [before] = providers.rows()
    changed = environment | {"QUITTANCE_PROVIDER_WEBHOOK_SECRETS": "whsec_newest,whsec_new"}

    assert typed(changed, "provider", "webhook-secrets", "STRIPE").returncode == 0
    refused = typed(
        environment | {"QUITTANCE_PROVIDER_WEBHOOK_SECRETS": "whsec_newest,"},
        *("provider", "webhook-secrets", "STRIPE"),
    )

    await providers.close()
    again = PostgresProviders(database, VAULT)
    await again.start()
    [after] = again.rows()
    await again.close()
    assert after == replace(before, webhook_secrets=("whsec_newest", "whsec_new"))
    assert (refused.returncode, "whsec" in refused.stderr) == (2, False)


async def test_what_cannot_be_is_said_plainly(environment: dict[str, str]) -> None:
    for arguments in (
        ("provider", "suspend", "NOBODY"),
        ("provider", "webhook-secrets", "NOBODY"),
        (*STRIPE, "--settles-within-s", "-1"),
        ("partner", "cards", "nobody", "--currency", "USD", "--fee", "30:140"),
        ("partner", "cards", "nobody", "--currency", "dollars", "--fee", "30:140"),
    ):
        done = typed(environment, *arguments)
        assert done.returncode == 1
        assert done.stderr
        assert "Traceback" not in done.stderr


async def test_what_a_partner_may_do_with_cards_is_set(
    environment: dict[str, str], database: Database
) -> None:
    await Administration(database, Vault([bytes(32)])).add_partner("shop", "A shop")

    done = typed(
        environment,
        *("partner", "cards", "shop", "--currency", "USD", "--currency", "JPY", "--fee", "30:140"),
        *("--return-host", "shop.example", "--hold-above", "USD:500.00", "--block-above", "JPY:9"),
    )

    assert done.returncode == 0, done.stderr
    partners = PostgresPartners(database, VAULT)
    await partners.start()
    terms = partners.card_terms("shop")
    await partners.close()
    assert terms is not None
    assert terms.currencies == {"USD", "JPY"}
    assert terms.return_hosts == {"shop.example"}
    assert (terms.fee_flat_minor, terms.fee_basis_points) == (30, 140)
    assert (terms.hold_above, terms.block_above) == ({"USD": 50_000}, {"JPY": 9})
