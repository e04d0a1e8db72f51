"""Waiting for facts, with a deadline and through outages; and a partner who asks until answered."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import asyncpg
import httpx2

from tests.running_gateway import Answer, PartnerClient, TestBill

T = TypeVar("T")

# What an outage looks like from outside. Everything else is a finding and ends the test.
OUTAGES: Final = (
    httpx2.TransportError,
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
)
# "Not now", "not known yet" and "under way": the answers after which a partner asks again.
ASK_AGAIN: Final = frozenset({"P9002", "P9003", "P9004", "P5102", "P1004", "P2117"})
PAUSE_S: Final = 0.05
# A machine with too much to do may need as many times as long as one of its own.
BUSY: Final = 6


async def until(question: Callable[[], Awaitable[T | None]], within_s: float, what: str) -> T:
    """Ask until the answer is something; an outage is no answer.

    `within_s` is what a machine may take that has nothing else to do.
    """
    deadline = time.monotonic() + within_s * BUSY
    while True:
        said: object = "nothing"
        try:
            answer = await question()
        except OUTAGES as outage:
            answer, said = None, repr(outage)
        if answer:
            return answer
        assert time.monotonic() < deadline, f"{what}: {said} after {within_s * BUSY} s"
        await asyncio.sleep(PAUSE_S)


async def persistently(ask: Callable[[], Awaitable[Answer]], within_s: float = 60) -> Answer:
    """The same question until there is an answer to it; refusals for now are asked again."""

    async def answered() -> Answer | None:
        answer = await ask()
        return None if answer.code in ASK_AGAIN else answer

    return await until(answered, within_s, "no answer")


async def pay_persistently(
    partner: PartnerClient, token: str, transaction_id: str, *, key: str | None = None
) -> Answer:
    """Pay as a partner's program should: the same payment again until it is answered."""
    return await persistently(lambda: partner.pay(token, transaction_id, key=key))


async def lock_persistently(partner: PartnerClient, bill: TestBill, key: str) -> Answer:
    return await persistently(lambda: partner.lock(bill, key=key))


async def drain(partner: PartnerClient, transaction_id: str, within_s: float = 60) -> Answer:
    """The status of a payment once it is final."""

    async def final() -> Answer | None:
        answer = await partner.status(transaction_id)
        assert answer.code in ASK_AGAIN | {"P0000", "P0001", "P1201"}, answer
        return answer if answer.code == "P0000" else None

    return await until(final, within_s, f"{transaction_id} is not final")
