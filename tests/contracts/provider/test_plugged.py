"""Which adapter an operator's description becomes, and who may be given new payments."""

from dataclasses import replace
from datetime import timedelta

from payments.adapters.providers.plugged import PluggedProviders
from payments.domain.partner import Standing
from payments.domain.provider import ProviderKind, ProviderProfile
from payments.outside.wire import Timeouts
from tests.contracts.provider.stages import profile
from tests.fakes.journal import FakeCallLog

NORTH = profile(ProviderKind.SANDBOX, "http://sandbox.example")
SOUTH = replace(NORTH, id="SOUTH", standing=Standing.SUSPENDED)
STRIPE = profile(ProviderKind.STRIPE, "https://stripe.example")


class Table:
    def __init__(self, *rows: ProviderProfile) -> None:
        self.rows = rows

    def plugged(self) -> PluggedProviders:
        return PluggedProviders(lambda: self.rows, FakeCallLog(), Timeouts())


async def test_each_is_plugged_in_by_its_kind_and_a_suspended_one_ends_what_it_began() -> None:
    providers = Table(NORTH, SOUTH, STRIPE).plugged()

    north, south, stripe = (providers.get(name) for name in ("NORTH", "SOUTH", "STRIPE"))

    assert north is not None
    assert south is not None
    assert stripe is not None
    assert providers.get("WEST") is None
    assert (north.capabilities.kind, stripe.capabilities.kind) == ("sandbox", "stripe")
    assert providers.kinds() == {"NORTH": "sandbox", "STRIPE": "stripe"}
    await providers.close()


async def test_a_token_names_its_vault_by_its_form() -> None:
    providers = Table(NORTH, SOUTH, STRIPE).plugged()

    assert providers.vault("tok_1") is providers.get("NORTH")
    assert providers.vault("pm_1") is providers.get("STRIPE")
    assert providers.vault("src_1") is None
    assert Table(STRIPE).plugged().vault("tok_1") is None
    await providers.close()


async def test_what_an_operator_changes_is_plugged_in_anew_and_nothing_else() -> None:
    table = Table(NORTH)
    providers = table.plugged()
    before = providers.get("NORTH")

    same = providers.get("NORTH")
    table.rows = (replace(NORTH, settles_within=timedelta(minutes=5)),)
    after = providers.get("NORTH")

    assert same is before
    assert after is not before
    assert after is not None
    assert after.capabilities.settles_within == timedelta(minutes=5)
    await providers.close()


def test_a_description_does_not_show_its_secrets() -> None:
    shown = repr(NORTH)

    assert NORTH.secret not in shown
    assert not any(secret in shown for secret in NORTH.webhook_secrets)
