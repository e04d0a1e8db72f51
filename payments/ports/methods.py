"""Saved cards and the customers they belong to. Tokens only, never a number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from payments.domain.card import Card


@dataclass(frozen=True, slots=True)
class Customer:
    """A partner's customer: the partner's own reference, and nothing personal."""

    customer_id: str
    partner_id: str
    reference: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Method:
    """A card that a partner may charge again, for one customer."""

    card: Card
    partner_id: str
    customer_id: str
    created_at: datetime


class Methods(Protocol):
    async def add_customer(self, customer: Customer) -> Customer:
        """Idempotent on (partner, reference): returns the one that stands."""

    async def customer(self, partner_id: str, customer_id: str) -> Customer | None: ...

    async def forget_customer(self, partner_id: str, customer_id: str) -> bool:
        """With all its methods. False when there is none."""

    async def saved(self, partner_id: str, token: str) -> Method | None: ...

    async def of_customer(self, partner_id: str, customer_id: str) -> Sequence[Method]: ...

    async def forget(self, partner_id: str, token: str) -> bool:
        """The method cannot be charged any more. False when there is none."""
