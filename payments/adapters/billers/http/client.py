"""HTTP to a biller and nothing else: what was sent, what came back, and whether it ever left."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import httpx2

from payments.adapters.billers.exchange import CURRENT, Exchange
from payments.adapters.billers.http.errors import NeverLeft, NoAnswer
from payments.domain.bill import BillPayment, BillRef

CONNECT_TIMEOUT_S: Final = 2.0
LARGEST_ANSWER_BYTES: Final = 65_536

# Raised before the first byte of the request is written. Everything else may be after it.
_NEVER_LEFT: Final = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)


def open_http() -> httpx2.AsyncClient:
    """One for each biller, so that a hanging biller cannot use up the others' connections."""
    return httpx2.AsyncClient(
        # Kept shorter than servers usually keep theirs: a connection that the other side is just
        # closing turns a payment into an unknown outcome.
        limits=httpx2.Limits(
            max_connections=500, max_keepalive_connections=50, keepalive_expiry=3.0
        ),
        timeout=httpx2.Timeout(None, connect=CONNECT_TIMEOUT_S, pool=CONNECT_TIMEOUT_S),
        follow_redirects=False,
        trust_env=False,
    )


@dataclass(frozen=True, slots=True)
class Timeouts:
    """From the request to the end of the answer. Reads and holds are short, money takes longer."""

    quick_s: float = 3.0
    money_s: float = 8.0


@dataclass(frozen=True, slots=True)
class Reply:
    """`body` is None when it is not one JSON object."""

    status: int
    body: Mapping[str, Any] | None
    retry_after_s: float | None = None

    @property
    def error(self) -> str:
        """The biller's word for what is wrong, or nothing: then it is not the biller's word."""
        error = (self.body or {}).get("error")
        return error if isinstance(error, str) else ""


class Client:
    """Each call returns a Reply, or raises NeverLeft or NoAnswer."""

    def __init__(
        self, http: httpx2.AsyncClient, *, base_url: str, biller_id: str, timeouts: Timeouts
    ) -> None:
        self._http = http
        self._root = f"{base_url.rstrip('/')}/billers/{quote(biller_id, safe='')}"
        self._timeouts = timeouts

    async def bill(self, bill: BillRef) -> Reply:
        period = {"period": bill.billing_period}
        return await self._call("GET", _bill(bill), self._timeouts.quick_s, params=period)

    async def hold(self, bill: BillRef, hold_id: str) -> Reply:
        body = {"period": bill.billing_period}
        return await self._call("PUT", _hold(bill, hold_id), self._timeouts.quick_s, json=body)

    async def release(self, bill: BillRef, hold_id: str) -> Reply:
        period = {"period": bill.billing_period}
        path = _hold(bill, hold_id)
        return await self._call("DELETE", path, self._timeouts.quick_s, params=period)

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
        return await self._call("POST", "/payments", self._timeouts.money_s, json=body, headers=key)

    async def payment(self, reference: str) -> Reply:
        path = f"/payments/{quote(reference, safe='')}"
        return await self._call("GET", path, self._timeouts.money_s)

    async def _call(self, method: str, path: str, timeout_s: float, **options: Any) -> Reply:
        exchange = CURRENT.get() or Exchange()
        exchange.left = True
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._http.stream(method, self._root + path, **options) as response,
            ):
                text = await _read(response)
        except _NEVER_LEFT as error:
            exchange.left = False
            exchange.fault = type(error).__name__
            raise NeverLeft(type(error).__name__) from error
        except (httpx2.HTTPError, TimeoutError, NoAnswer) as error:
            exchange.fault = type(error).__name__
            raise NoAnswer(str(error) or type(error).__name__) from error
        exchange.status, exchange.body = response.status_code, text
        return Reply(response.status_code, _object(text), _retry_after(response))


async def _read(response: httpx2.Response) -> str:
    """Bounded: an endless answer is no answer."""
    content = bytearray()
    async for chunk in response.aiter_bytes():
        content += chunk
        if len(content) > LARGEST_ANSWER_BYTES:
            raise NoAnswer("the answer is too long")
    return content.decode("utf-8", errors="replace")


def _object(text: str) -> Mapping[str, Any] | None:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def _retry_after(response: httpx2.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return min(float(text), 3600.0) if text.isascii() and text.isdigit() else None


def _bill(bill: BillRef) -> str:
    return f"/bills/{quote(bill.bill_number, safe='')}"


def _hold(bill: BillRef, hold_id: str) -> str:
    return f"{_bill(bill)}/holds/{quote(hold_id, safe='')}"
