"""Where payouts go, in PostgreSQL: what an account really is stays sealed, bound to its row."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg
from pydantic import TypeAdapter

from payments.adapters.postgres.json_text import theirs
from payments.adapters.postgres.sealer import ACCOUNT, open_secret, seal_secret
from payments.crypto import Vault
from payments.db.session import Database, Row
from payments.domain.codes import Code
from payments.domain.destination import Account, Destination, DestinationKind, DestinationState
from payments.domain.payout import PayoutOrder, PayoutStatus
from payments.domain.rail import Verification
from payments.ports.payments import MoveRefused

_ACCOUNT: Final = TypeAdapter(Account)
_FINGERPRINT: Final = "destination-fingerprint"
_ADD: Final = """
    INSERT INTO destination (id, partner_id, reference, customer_id, kind, country, currency,
        shown, bank, fingerprint, account_sealed, rail, content, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
    ON CONFLICT DO NOTHING"""
_VERIFIED: Final = """
    UPDATE destination SET state = $2, reason = $3, verified_at = now()
    WHERE id = $1 AND state = 'unverified'"""
_BY_ID: Final = "SELECT * FROM destination WHERE id = $1"
_OF_PAYOUT: Final = """
    SELECT payout.status, destination.id, destination.account_sealed
    FROM payout LEFT JOIN destination ON destination.id = payout.destination_id
    WHERE payout.id = $1"""
_FIND: Final = "SELECT * FROM destination WHERE partner_id = $1 AND id = $2"
_NAMED: Final = "SELECT * FROM destination WHERE partner_id = $1 AND id = ANY ($2::text[])"
# More would not come within the database's time-out on a busy day.
_AT_ONCE: Final = 5_000
_LIST: Final = """
    SELECT * FROM destination
    WHERE partner_id = $1 AND ($2::text IS NULL OR customer_id = $2)
    ORDER BY created_at, id LIMIT 500"""


class PostgresDestinations:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    async def add(self, destination: Destination, account: Account) -> Destination | Code:
        sealed = seal_secret(
            self._vault, destination.destination_id, _ACCOUNT.dump_json(account).decode(), ACCOUNT
        )
        try:
            await self._database.fetch(
                _ADD,
                *(destination.destination_id, destination.partner_id, destination.reference),
                *(destination.customer_id, destination.kind, destination.country),
                *(destination.currency, destination.shown, theirs(destination.bank)),
                *(destination.fingerprint, sealed, destination.rail, destination.content),
                destination.created_at,
            )
        except asyncpg.ForeignKeyViolationError:
            return Code.CUSTOMER_UNKNOWN
        found = await self.find(destination.partner_id, destination.destination_id)
        if found is None or found.content != destination.content:
            return Code.REFERENCE_USED
        return found

    async def verified(self, destination_id: str, word: Verification) -> Destination:
        state = DestinationState.VERIFIED if word.verified else DestinationState.REFUSED
        await self._database.fetch(_VERIFIED, destination_id, state, theirs(word.reason))
        [row] = await self._database.fetch(_BY_ID, destination_id)
        return _destination(row)

    async def find(self, partner_id: str, destination_id: str) -> Destination | None:
        rows = await self._database.fetch(_FIND, partner_id, destination_id)
        return _destination(rows[0]) if rows else None

    async def named(self, partner_id: str, names: Sequence[str]) -> Mapping[str, Destination]:
        found: dict[str, Destination] = {}
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            rows = await self._database.fetch(_NAMED, partner_id, some)
            found |= {row["id"]: _destination(row) for row in rows}
        return found

    async def list(self, partner_id: str, customer_id: str | None) -> Sequence[Destination]:
        rows = await self._database.fetch(_LIST, partner_id, customer_id)
        return [_destination(row) for row in rows]

    async def opened(self, destination_id: str) -> Account | None:
        rows = await self._database.fetch(_BY_ID, destination_id)
        return self._opened(destination_id, rows[0]["account_sealed"]) if rows else None

    async def opened_for(self, order: PayoutOrder) -> Account | None:
        rows = await self._database.fetch(_OF_PAYOUT, order.payout_id)
        status = rows[0]["status"] if rows else None
        if status != PayoutStatus.QUEUED:
            raise MoveRefused(f"{order.payout_id} is {status}, not to be sent")
        sealed = rows[0]["account_sealed"]
        return None if sealed is None else self._opened(rows[0]["id"], sealed)

    def _opened(self, destination_id: str, sealed: bytes) -> Account:
        opened = open_secret(self._vault, destination_id, sealed, ACCOUNT)
        return _ACCOUNT.validate_json(opened)

    def fingerprint(self, partner_id: str, account: Account) -> str:
        named = f"{partner_id}\n{account.country}\n{account.bank_code}\n{account.number}"
        digest = self._vault.mac(_FINGERPRINT, named.encode())
        return hashlib.sha256(digest).hexdigest()[:40]


def _destination(row: Row) -> Destination:
    return Destination(
        destination_id=row["id"],
        partner_id=row["partner_id"],
        reference=row["reference"],
        customer_id=row["customer_id"],
        kind=DestinationKind(row["kind"]),
        country=row["country"],
        currency=row["currency"],
        shown=row["shown"],
        bank=row["bank"],
        fingerprint=row["fingerprint"],
        rail=row["rail"],
        state=DestinationState(row["state"]),
        reason=row["reason"],
        created_at=row["created_at"],
        content=row["content"],
    )
