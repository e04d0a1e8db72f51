"""Partners, their API keys and what a key may do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network


class Scope(StrEnum):
    """What a token may do. A token can ask for fewer than its key allows, never for more."""

    READ_BILL = "read:bill"
    POST_PAYMENT = "post:payment"
    READ_PAYMENT = "read:payment"
    POST_REFUND = "post:refund"
    POST_PAYOUT = "post:payout"
    READ_PAYOUT = "read:payout"
    MANAGE_WEBHOOK = "manage:webhook"


class Product(StrEnum):
    """What a token is for: its `aud`. A key lists those that its tokens may name."""

    BILL_COLLECTION = "bill-collection"
    PAYMENTS = "payments"
    PAYOUTS = "payouts"


# What a token must have: for one of these products, its scope; None is for any product.
Needed = Mapping[Product | None, Scope]


class Standing(StrEnum):
    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A partner's key with its opened secret. `expires_at` ends a rotated key's overlap.

    A token names one of `products`; without a word about it, the first.
    """

    id: str
    secret: str
    products: tuple[Product, ...]
    scopes: frozenset[Scope]
    standing: Standing
    expires_at: datetime | None

    @property
    def product(self) -> Product:
        return self.products[0]

    def is_over(self, now: datetime) -> bool:
        """Revoked, or rotated out: it never works again."""
        late = self.expires_at is not None and now >= self.expires_at
        return late or self.standing is Standing.REVOKED


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner as the API needs it on every request: no further look-up."""

    id: str
    name: str
    standing: Standing
    joined_on: date
    requests_per_minute: int
    keys: tuple[ApiKey, ...]
    ranges: tuple[IPv4Network | IPv6Network, ...]

    def key(self, key_id: str) -> ApiKey | None:
        return next((key for key in self.keys if key.id == key_id), None)
