"""Bill look-ups, remembered for a few seconds, so that a busy counter asks the biller once."""

import time
from collections import OrderedDict
from typing import Final

from api.answers import Refusal
from api.exchange import Exchange
from api.locks import LockDesk
from api.schemas import BillView
from payments.domain.bill import BillRef, Refused
from payments.domain.codes import Code
from payments.ports.biller import Biller, Billers, BillerUnavailable

_REMEMBERED: Final = 10_000


class Lookups:
    """What was read may be seconds old; the lock decides. Our own writes forget it at once."""

    def __init__(self, billers: Billers, locks: LockDesk, *, ttl_s: int) -> None:
        self._billers = billers
        self._locks = locks
        self.ttl_s = ttl_s
        self._known: OrderedDict[BillRef, tuple[float, BillView]] = OrderedDict()

    def biller(self, biller_id: str) -> Biller:
        biller = self._billers.get(biller_id)
        if biller is None:
            raise Refusal(Code.BILLER_UNKNOWN, {"field": "billerId", "reason": "unknown biller"})
        return biller

    async def bill(self, ref: BillRef, exchange: Exchange) -> BillView:
        at, view = self._known.get(ref, (0.0, None))
        if view is not None and time.monotonic() - at < self.ttl_s:
            with exchange.measured("biller.lookup", "cache"):
                return view
        view = await self._ask(ref, exchange)
        self._known[ref] = (time.monotonic(), view)
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return view

    async def _ask(self, ref: BillRef, exchange: Exchange) -> BillView:
        biller = self.biller(ref.biller_id)
        try:
            with exchange.measured("biller.lookup"):
                bill = await biller.lookup(ref)
        except BillerUnavailable as error:
            raise Refusal(Code.BILLER_UNAVAILABLE, retry_after_s=5) from error
        if isinstance(bill, Refused):
            raise Refusal(bill.code)
        with exchange.measured("engine.describe"):
            locked = not bill.paid and await self._locks.is_locked(ref)
        return BillView.of(bill, locked=locked)

    def forget(self, ref: BillRef) -> None:
        self._known.pop(ref, None)
