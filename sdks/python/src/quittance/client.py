"""Quittance for synchronous programs. Threads may share one client.

with Quittance("https://pay.example.com", "qk_…", "qs_…") as quittance:
    lock = quittance.bills.lock("DESCO", "1234567800", "2026-04")
    payment = quittance.bills.pay(lock, "ORDER-1")
"""

from collections.abc import Iterable
from decimal import Decimal
from types import TracebackType
from typing import Self

import httpx2

from quittance import operations
from quittance.access import Credentials
from quittance.batch_results import BatchKind
from quittance.batches import Batches
from quittance.cards import ClientTokens, Customers, Payments, Refunds
from quittance.cases import Cases
from quittance.clock import Clock
from quittance.core import Core
from quittance.disputes import Disputes
from quittance.drivers import Blocking, BlockingCalls
from quittance.payouts import Destinations, Payouts
from quittance.results import Bill, CodeMeaning, Health, ReleasedLock, Transaction
from quittance.results import Lock as BillLock
from quittance.retries import Retries
from quittance.webhook_calls import Events, WebhookEndpoints


class Quittance:
    """Only base_url, api_key and secret are needed.

    scope: space-separated scopes, if the token shall be allowed less than the key.
    answer_keys: pinned public keys (the `x` of each JWK); without them the gateway's own key set is
        trusted as TLS delivers it.
    timeout_s: how long to wait for each connect, write and read.
    """

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
        transport: httpx2.BaseTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        core = Core(
            base_url=base_url,
            credentials=Credentials(api_key, secret, scope),
            answer_keys=answer_keys,
            retries=retries or Retries(),
            clock=clock or Clock(),
        )
        driver = Blocking(core, httpx2.Client(timeout=timeout_s, transport=transport))
        self._driver = driver
        self.bills = Bills(driver)
        self.transactions = Transactions(driver)
        self.client_tokens = ClientTokens(driver)
        self.payments = Payments(driver)
        self.refunds = Refunds(driver)
        self.disputes = Disputes(driver)
        self.cases = Cases(driver)
        self.customers = Customers(driver)
        self.destinations = Destinations(driver)
        self.payouts = Payouts(driver)
        self.webhook_endpoints = WebhookEndpoints(driver)
        self.events = Events(driver)
        self.batches = Batches(driver, BatchKind.BILL_PAYMENTS)
        self.payout_batches = Batches(driver, BatchKind.PAYOUTS)

    def codes(self) -> tuple[CodeMeaning, ...]:
        """The gateway's own table of codes: HTTP status, who should act, whether to retry."""
        return self._driver.call(operations.codes())

    def health(self) -> Health:
        """Asked once, without a token. Raises ServerError when the gateway is not ready."""
        return self._driver.call(operations.health())

    def close(self) -> None:
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class Bills(BlockingCalls):
    def lookup(self, biller_id: str, bill_number: str, billing_period: str) -> Bill:
        """What is owed. `billing_period` is YYYY-MM. Raises BillNotFound, BillerUnavailable."""
        operation = operations.lookup(biller_id, bill_number, billing_period)
        return self._driver.call(operation)

    def lock(
        self,
        biller_id: str,
        bill_number: str,
        billing_period: str,
        *,
        idempotency_key: str | None = None,
    ) -> BillLock:
        """Hold the bill for five minutes. Raises BillLocked, AlreadyPaid, BillNotFound."""
        operation = operations.lock(biller_id, bill_number, billing_period, idempotency_key)
        return self._driver.call(operation)

    def unlock(self, lock: BillLock | str, *, idempotency_key: str | None = None) -> ReleasedLock:
        """Give the bill back before the five minutes are over."""
        return self._driver.call(operations.unlock(lock, idempotency_key))

    def pay(
        self,
        lock: BillLock | str,
        transaction_id: str,
        amount: Decimal | str | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Transaction:
        """Pay the locked bill; `transaction_id` is yours and names one payment for ever.

        A slow biller gives a Transaction that is still PROCESSING: transactions.wait() follows it.
        Raises PaymentDeclined, LockExpired; after a TransportError the outcome is unknown.
        """
        operation = operations.pay(lock, transaction_id, amount, idempotency_key)
        return self._driver.call(operation)


class Transactions(BlockingCalls):
    def status(self, transaction_id: str) -> Transaction:
        """By the gateway's id or by yours. A declined payment is a result here, not an error."""
        return self._driver.call(operations.status(transaction_id))

    def wait(self, transaction_id: str, timeout_s: float = 60.0) -> Transaction:
        """Ask, ever less often, until PAID or DECLINED. Raises StillProcessing."""
        return self._driver.wait(operations.status(transaction_id), timeout_s)
