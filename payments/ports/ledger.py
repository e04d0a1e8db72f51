"""Where money is written down: append-only, balanced, idempotent by key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from payments.domain.ledger import Posting
from payments.domain.money import Money


@dataclass(frozen=True, slots=True)
class Balance:
    account: str
    amount: Money


@dataclass(frozen=True, slots=True)
class PostedEntry:
    """One line as it stands in the ledger. `account` is the account's code."""

    key: str
    description: str
    account: str
    amount: Money
    posted_at: datetime


class Ledger(Protocol):
    async def post(self, posting: Posting) -> bool:
        """Write a posting. False when its key was posted before: then nothing is written."""

    async def balances(self) -> Sequence[Balance]:
        """Every account's sum, by code."""

    async def entries(self, subject: str) -> Sequence[PostedEntry]:
        """All lines about one business object, oldest first."""
