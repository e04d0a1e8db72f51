"""Who reads the partners and who changes them: two processes on one record, or one fake."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from ipaddress import IPv4Network, IPv6Network
from typing import Protocol

from payments.crypto import Vault
from payments.domain.bill import Agreement
from payments.domain.card_terms import CardTerms
from payments.domain.partner import Product, Scope
from payments.ports.record import RecordUnavailable

VAULT = Vault([bytes(32)])


class Key(Protocol):
    """A key that was just made."""

    @property
    def id(self) -> str: ...
    @property
    def secret(self) -> str: ...


class Office(Protocol):
    """The part of an operator's work that the contract of Partners is about."""

    async def add_partner(self, partner_id: str, name: str) -> bool: ...
    async def suspend_partner(self, partner_id: str) -> None: ...
    async def resume_partner(self, partner_id: str) -> None: ...
    async def add_range(self, partner_id: str, network: IPv4Network | IPv6Network) -> None: ...
    async def add_key(
        self, partner_id: str, *, products: Sequence[Product] = ..., scopes: Iterable[Scope] = ...
    ) -> Key: ...
    async def rotate_key(self, key_id: str, *, overlap: timedelta) -> Key: ...
    async def suspend_key(self, key_id: str) -> None: ...
    async def resume_key(self, key_id: str) -> None: ...
    async def revoke_key(self, key_id: str) -> None: ...
    async def revoke_token(self, token_id: str, expires_at: datetime) -> None: ...
    async def set_agreement(
        self, partner_id: str, biller_id: str, agreement: Agreement
    ) -> None: ...
    async def set_card_terms(self, partner_id: str, terms: CardTerms) -> None: ...


class Held(Protocol):
    """What is held in memory, and read anew after news."""

    async def fresh(self) -> None: ...


async def knows(held: Held, seen: Callable[[], bool]) -> None:
    """The news arrives on its own; how long it takes is the server's business."""
    deadline = time.monotonic() + 60
    while not seen():
        assert time.monotonic() < deadline, "the directory was never told"
        await asyncio.sleep(0.002)
        # On a busy machine it may not be read before the next change of another test.
        with suppress(RecordUnavailable):
            await held.fresh()
