"""The ledger in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from payments.domain.ledger import Posting
from payments.domain.money import Money
from payments.ports.ledger import Balance, PostedEntry


@dataclass
class FakeLedger:
    """`postings` by key, in order, each with the time at which it was written."""

    postings: dict[str, tuple[Posting, datetime]] = field(default_factory=dict)

    async def post(self, posting: Posting) -> bool:
        if posting.key in self.postings:
            return False
        self.postings[posting.key] = posting, datetime.now(UTC)
        return True

    async def balances(self) -> Sequence[Balance]:
        sums: dict[str, Money] = {}
        for posting, _ in self.postings.values():
            for entry in posting.entries:
                code = entry.account.code
                sums[code] = sums.get(code, Money(0, entry.amount.currency)) + entry.amount
        return [Balance(code, sums[code]) for code in sorted(sums)]

    async def entries(self, subject: str) -> Sequence[PostedEntry]:
        return [
            PostedEntry(posting.key, posting.description, entry.account.code, entry.amount, at)
            for posting, at in self.postings.values()
            if posting.subject == subject
            for entry in posting.entries
        ]
