"""`cli.py seed`: the sandbox's billers, acquirers and two partners, made once, told every time."""

import json
from dataclasses import dataclass, field
from datetime import time, timedelta
from ipaddress import ip_network
from typing import Final

from payments.bootstrap import Record, open_record
from payments.config import Settings
from payments.domain.bill import Agreement
from payments.domain.biller import BillerProfile
from payments.domain.card_terms import CardTerms
from payments.domain.destination import DestinationKind
from payments.domain.money import digits
from payments.domain.partner import Partner, Product, Scope
from payments.domain.payout_terms import PayoutTerms
from payments.domain.provider import ProviderKind, ProviderProfile
from payments.domain.rail import RailKind, RailProfile, Timetable
from payments.domain.routing import Target

PARTNERS: Final = ("partner_1", "partner_2")
# Name, currency, and what a partner pays us per bill: a flat part and basis points.
BILLERS: Final = {
    "DESCO": ("Dhaka Electric Supply", "BDT", Agreement(500, 25)),
    "TOKYOGAS": ("Tokyo Gas", "JPY", Agreement(30, 25)),
    "BAHWATER": ("Bahrain Water", "BHD", Agreement(50, 25)),
}
# The sandbox is for load tests too; a partner of the real world gets its own limit.
REQUESTS_PER_MINUTE: Final = 1_000_000
LOOPBACK: Final = ("127.0.0.0/8", "::1/128")
# The sandbox books or forgets a payment within a second; a hanging one decides before it hangs.
SETTLES_WITHIN: Final = timedelta(seconds=5)
# Bills first: what asks for a token without naming a product has always meant those.
# What came later: a key without exactly these could do everything that there was.
_OF_PAYOUTS: Final = frozenset({Scope.POST_PAYOUT, Scope.READ_PAYOUT})
_LATER: Final = (
    frozenset({Scope.MANAGE_WEBHOOK}),
    _OF_PAYOUTS,
    _OF_PAYOUTS | {Scope.MANAGE_WEBHOOK},
)
PRODUCTS: Final = (Product.BILL_COLLECTION, Product.PAYMENTS, Product.PAYOUTS)
CURRENCIES: Final = frozenset({"BDT", "BRL", "USD", "EUR", "GBP", "JPY", "BHD"})
RETURN_HOSTS: Final = frozenset({"localhost", "127.0.0.1"})
# In main units of any currency: above the one a person looks, above the other nothing is sent.
HOLD_ABOVE: Final = 500_000
BLOCK_ABOVE: Final = 1_000_000
# Cards are reserved for a week almost everywhere.
AUTHORIZATION_LASTS: Final = timedelta(days=7)


def _minor(main_units: int) -> dict[str, int]:
    return {currency: main_units * 10 ** digits(currency) for currency in CURRENCIES}


CARD_TERMS: Final = CardTerms(
    currencies=CURRENCIES,
    return_hosts=RETURN_HOSTS,
    fee_flat_minor=30,
    fee_basis_points=140,
    hold_above=_minor(HOLD_ABOVE),
    block_above=_minor(BLOCK_ABOVE),
)


PAYOUT_TERMS: Final = PayoutTerms(
    currencies=CURRENCIES,
    fee_flat_minor=25,
    fee_basis_points=0,
    hold_above=_minor(10_000),
    block_above=_minor(50_000),
    daily_count=None,
    daily_sum=_minor(10_000_000),
    destination_count=None,
    destination_sum=_minor(5_000_000),
)
# By rail: what it pays, in which currencies, and when that arrives.
RAILS: Final = {
    "GIRO": (
        DestinationKind.BANK,
        CURRENCIES - {"BHD"},
        Timetable("Europe/London", time(15, 30), 1, timedelta()),
    ),
    "PUSH": (
        DestinationKind.CARD,
        CURRENCIES,
        Timetable("UTC", time(0), 0, timedelta(minutes=30)),
    ),
}


