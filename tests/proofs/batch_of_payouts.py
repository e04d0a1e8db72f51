"""A file of payouts with every ending, and what the rail's own books say of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from payments.domain.batch_row import PAYOUT_ROWS
from payments.domain.payout import PayoutStatus
from tests.api.shop import Shop
from tests.api.till import SandboxRail, Till
from tests.batch_payout_files import PayoutLine, payouts_csv
from tests.connection import Connection
from tests.patience import persistently, until
from tests.proofs.payouts import PART, STANDING, misfits
from tests.running_gateway import PartnerClient, RunningGateway

# Of twenty rows each of these stories of the rail is told once; all others are paid.
ENDINGS: Final = ("01", "02", "03", "07", "09", "11")
EVERY: Final = 20
# And one goes back, as a refund: all of these to one customer's one payment.
BACK: Final = "back"
_STORIES: Final = (*ENDINGS, BACK)
AMOUNT: Final = "1.00"
# With the fee of the demonstration partner, and something to spare.
COST: Final = 2
_PAYOUTS: Final = f"""
    SELECT {STANDING}, payout.reference
    FROM batch_row JOIN payout ON payout.id = batch_row.object_id {PART} WHERE batch_id = $1"""
_BOOKS: Final = "SELECT coalesce(sum(amount_minor), 0) AS off FROM ledger_entry"
_WAITING: Final = """
    SELECT account.code FROM ledger_entry AS entry
    JOIN ledger_account AS account ON account.id = entry.account_id
    WHERE account.kind = 'payout_reserved'
        OR account.kind = 'suspense' AND account.owner IN ('GIRO', 'PUSH')
    GROUP BY account.code HAVING sum(entry.amount_minor) <> 0"""


class PayoutFile:
    """Each row's payout is at its rail exactly as often as its row says."""

    kind = "payouts"

    def __init__(self, gateway: RunningGateway, count: int) -> None:
        key = gateway.partner(0)
        self._gateway, self._count = gateway, count
        self.partner = PartnerClient(gateway.api, key)
        self._shop = Shop(gateway, PartnerClient(gateway.api, key))
        self._till = Till(gateway, self._shop, self.partner)
        self._rows: Sequence[PayoutLine] = ()

    async def content(self) -> bytes:
        await self._till.earn(f"{COST * self._count:.2f}")
        there = {ending: await self._verified(ending) for ending in ("00", *ENDINGS)}
        there[BACK] = await self._customers(list(self._endings()).count(BACK))
        self._rows = [PayoutLine(there[ending], AMOUNT) for ending in self._endings()]
        return payouts_csv(self._rows)

    def _endings(self) -> Iterator[str]:
        for at in range(self._count):
            yield _STORIES[at % EVERY] if at % EVERY < len(_STORIES) else "00"

    async def _customers(self, rows: int) -> str:
        """The account of one who has paid for so many rows."""
        customer = await self._shop.customer()
        if rows:
            await self._shop.paid(amount=f"{rows * float(AMOUNT):.2f}", customerId=customer)
        return await self._verified("00", customerId=customer)

    async def _verified(self, ending: str, **whose: str) -> str:
        account = self._till.account(ending, **whose)
        answer = await persistently(lambda: self._till.add(account), 300)
        assert answer.data["state"] == "verified", answer
        return str(answer.data["destinationToken"])

    async def findings(self, batch_id: str, told: list[dict[str, str]]) -> list[str]:
        await self._shop.close()
        connection = Connection(self._gateway.database_url)
        try:
            await until(lambda: self._came_back(connection, batch_id), 300, "money is on its way")
            payouts = await connection.fetch(_PAYOUTS, batch_id)
            [books] = await connection.fetch(_BOOKS)
            waiting = await connection.fetch(_WAITING)
        finally:
            connection.close()
        found = [] if books["off"] == 0 else [f"the ledger is off by {books['off']}"]
        found += [f"{row['code']} is not at zero" for row in waiting]
        entries = SandboxRail(self._gateway).statement()["entries"]
        found += [str(each) for each in misfits(payouts, entries)]
        return found + list(self._unlike(payouts, told))

    async def _came_back(self, connection: Connection, batch_id: str) -> bool:
        """What its rail sends back after it was paid has come: the batch does not wait for that."""
        rows = await connection.fetch(_PAYOUTS, batch_id)
        statuses = {row["reference"]: row["status"] for row in rows}
        endings = zip(self._rows, self._endings(), strict=True)
        return all(statuses[row.reference] == "returned" for row, end in endings if end == "03")

    def _unlike(
        self, payouts: Sequence[Mapping[str, Any]], told: list[dict[str, str]]
    ) -> Iterator[str]:
        """Where the file of results says something else than the file that was sent, or the
        record.
        """
        states = {row["reference"]: PAYOUT_ROWS[PayoutStatus(row["status"])] for row in payouts}
        if len(told) != len(self._rows) or len(payouts) != len(self._rows):
            yield f"{len(self._rows)} rows, {len(told)} results, {len(payouts)} payouts"
        for row, result in zip(self._rows, told, strict=False):
            if result["reference"] != row.reference:
                yield f"line {result['line']} is another row"
            # It may have come back since the file was read.
            if result["state"] not in {states.get(row.reference), "paid"}:
                yield f"line {result['line']} is {result['state']}, {states.get(row.reference)}"
