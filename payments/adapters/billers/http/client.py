"""The biller's API as calls: which path, which body, which patience."""

from urllib.parse import quote

import httpx2

from payments.domain.bill import BillPayment, BillRef
from payments.outside.wire import Api, Reply, Timeouts


class Client:
    """Each call returns a Reply, or raises NeverLeft or NoAnswer."""

    def __init__(
        self, http: httpx2.AsyncClient, *, base_url: str, biller_id: str, timeouts: Timeouts
    ) -> None:
        self._api = Api(http, f"{base_url.rstrip('/')}/billers/{quote(biller_id, safe='')}")
        self._timeouts = timeouts

    async def bill(self, bill: BillRef) -> Reply:
        period = {"period": bill.billing_period}
        return await self._api.ask("GET", _bill(bill), self._timeouts.quick_s, params=period)

    async def hold(self, bill: BillRef, hold_id: str) -> Reply:
        body = {"period": bill.billing_period}
        return await self._api.ask("PUT", _hold(bill, hold_id), self._timeouts.quick_s, json=body)

    async def release(self, bill: BillRef, hold_id: str) -> Reply:
        period = {"period": bill.billing_period}
        path = _hold(bill, hold_id)
        return await self._api.ask("DELETE", path, self._timeouts.quick_s, params=period)

    async def pay(self, payment: BillPayment) -> Reply:
        body = {
            "reference": payment.transaction_id,
            "billNumber": payment.bill.bill_number,
            "period": payment.bill.billing_period,
            "amount": str(payment.amount),
            "currency": payment.amount.currency,
            "holdId": payment.lock_id,
        }
        key = {"Idempotency-Key": payment.transaction_id}
        return await self._api.ask(
            "POST", "/payments", self._timeouts.money_s, json=body, headers=key
        )

    async def payment(self, reference: str) -> Reply:
        path = f"/payments/{quote(reference, safe='')}"
        return await self._api.ask("GET", path, self._timeouts.money_s)


def _bill(bill: BillRef) -> str:
    return f"/bills/{quote(bill.bill_number, safe='')}"


def _hold(bill: BillRef, hold_id: str) -> str:
    return f"{_bill(bill)}/holds/{quote(hold_id, safe='')}"
