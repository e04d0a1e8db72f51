"""Files of bill payments for tests, and a partner who sends them and waits for their end."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.patience import until
from tests.running_gateway import Answer, PartnerClient, TestBill, new_id

HEADER: Final = "billerId,billNumber,billingPeriod,transactionId,amount,currency"
CSV: Final = "text/csv"
_LEAST: Final = 5_000
_MOST: Final = 500_000
ENDED: Final = frozenset({"finished", "canceled"})


@dataclass(frozen=True, slots=True)
class Row:
    """One line, with whatever stands in it."""

    bill: TestBill = field(default_factory=TestBill)
    amount: str = ""
    transaction_id: str = field(default_factory=new_id)
    currency: str = "BDT"

    @property
    def line(self) -> str:
        bill = self.bill
        told = (bill.biller_id, bill.number, bill.billing_period, self.transaction_id)
        return ",".join((*told, self.amount, self.currency))


def csv_of(rows: Iterable[Row], header: str = HEADER) -> bytes:
    return "\n".join([header, *(row.line for row in rows), ""]).encode()


def owed(bill: TestBill) -> str:
    """What the sandbox's DESCO wants for a bill, in taka (sandbox/README.md)."""
    name = f"{bill.biller_id}:{bill.number}:{bill.billing_period}"
    draw = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
    minor = _LEAST + draw % (_MOST - _LEAST + 1)
    return f"{minor // 100}.{minor % 100:02d}"


def rows_of(*endings: int) -> list[Row]:
    """A row for each ending of a bill's number, at what it owes."""
    bills = (TestBill(ending) for ending in endings)
    return [Row(bill, owed(bill)) for bill in bills]


async def send(
    partner: PartnerClient,
    content: bytes,
    *,
    reference: str | None = None,
    media_type: str = CSV,
    key: str | None = None,
    **query: str,
) -> Answer:
    headers = {**await partner.authorised(), "Content-Type": media_type}
    if key is not None:
        headers["Idempotency-Key"] = key
    asked = {"reference": reference or new_id("BATCH"), **query}
    return await partner.ask("POST", "/v1/batches", params=asked, content=content, headers=headers)


async def ended(partner: PartnerClient, batch_id: str, within_s: float = 120) -> Any:
    """The batch, once it has ended."""

    async def found() -> Any:
        answer = await partner.get(f"/v1/batches/{batch_id}")
        return answer.data if answer.code == "P0000" and answer.data["status"] in ENDED else None

    return await until(found, within_s, f"{batch_id} has not ended")


async def results(partner: PartnerClient, batch_id: str, format_: str = "csv") -> bytes:
    response = await partner.fetch(
        "GET",
        f"/v1/batches/{batch_id}/results",
        params={"format": format_},
        headers=await partner.authorised(),
    )
    assert response.status_code == 200, response.text
    return response.content


def numbered(count: int, amount: str = "1.00") -> Sequence[Row]:
    """Bills that nobody looks up."""
    return [Row(TestBill(stem=f"{at:08d}"), amount) for at in range(count)]
