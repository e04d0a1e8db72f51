"""AsyncQuittance: the same calls for asyncio. The calls are described in quittance.client.

async with AsyncQuittance("https://pay.example.com", "qk_…", "qs_…") as quittance:
    lock = await quittance.bills.lock("DESCO", "1234567800", "2026-04")
    payment = await quittance.bills.pay(lock, "ORDER-1")
"""

from collections.abc import Iterable
from decimal import Decimal
from types import TracebackType
from typing import Self

import httpx2

from quittance import operations
from quittance.access import Credentials
from quittance.async_batches import AsyncBatches
from quittance.async_cards import AsyncClientTokens, AsyncCustomers, AsyncPayments, AsyncRefunds
from quittance.async_disputes import AsyncDisputes
from quittance.async_payouts import AsyncDestinations, AsyncPayouts
from quittance.async_webhook_calls import AsyncEvents, AsyncWebhookEndpoints
from quittance.batch_results import BatchKind
from quittance.cases import AsyncCases
from quittance.clock import Clock
from quittance.core import Core
from quittance.drivers import Awaiting, AwaitingCalls
from quittance.results import Bill, CodeMeaning, Health, ReleasedLock, Transaction
from quittance.results import Lock as BillLock
from quittance.retries import Retries


class AsyncQuittance:
    """Takes what Quittance takes. One client belongs to one event loop; tasks may share it."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        secret: str,
        *,
        scope: str | None = None,
        answer_keys: Iterable[str] | None = None,
        timeout_s: float = 20.0,
        retries: Retries | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        core = Core(
            base_url=base_url,
            credentials=Credentials(api_key, secret, scope),
            answer_keys=answer_keys,
            retries=retries or Retries(),
            clock=clock or Clock(),
        )
        driver = Awaiting(core, httpx2.AsyncClient(timeout=timeout_s, transport=transport))
        self._driver = driver
        self.bills = AsyncBills(driver)
        self.transactions = AsyncTransactions(driver)
        self.client_tokens = AsyncClientTokens(driver)
        self.payments = AsyncPayments(driver)
        self.refunds = AsyncRefunds(driver)
        self.disputes = AsyncDisputes(driver)
        self.cases = AsyncCases(driver)
        self.customers = AsyncCustomers(driver)
        self.destinations = AsyncDestinations(driver)
        self.payouts = AsyncPayouts(driver)
        self.webhook_endpoints = AsyncWebhookEndpoints(driver)
        self.events = AsyncEvents(driver)
        self.batches = AsyncBatches(driver, BatchKind.BILL_PAYMENTS)
        self.payout_batches = AsyncBatches(driver, BatchKind.PAYOUTS)

    async def codes(self) -> tuple[CodeMeaning, ...]:
        return await self._driver.call(operations.codes())

    async def health(self) -> Health:
        return await self._driver.call(operations.health())

    async def aclose(self) -> None:
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


class AsyncBills(AwaitingCalls):
    async def lookup(self, biller_id: str, bill_number: str, billing_period: str) -> Bill:
        operation = operations.lookup(biller_id, bill_number, billing_period)
        return await self._driver.call(operation)

    async def lock(
        self,
        biller_id: str,
        bill_number: str,
        billing_period: str,
        *,
        idempotency_key: str | None = None,
    ) -> BillLock:
        operation = operations.lock(biller_id, bill_number, billing_period, idempotency_key)
        return await self._driver.call(operation)

    async def unlock(
        self, lock: BillLock | str, *, idempotency_key: str | None = None
    ) -> ReleasedLock:
        return await self._driver.call(operations.unlock(lock, idempotency_key))

    async def pay(
        self,
        lock: BillLock | str,
        transaction_id: str,
        amount: Decimal | str | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Transaction:
        operation = operations.pay(lock, transaction_id, amount, idempotency_key)
        return await self._driver.call(operation)


class AsyncTransactions(AwaitingCalls):
    async def status(self, transaction_id: str) -> Transaction:
        return await self._driver.call(operations.status(transaction_id))

    async def wait(self, transaction_id: str, timeout_s: float = 60.0) -> Transaction:
        return await self._driver.wait(operations.status(transaction_id), timeout_s)