@dataclass(frozen=True, slots=True)
class Acquirers:
    """Where the sandbox's acquirers listen, and the secrets of each, as NORTH=…,SOUTH=…."""

    url: str
    secrets: str = field(repr=False)
    webhook_secrets: str = field(repr=False)
    rail_secrets: str = field(repr=False, default="")
    rail_webhook_secrets: str = field(repr=False, default="")

    def rails(self) -> list[RailProfile]:
        """They listen where the acquirers do. Raises SecretMissing."""
        if not self.rail_secrets:
            return []
        webhook_secrets = _by_name(self.rail_webhook_secrets)
        return [
            RailProfile(
                name,
                RailKind.SANDBOX,
                self.url,
                secret,
                (webhook_secrets[name],),
                SETTLES_WITHIN,
                frozenset({RAILS[name][0]}),
                RAILS[name][1],
                RAILS[name][2],
            )
            for name, secret in _by_name(self.rail_secrets).items()
        ]

    def profiles(self) -> list[ProviderProfile]:
        """Raises SecretMissing."""
        webhook_secrets = _by_name(self.webhook_secrets)
        if webhook_secrets.keys() != _by_name(self.secrets).keys():
            raise SecretMissing("an acquirer has only one of its two secrets")
        return [
            ProviderProfile(
                name,
                ProviderKind.SANDBOX,
                self.url,
                secret,
                (webhook_secrets[name],),
                settles_within=SETTLES_WITHIN,
                authorization_lasts=AUTHORIZATION_LASTS,
            )
            for name, secret in _by_name(self.secrets).items()
        ]


def _by_name(text: str) -> dict[str, str]:
    """Raises SecretMissing."""
    pairs = [each.strip().partition("=") for each in text.split(",")]
    if not all(name and value for name, _, value in pairs):
        raise SecretMissing("the acquirers' secrets are told as NORTH=…,SOUTH=…")
    return {name: value for name, _, value in pairs}


class NotASandbox(RuntimeError):
    """Seeds are refused outside the sandbox."""


class SecretMissing(RuntimeError):
    """An acquirer was told of without its secret. The text never has one in it."""


async def seed(settings: Settings, biller_url: str, acquirers: Acquirers | None = None) -> str:
    """One JSON line with the partners and their secrets. Doing it again changes nothing."""
    if settings.is_live:
        raise NotASandbox("seeds are for the sandbox; add a live partner with `partner add`")
    async with open_record(settings) as record:
        for biller_id, (name, currency, _) in BILLERS.items():
            profile = BillerProfile(
                biller_id,
                name,
                biller_url,
                currency,
                honours_idempotency_keys=True,
                settles_within=SETTLES_WITHIN,
            )
            await record.administration.put_biller(profile)
        if acquirers is not None:
            await _acquirers(record, acquirers)
        partners = [await _partner(record, partner_id) for partner_id in PARTNERS]
    return json.dumps({"partners": partners})


async def _acquirers(record: Record, acquirers: Acquirers) -> None:
    profiles = acquirers.profiles()
    for profile in profiles:
        await record.administration.put_provider(profile)
    for rail in acquirers.rails():
        await record.administration.put_rail(rail)
    if record.routing.rules() is None:
        # The first takes everything while it can; without rules there would be no route at all.
        fallback = [
            Target(profile.id, 0 if number else 100) for number, profile in enumerate(profiles)
        ]
        rules = await record.routing.save([], fallback, "seed")
        await record.routing.activate(rules.version, "seed")


async def _partner(record: Record, partner_id: str) -> dict[str, str]:
    known = record.partners.get(partner_id)
    if known is not None and known.keys:
        await _widen(record, known)
        return {"id": partner_id, "apiKey": known.keys[0].id, "secret": known.keys[0].secret}
    administration = record.administration
    await administration.add_partner(
        partner_id, f"Sandbox {partner_id}", requests_per_minute=REQUESTS_PER_MINUTE
    )
    for network in LOOPBACK:
        await administration.add_range(partner_id, ip_network(network))
    for biller_id, (_, _, agreement) in BILLERS.items():
        await administration.set_agreement(partner_id, biller_id, agreement)
    await administration.set_card_terms(partner_id, CARD_TERMS)
    await administration.set_payout_terms(partner_id, PAYOUT_TERMS)
    # The key comes last: a run that was interrupted is finished by the next one.
    key = await administration.add_key(partner_id, products=PRODUCTS)
    return {"id": partner_id, "apiKey": key.id, "secret": key.secret}


async def _widen(record: Record, partner: Partner) -> None:
    """A partner from before there were cards, webhooks or payouts gets them too.

    What was set by hand stays: a key that may do less than all there was keeps to that.
    """
    if record.partners.card_terms(partner.id) is None:
        await record.administration.set_card_terms(partner.id, CARD_TERMS)
    if record.partners.payout_terms(partner.id) is None:
        await record.administration.set_payout_terms(partner.id, PAYOUT_TERMS)
    key = partner.keys[0]
    had_all = key.scopes in [frozenset(Scope) - later for later in _LATER]
    if Product.PAYMENTS not in key.products or had_all:
        await record.administration.allow_key(key.id, products=PRODUCTS, scopes=tuple(Scope))
