"""The ledger in PostgreSQL: one posting is one statement, and the database refuses a wrong one."""

# ruff: noqa: S608  # Every part of these statements is a constant of ours.

from collections.abc import Sequence
from typing import Final

from payments.db.session import Database, Row
from payments.domain.ledger import Account, Posting
from payments.domain.money import Money
from payments.ports.ledger import Balance, PostedEntry

# Writes a posting, whose parameters are $1 to $6, if the statement before it, named `due`, has a
# row. So a caller can bind the posting to a write of its own, in the same statement. A key of NULL
# posts nothing.
WRITE_POSTING: Final = """
posted AS (
    INSERT INTO ledger_transaction (key, subject, description)
    SELECT $1::text, $2::text, $3::text FROM due WHERE $1::text IS NOT NULL
    ON CONFLICT (key) DO NOTHING
    RETURNING id
), entered AS (
    INSERT INTO ledger_entry (transaction_id, account_id, amount_minor, currency)
    SELECT posted.id, line.account_id, line.amount_minor, line.currency
    FROM posted, unnest($4::bigint[], $5::bigint[], $6::text[])
        AS line (account_id, amount_minor, currency)
)"""
_POST: Final = f"WITH due AS (SELECT), {WRITE_POSTING} SELECT id FROM posted"

_OPEN_ACCOUNTS: Final = """
    INSERT INTO ledger_account (code, kind, owner, currency)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
    ON CONFLICT (code) DO NOTHING"""
_ACCOUNT_IDS: Final = "SELECT code, id FROM ledger_account WHERE code = ANY ($1::text[])"

_BALANCES: Final = """
    SELECT account.code, account.currency, coalesce(sum(entry.amount_minor), 0)::bigint AS minor
    FROM ledger_account AS account LEFT JOIN ledger_entry AS entry ON entry.account_id = account.id
    GROUP BY account.id ORDER BY account.code"""
_ENTRIES: Final = """
    SELECT posting.key, posting.description, account.code, entry.amount_minor, entry.currency,
        posting.posted_at
    FROM ledger_transaction AS posting
    JOIN ledger_entry AS entry ON entry.transaction_id = posting.id
    JOIN ledger_account AS account ON account.id = entry.account_id
    WHERE posting.subject = $1
    ORDER BY posting.posted_at, posting.id, entry.id"""


class PostgresLedger:
    """Accounts open at their first use; their ids never change, so they are remembered."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._account_ids: dict[str, int] = {}

    async def post(self, posting: Posting) -> bool:
        return bool(await self._database.fetch(_POST, *await self.parameters(posting)))

    async def balances(self) -> Sequence[Balance]:
        rows = await self._database.fetch(_BALANCES)
        return [Balance(row["code"], Money(row["minor"], row["currency"])) for row in rows]

    async def entries(self, subject: str) -> Sequence[PostedEntry]:
        return [_entry(row) for row in await self._database.fetch(_ENTRIES, subject)]

    async def parameters(self, posting: Posting) -> tuple[object, ...]:
        """$1 to $6 of WRITE_POSTING."""
        accounts = [entry.account for entry in posting.entries]
        if any(account.code not in self._account_ids for account in accounts):
            await self._open(accounts)
        return (
            posting.key,
            posting.subject,
            posting.description,
            [self._account_ids[account.code] for account in accounts],
            [entry.amount.minor for entry in posting.entries],
            [entry.amount.currency for entry in posting.entries],
        )

    async def _open(self, accounts: Sequence[Account]) -> None:
        codes = [account.code for account in accounts]
        await self._database.fetch(
            _OPEN_ACCOUNTS,
            codes,
            [account.kind for account in accounts],
            [account.owner for account in accounts],
            [account.currency for account in accounts],
        )
        for row in await self._database.fetch(_ACCOUNT_IDS, codes):
            self._account_ids[row["code"]] = row["id"]


def _entry(row: Row) -> PostedEntry:
    return PostedEntry(
        key=row["key"],
        description=row["description"],
        account=row["code"],
        amount=Money(row["amount_minor"], row["currency"]),
        posted_at=row["posted_at"],
    )
