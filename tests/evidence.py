"""What is left when it is over, seen past the gateway: the biller's own journal, the record through
a connection of our own, and the engine's history.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final

import httpx2
import pytest
from temporalio.client import Client, WorkflowHandle, WorkflowHistory
from temporalio.service import RPCError, RPCStatusCode

from payments.domain import ids
from payments.domain.bill import BillRef
from tests.connection import Connection
from tests.patience import drain, until
from tests.running_gateway import (
    ANSWER_WITHIN_S,
    Answer,
    PartnerClient,
    RunningGateway,
    TestBill,
)

DIGITS: Final = {"BDT": 2, "BRL": 2, "USD": 2, "EUR": 2, "GBP": 2, "JPY": 0, "BHD": 3}

_ROW: Final = """
    SELECT * FROM transaction WHERE biller_id = $1 AND bill_number = $2 AND billing_period = $3
    ORDER BY accepted_at"""
_ENTRIES: Final = """
    SELECT posting.key, account.code, entry.amount_minor
    FROM ledger_transaction posting
    JOIN ledger_entry entry ON entry.transaction_id = posting.id
    JOIN ledger_account account ON account.id = entry.account_id
    WHERE posting.subject = $1 ORDER BY entry.id"""
_EVENTS: Final = """
    SELECT object_id, sequence, type FROM event
    WHERE data->>'billerId' = $1 AND data->>'billNumber' = $2 AND data->>'billingPeriod' = $3
    ORDER BY position"""
_UNBALANCED: Final = """
    SELECT currency, sum(amount_minor) FROM ledger_entry
    GROUP BY currency HAVING sum(amount_minor) <> 0"""
_IN_SUSPENSE: Final = """
    SELECT account.code, sum(entry.amount_minor)
    FROM ledger_entry entry JOIN ledger_account account ON account.id = entry.account_id
    WHERE account.kind = 'suspense' GROUP BY account.code HAVING sum(entry.amount_minor) <> 0"""
_OWED: Final = """
    SELECT account.owner, -sum(entry.amount_minor) AS minor
    FROM ledger_entry entry JOIN ledger_account account ON account.id = entry.account_id
    WHERE account.kind = 'biller_payable' GROUP BY account.owner"""


class Evidence:
    """Each method asks afresh; nothing in here has heard what the gateway answered."""

    def __init__(self, gateway: RunningGateway) -> None:
        self._gateway = gateway
        self._sandbox = httpx2.AsyncClient(
            base_url=gateway.told["sandbox"], timeout=ANSWER_WITHIN_S, verify=False
        )
        self._connection = Connection(gateway.database_url)
        self._engine: Client | None = None

    async def close(self) -> None:
        await self._sandbox.aclose()
        self._connection.close()

    # What others have written down

    async def rows(self, statement: str, *parameters: object) -> list[dict[str, Any]]:
        """On a connection of its own, so that only what is committed is seen."""
        return await self._connection.fetch(statement, *parameters)

    async def write(self, *statements: tuple[object, ...]) -> None:
        """All of them or none: each is its text and its parameters."""
        await self._connection.write(*statements)

    async def journal(self, kind: str, **asked: str) -> list[dict[str, Any]]:
        """The biller's "effects" or "arrivals"."""
        answer = await self._sandbox.get("/journal", params=asked)
        assert answer.is_success, answer.text
        return list(answer.json()[kind])

    async def effects(self, bill: TestBill) -> list[dict[str, Any]]:
        return await self.journal("effects", biller=bill.biller_id, billNumber=bill.number)

    async def arrivals(self, bill: TestBill) -> list[dict[str, Any]]:
        return await self.journal("arrivals", biller=bill.biller_id, billNumber=bill.number)

    async def effect(self, bill: TestBill, within_s: float = 20) -> dict[str, Any]:
        """Wait for the moment when the biller has the money."""
        found = await until(lambda: self.effects(bill), within_s, f"no effect on {bill}")
        return found[0]

    async def arrival(self, bill: TestBill, within_s: float = 20) -> dict[str, Any]:
        """Wait for the moment when the biller has the question."""
        found = await until(lambda: self.arrivals(bill), within_s, f"no arrival on {bill}")
        return found[0]

    async def transactions(self, bill: TestBill) -> list[dict[str, Any]]:
        return await self.rows(_ROW, *bill.told.values())

    async def postings(self, transaction_id: str) -> dict[str, dict[str, int]]:
        """Kind of posting → account → minor units."""
        found: dict[str, dict[str, int]] = {}
        for row in await self.rows(_ENTRIES, transaction_id):
            kind, _, subject = row["key"].partition(":")
            assert subject == transaction_id, row
            entries = found.setdefault(kind, {})
            assert row["code"] not in entries, f"two entries in {row['code']}"
            entries[row["code"]] = row["amount_minor"]
        return found

    async def events(self, bill: TestBill) -> list[tuple[int, str]]:
        rows = await self.rows(_EVENTS, *bill.told.values())
        return [(row["sequence"], row["type"]) for row in rows]

    # What the engine has

    async def lock_of(self, bill: TestBill) -> WorkflowHandle[Any, str]:
        """The newest lock of this bill."""
        return (await self.engine()).get_workflow_handle(workflow_id(bill), result_type=str)

    async def engine(self) -> Client:
        if self._engine is None:
            self._engine = await Client.connect(self._gateway.told["temporalAddress"])
        return self._engine

    async def history(self, bill: TestBill) -> WorkflowHistory:
        return await (await self.lock_of(bill)).fetch_history()

    async def story(self, workflow_id: str) -> WorkflowHistory:
        client = await self.engine()
        return await client.get_workflow_handle(workflow_id).fetch_history()

    async def begun(self, bill: TestBill, within_s: float = 20) -> None:
        """Wait for the moment when the engine has kept a lock's start."""

        async def known() -> bool:
            with suppress(RPCError):
                return (await (await self.lock_of(bill)).describe()).close_time is None
            return False

        await until(known, within_s, f"no lock of {bill.number} has begun")

    async def never_locked(self, bill: TestBill) -> None:
        """The engine has never heard of it."""
        with pytest.raises(RPCError) as unknown:
            await (await self.lock_of(bill)).describe()
        assert unknown.value.status is RPCStatusCode.NOT_FOUND, unknown.value

    async def end_of_lock(self, bill: TestBill, within_s: float = 60) -> str:
        """Wait for the lock's workflow to close; how it ended."""

        async def ended() -> str | None:
            with suppress(RPCError):
                lock = await self.lock_of(bill)
                if (await lock.describe()).close_time is not None:
                    return await lock.result()
            return None

        return await until(ended, within_s, f"the lock of {bill.number} is not closed")

    # What must hold

    async def paid_once(
        self, partner: PartnerClient, bill: TestBill, transaction_id: str, within_s: float = 60
    ) -> Answer:
        """One effect, one balanced posting, one row, one event, and the partner is told of it."""
        status = await drain(partner, transaction_id, within_s)
        assert status.data["state"] == "PAID", status
        # REFUSED is the end of a later lock: who asks for a paid bill starts one, and it says no.
        assert await self.end_of_lock(bill, within_s) in {"PAID", "REFUSED"}

        (effect,) = await self.effects(bill)
        told = {"reference": status.data["transactionId"], "amount": status.data["amount"]}
        assert effect | told == effect, (effect, status.data)
        rows = await self.transactions(bill)
        (row,) = (row for row in rows if row["state"] != "DECLINED")
        assert (row["id"], row["state"]) == (status.data["transactionId"], "PAID")
        postings = await self.postings(row["id"])
        assert total(postings) == earned(partner, bill, status), postings
        assert set(postings) in ({"paid"}, {"suspended", "paid"})
        assert await self.events(bill) == [(1, "bill.paid")]
        return status

    async def declined(
        self, partner: PartnerClient, bill: TestBill, transaction_id: str, code: str
    ) -> Answer:
        """No effect, nothing left in the ledger, and the bill can be locked again."""
        status = await drain(partner, transaction_id)
        assert (status.data["state"], status.data["declineCode"]) == ("DECLINED", code)
        assert await self.end_of_lock(bill) == "DECLINED"

        assert await self.effects(bill) == []
        (row,) = await self.transactions(bill)
        assert (row["state"], row["code"]) == ("DECLINED", code)
        postings = await self.postings(row["id"])
        assert total(postings) == {}, postings
        assert set(postings) in (set(), {"suspended", "declined"})
        assert (1, "bill.declined") in await self.events(bill)
        return status

    async def nothing_moved(self, bill: TestBill, *events: str) -> None:
        """No effect, no row and so no entry; only these events."""
        assert await self.effects(bill) == []
        assert await self.arrivals(bill) == []
        assert await self.transactions(bill) == []
        assert [kind for _, kind in await self.events(bill)] == list(events)

    async def books_balance(self) -> None:
        """Over everything this stack ever did: what we owe the billers is what they have booked."""
        assert await self.rows("SELECT id FROM transaction WHERE state = 'PROCESSING'") == []
        await self.nothing_is_doubled()
        assert await self.rows(_IN_SUSPENSE) == []
        booked: Counter[str] = Counter()
        for each in await self.journal("effects"):
            booked[each["biller"]] += minor(each["amount"], each["currency"])
        owed = {row["owner"]: int(row["minor"]) for row in await self.rows(_OWED)}
        assert owed == booked

    async def nothing_is_doubled(self) -> None:
        """What holds at every moment, also while others still pay."""
        assert await self.rows(_UNBALANCED) == []
        references = [each["reference"] for each in await self.journal("effects")]
        assert len(references) == len(set(references)), "money was taken twice"


def earned(partner: PartnerClient, bill: TestBill, status: Answer) -> dict[str, int]:
    """What the ledger must say in the end of a bill that was paid."""
    currency = status.data["currency"]
    amount, fee = (minor(status.data[each], currency) for each in ("amount", "fee"))
    return {
        f"partner_receivable:{partner.key.id}:{currency}": amount + fee,
        f"biller_payable:{bill.biller_id}:{currency}": -amount,
        f"fee_income:{partner.key.id}:{currency}": -fee,
    }


def total(postings: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    """Account → minor units, over all postings; each balances. Empty accounts are left out."""
    accounts: Counter[str] = Counter()
    for entries in postings.values():
        assert sum(entries.values()) == 0, entries
        accounts.update(entries)
    return {account: amount for account, amount in accounts.items() if amount != 0}


def minor(amount: str, currency: str) -> int:
    """Minor units, worked out here and not by the gateway's own money."""
    scaled = Decimal(amount).scaleb(DIGITS[currency])
    assert scaled == scaled.to_integral_value(), f"{amount} has too many digits for {currency}"
    return int(scaled)


def workflow_id(bill: TestBill) -> str:
    return ids.bill_lock(BillRef(bill.biller_id, bill.number, bill.billing_period))
