"""Locks that bad requests are tried on: each leaves its lock as it was, and in the end it is paid.

A lock and its payment cost the engine more than twenty refusals, so the rows of a table share one.
"""

import time
from dataclasses import dataclass, field
from typing import Any, Final

from tests.evidence import Evidence
from tests.running_gateway import PartnerClient, TestBill, new_id

# Of the five minutes that a lock is good for.
_LASTS_S: Final = 120


@dataclass(frozen=True, slots=True)
class Held:
    bill: TestBill
    # What its lock was answered.
    told: dict[str, Any]
    transaction: str = field(default_factory=new_id)
    since: float = field(default_factory=time.monotonic)

    @property
    def token(self) -> str:
        return str(self.told["lockToken"])


class HeldLocks:
    def __init__(self, partner: PartnerClient, evidence: Evidence) -> None:
        self._partner = partner
        self._evidence = evidence
        self._held: dict[str, Held] = {}

    async def of(self, biller_id: str = "DESCO") -> Held:
        """The one of this biller."""
        held = self._held.get(biller_id)
        if held is not None and time.monotonic() - held.since > _LASTS_S:
            await self._pay(self._held.pop(biller_id))
            held = None
        if held is None:
            bill = TestBill(biller_id=biller_id)
            answer = await self._partner.lock(bill)
            assert answer.code == "P0000", answer
            held = self._held[biller_id] = Held(bill, answer.data)
        return held

    async def unmoved(self, held: Held) -> None:
        await self._evidence.nothing_moved(held.bill)

    async def pay_all(self) -> None:
        for held in self._held.values():
            await self._pay(held)

    async def _pay(self, held: Held) -> None:
        amount = held.told["amount"]
        paid = await self._partner.pay(held.token, held.transaction, amount=amount)
        assert paid.code == "P0000", paid
