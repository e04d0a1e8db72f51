"""Which providers may take a payment, in which order, and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

# The networks' own limits for trying one card again: Visa 20 in 30 days for one amount (its rules
# of 2026-04), Mastercard 10 in 24 hours and 35 in 30 days.
VISA_TRIES_30D: Final = 20
MASTERCARD_TRIES_24H: Final = 10
MASTERCARD_TRIES_30D: Final = 35


@dataclass(frozen=True, slots=True)
class Facts:
    """What a routing rule can ask about: its CEL variables, under these very names.

    `amount` is in minor units, `country` the card's issuing country or the bank's (ISO 3166
    alpha-2), `method` card or bank_redirect. `bin` and `brand` are empty but for cards; `bank` is
    the one that the customer named beforehand, and empty when they choose it at the provider.
    """

    amount: int
    currency: str
    country: str
    bin: str
    brand: str
    method: str
    partner: str
    bank: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """A provider with its share of the payments that reach this rule's first place."""

    provider: str
    weight: int = 100


@dataclass(frozen=True, slots=True)
class Rule:
    """`when` is a CEL condition over Facts; the first rule that is true decides.

    The targets with a weight share the first place; those behind are tried in order, and never
    twice.
    """

    name: str
    when: str
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """One version of the rules. `fallback` is mandatory: what no rule takes goes there."""

    version: int
    rules: tuple[Rule, ...]
    fallback: tuple[Target, ...]
    author: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Rejected:
    """A provider that was not chosen, and why: switched off, unhealthy, cannot take this card."""

    provider: str
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The route of one payment, kept and explained for ever: providers in order, best first."""

    version: int
    rule: str
    providers: tuple[str, ...]
    rejected: tuple[Rejected, ...] = ()
    facts: Facts | None = None
    challenge: bool = False

    @property
    def by_network(self) -> bool:
        """Whether the card's network forbids every provider."""
        return not self.providers and self.rule.startswith("network:")


@dataclass(frozen=True, slots=True)
class Routed:
    """A past payment as a dry run needs it. `kinds` are those of the providers that can take it."""

    payment_id: str
    decision: Decision
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Switch:
    """A kill switch: what it names is not used for new payments. None means every.

    It acts within a second and is audited: each flip is a row.
    """

    on: bool
    by: str
    why: str
    at: datetime
    provider: str | None = None
    method: str | None = None
    country: str | None = None


@dataclass(frozen=True, slots=True)
class Retries:
    """How often this card was declined before, for the networks' rules.

    Counted per card fingerprint, partner and amount. `never` says that a network forbade it.
    """

    last_24h: int = 0
    last_30d: int = 0
    never: bool = False


def forbidden(brand: str, retries: Retries) -> str | None:
    """Why the card's network forbids another try, or None."""
    if retries.never:
        return "the issuer said never again"
    if brand == "visa" and retries.last_30d >= VISA_TRIES_30D:
        return f"{VISA_TRIES_30D} tries in 30 days"
    if brand == "mastercard" and retries.last_24h >= MASTERCARD_TRIES_24H:
        return f"{MASTERCARD_TRIES_24H} tries in 24 hours"
    if brand == "mastercard" and retries.last_30d >= MASTERCARD_TRIES_30D:
        return f"{MASTERCARD_TRIES_30D} tries in 30 days"
    return None


def is_switched_off(switches: Iterable[Switch], provider: str, method: str, country: str) -> bool:
    """Whether a switch that is on names these, or leaves open what it does not name."""
    return any(
        switch.on
        and switch.provider in (None, provider)
        and switch.method in (None, method)
        and switch.country in (None, country)
        for switch in switches
    )
