"""A file of bill payments with every ending, and what the biller's own journal says of it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import asyncpg

from tests.batch_files import Row, csv_of, rows_of
from tests.running_gateway import PartnerClient, RunningGateway

# Of twenty rows one is declined, one does not exist, and of two the answer is lost.
ENDINGS: Final = (90, 99, 93, 95)
EVERY: Final = 20
_BOOKS: Final = "SELECT coalesce(sum(amount_minor), 0) AS off FROM ledger_entry"
_ROWS: Final = """
    SELECT asked_row.state, begun.state AS begun, count(*) AS many
    FROM batch_row AS asked_row JOIN batch ON batch.id = asked_row.batch_id
    LEFT JOIN transaction AS begun
        ON begun.id = asked_row.object_id AND begun.trace = batch.trace
    WHERE batch.id = $1 GROUP BY 1, 2"""
_EVENTS: Final = """
    SELECT type, count(*) AS many FROM event
    JOIN batch_row AS asked_row ON asked_row.object_id = event.object_id
    WHERE asked_row.batch_id = $1 GROUP BY 1"""


class BillFile:
    """Each row's bill is booked exactly as often as its row says that it was paid."""

    kind = "bill_payments"

    def __init__(self, gateway: RunningGateway, count: int) -> None:
        self._gateway = gateway
        self.partner = PartnerClient(gateway.api, gateway.partner(0))
        endings = (ENDINGS[at % EVERY] if at % EVERY < len(ENDINGS) else 1 for at in range(count))
        self._rows: Sequence[Row] = rows_of(*endings)

    async def content(self) -> bytes:
        return csv_of(self._rows)

    async def findings(self, batch_id: str, told: list[dict[str, str]]) -> list[str]:
        journal = self._gateway.sandbox("GET", "/journal")["effects"]
        found = findings(self._rows, told, journal)
        return found + await in_the_record(self._gateway.database_url, batch_id)


def findings(rows: Sequence[Row], told: list[dict[str, str]], journal: Any) -> list[str]:
    """What the file of results and the biller's own books do not agree on."""
    found = []
    effects = Counter(str(each["billNumber"]) for each in journal)
    if len(told) != len(rows):
        found.append(f"{len(rows)} rows, {len(told)} results")
    for row, result in zip(rows, told, strict=False):
        booked, is_paid = effects[row.bill.number], result["state"] == "paid"
        if result["partnerTransactionId"] != row.transaction_id:
            found.append(f"line {result['line']} is another row")
        if result["state"] not in {"paid", "declined", "refused"}:
            found.append(f"line {result['line']} has no end: {result['state']}")
        if booked != int(is_paid):
            found.append(f"line {result['line']} is {result['state']}, booked {booked} times")
    return found


async def in_the_record(url: str, batch_id: str) -> list[str]:
    connection = await asyncpg.connect(url)
    try:
        off = await connection.fetchval(_BOOKS)
        states = await connection.fetch(_ROWS, batch_id)
        events = await connection.fetch(_EVENTS, batch_id)
    finally:
        await connection.close()
    told = {each["type"]: each["many"] for each in events}
    ends = Counter[str]()
    for each in states:
        ends[each["state"]] += each["many"]
        if (each["state"] in {"paid", "declined"}) != (each["begun"] is not None):
            return [f"{each['many']} rows {each['state']} with a transaction {each['begun']}"]
    found = [] if off == 0 else [f"the ledger is off by {off}"]
    for state, type_ in (("paid", "bill.paid"), ("declined", "bill.declined")):
        if ends[state] != told.get(type_, 0):
            found.append(f"{ends[state]} rows {state}, {told.get(type_, 0)} events {type_}")
    return found
