"""Payouts that stand somewhere in the record, with the funds that they need."""

from typing import Any
from uuid import uuid4

import pytest

from payments.adapters.postgres.destinations import PostgresDestinations
from payments.adapters.postgres.ledger import PostgresLedger
from payments.adapters.postgres.payouts import PostgresPayouts
from payments.crypto import Vault
from payments.db.session import Database
from payments.domain.codes import Code
from payments.domain.destination import Destination
from payments.domain.ledger import Account, AccountKind, Entry, Posting
from payments.domain.money import Money
from payments.domain.payout import Payout, PayoutOrder, PayoutStatus
from payments.domain.payout_terms import PayoutLimits
from payments.domain.rail import Verification
from tests.payout_factories import ACCOUNT, make_destination, make_payout, make_payout_fact

P = PayoutStatus
CLOSED = Code.ACCOUNT_CLOSED
TO: dict[PayoutStatus, tuple[PayoutStatus, ...]] = {
    P.QUEUED: (),
    P.ON_HOLD: (),
    P.SENT: (P.SENT,),
    P.PAID: (P.SENT, P.PAID),
    P.PARTLY_PAID: (P.SENT, P.PARTLY_PAID),
    P.FAILED: (P.FAILED,),
    P.RETURNED: (P.SENT, P.PAID, P.RETURNED),
    P.CANCELED: (P.CANCELED,),
}


class PayoutRecord:
    """One partner's payouts; each test has a partner of its own."""

    def __init__(self, database: Database) -> None:
        self.partner_id = f"partner_{uuid4().hex[:12]}"
        self.ledger = PostgresLedger(database)
        self.payouts = PostgresPayouts(database, self.ledger)
        self.destinations = PostgresDestinations(database, Vault([b"k" * 32]))

    async def earn(self, minor: int) -> None:
        """As a captured payment does."""
        lines = (
            (Account(AccountKind.PROVIDER_RECEIVABLE, "NORTH", "USD"), minor),
            (Account(AccountKind.PARTNER_PAYABLE, self.partner_id, "USD"), -minor),
        )
        entries = tuple(Entry(account, Money(each, "USD")) for account, each in lines)
        name = f"earned:{uuid4()}"
        assert await self.ledger.post(Posting(name, name, "a test earns", entries))

    async def destination(self, **changes: Any) -> Destination:
        made = make_destination(partner_id=self.partner_id, **changes)
        added = await self.destinations.add(made, ACCOUNT)
        assert isinstance(added, Destination), added
        return await self.destinations.verified(made.destination_id, Verification(verified=True))

    async def begun(self, minor: int = 10_000, **changes: Any) -> PayoutOrder:
        order = make_payout(await self.destination(), minor, **changes)
        answer = await self.payouts.begin(order)
        assert answer.payout is not None, answer
        return order

    async def lead_to(self, status: PayoutStatus, **changes: Any) -> PayoutOrder:
        if status is P.ON_HOLD:
            changes = {"limits": PayoutLimits(hold_above=0)} | changes
        order = await self.begun(**changes)
        for each in TO[status]:
            await self.move(order, each)
        return order

    async def move(self, order: PayoutOrder, status: PayoutStatus, **changes: Any) -> Payout:
        if status in (P.PARTLY_PAID, P.FAILED, P.RETURNED):
            changes = {"code": CLOSED} | changes
        return await self.payouts.move(make_payout_fact(order, status, **changes))

    async def funds(self) -> int:
        return await self.payouts.available(self.partner_id, "USD")

    async def books(self) -> dict[str, int]:
        """Every account of the partner and of the rail that is not at zero; of the ledger alone."""
        return {
            balance.account: balance.amount.minor
            for balance in await self.ledger.balances()
            if self.partner_id in balance.account and balance.amount.minor
        }


@pytest.fixture
def record(database: Database) -> PayoutRecord:
    return PayoutRecord(database)
