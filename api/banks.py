"""Where customers can be sent to pay: the banks of every provider that takes new payments."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from payments.domain.method import Bank
from payments.ports.provider import Provider, Providers, ProviderUnavailable

REMEMBERED_S: Final = 60.0
# A provider that is silent is not asked by everybody who comes meanwhile.
LEFT_ALONE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class BankList:
    """`is_whole`: every provider has told its banks, so that a bank which is not there is none."""

    banks: Sequence[Bank]
    is_whole: bool

    def offered(self, country: str | None, currency: str | None) -> Sequence[Bank]:
        """Those of a country, and those that take a currency; None: of any."""
        return [
            bank
            for bank in self.banks
            if country in (None, bank.country) and (currency is None or currency in bank.currencies)
        ]

    def named(self, bank_id: str) -> Bank | None:
        return next((bank for bank in self.banks if bank.id == bank_id), None)


@dataclass(slots=True)
class _Memory:
    """What one provider told; None: nothing yet. `good_until` is in seconds of the clock."""

    banks: Sequence[Bank] | None = None
    good_until: float = float("-inf")
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class BankBook:
    """Asks at most once a minute, and goes on telling what it knows while a provider is silent."""

    def __init__(self, providers: Providers, clock: Callable[[], float] = time.monotonic) -> None:
        self._providers = providers
        self._clock = clock
        self._memories: dict[str, _Memory] = {}

    async def listed(self) -> BankList:
        told = await asyncio.gather(*(self._told(name) for name in self._providers.kinds()))
        known = [banks for banks in told if banks is not None]
        return BankList(_union(known), is_whole=len(known) == len(told))

    async def _told(self, provider_id: str) -> Sequence[Bank] | None:
        provider = self._providers.get(provider_id)
        memory = self._memories.setdefault(provider_id, _Memory())
        if provider is not None and self._clock() >= memory.good_until:
            async with memory.turn:
                if self._clock() >= memory.good_until:
                    await self._ask(provider, memory)
        return memory.banks

    async def _ask(self, provider: Provider, memory: _Memory) -> None:
        try:
            memory.banks = await provider.banks()
        except ProviderUnavailable:
            memory.good_until = self._clock() + LEFT_ALONE_S
        else:
            memory.good_until = self._clock() + REMEMBERED_S


def _union(lists: Iterable[Sequence[Bank]]) -> Sequence[Bank]:
    """A bank that several providers reach is one, and takes whatever one of them takes."""
    found: dict[str, Bank] = {}
    for bank in (bank for banks in lists for bank in banks):
        known = found.get(bank.id, bank)
        currencies = tuple(dict.fromkeys((*known.currencies, *bank.currencies)))
        found[bank.id] = replace(known, currencies=currencies)
    return sorted(found.values(), key=lambda bank: (bank.country, bank.name, bank.id))
