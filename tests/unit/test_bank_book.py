"""The banks of all providers: asked once a minute, told from memory while one is silent."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from api.banks import LEFT_ALONE_S, REMEMBERED_S, BankBook
from payments.domain.method import Bank
from payments.ports.provider import ProviderUnavailable
from tests.fake_provider import FakeProvider, FakeProviders

SUNNY = Bank("SUNNY", "Sunny Bank", "GB", ("GBP",))
SUNNY_TOO = Bank("SUNNY", "Sunny Bank", "GB", ("EUR", "GBP"))
RAINY_DE = Bank("RAINY_DE", "Rainy Bank", "DE", ("EUR",))


@dataclass
class Reaching(FakeProvider):
    """A provider that reaches these banks, and counts how often it was asked."""

    reached: Sequence[Bank] = ()
    asked: int = 0
    was_asked: asyncio.Event = field(default_factory=asyncio.Event)
    answers: asyncio.Event = field(default_factory=asyncio.Event)

    async def banks(self) -> Sequence[Bank]:
        self.asked += 1
        self.was_asked.set()
        await self.answers.wait()
        if self.unreachable:
            raise ProviderUnavailable
        return self.reached


@dataclass
class Hand:
    """A clock that is moved by hand, in seconds."""

    at: float = 1_000.0

    def __call__(self) -> float:
        return self.at


def reaching(*banks: Bank) -> Reaching:
    provider = Reaching(reached=banks)
    provider.answers.set()
    return provider


def book_of(**providers: Reaching) -> tuple[BankBook, Hand]:
    clock = Hand()
    return BankBook(FakeProviders(dict(providers)), clock), clock


async def test_the_banks_of_all_providers_are_one_list_and_each_bank_is_in_it_once() -> None:
    book, _ = book_of(NORTH=reaching(SUNNY), SOUTH=reaching(SUNNY_TOO, RAINY_DE))

    listed = await book.listed()

    assert listed.banks == [RAINY_DE, Bank("SUNNY", "Sunny Bank", "GB", ("GBP", "EUR"))]
    assert listed.is_whole


async def test_a_list_is_narrowed_by_country_and_by_currency() -> None:
    book, _ = book_of(NORTH=reaching(SUNNY, RAINY_DE))

    listed = await book.listed()

    assert listed.offered("GB", None) == [SUNNY]
    assert listed.offered(None, "EUR") == [RAINY_DE]
    assert listed.offered("GB", "EUR") == []
    assert listed.offered(None, None) == [RAINY_DE, SUNNY]
    assert (listed.named("SUNNY"), listed.named("NOBODY")) == (SUNNY, None)


async def test_a_provider_is_asked_once_a_minute_however_many_come() -> None:
    provider = reaching(SUNNY)
    provider.answers.clear()
    book, clock = book_of(NORTH=provider)

    crowd = [asyncio.create_task(book.listed()) for _ in range(20)]
    await provider.was_asked.wait()
    # By now all the others have come, and found somebody asking.
    await asyncio.sleep(0)
    provider.answers.set()
    await asyncio.gather(*crowd)
    clock.at += REMEMBERED_S - 1
    await book.listed()
    assert provider.asked == 1

    provider.reached = (RAINY_DE,)
    clock.at += 1
    assert (await book.listed()).banks == [RAINY_DE]
    assert provider.asked == 2


async def test_a_silent_provider_is_told_from_memory_and_left_alone_for_a_while() -> None:
    provider = reaching(SUNNY)
    book, clock = book_of(NORTH=provider)
    await book.listed()
    provider.unreachable = True
    clock.at += REMEMBERED_S

    for _ in range(3):
        listed = await book.listed()
        assert (listed.banks, listed.is_whole) == ([SUNNY], True)
    assert provider.asked == 2

    provider.unreachable, provider.reached = False, (RAINY_DE,)
    clock.at += LEFT_ALONE_S
    assert (await book.listed()).banks == [RAINY_DE]


async def test_a_list_is_not_whole_until_every_provider_has_told_its_banks() -> None:
    silent = reaching(RAINY_DE)
    silent.unreachable = True
    book, clock = book_of(NORTH=reaching(SUNNY), SOUTH=silent)

    half = await book.listed()
    silent.unreachable = False
    clock.at += LEFT_ALONE_S
    whole = await book.listed()

    assert (half.banks, half.is_whole) == ([SUNNY], False)
    assert (whole.banks, whole.is_whole) == ([RAINY_DE, SUNNY], True)
