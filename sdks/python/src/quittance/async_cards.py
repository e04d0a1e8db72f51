"""The calls for cards, awaiting. The calls are described in quittance.cards."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from decimal import Decimal

from quittance import card_operations as operations
from quittance.card_results import (
    Bank,
    BankRedirect,
    ClientToken,
    Customer,
    DisplayCode,
    Payment,
    PaymentStatus,
    Refund,
    SavedMethod,
)
from quittance.drivers import AwaitingCalls


class AsyncClientTokens(AwaitingCalls):
    async def create(
        self,
        amount: Decimal | str,
        currency: str,
        *,
        customer: Customer | str | None = None,
        idempotency_key: str | None = None,
    ) -> ClientToken:
        operation = operations.create_client_token(amount, currency, customer, idempotency_key)
        return await self._driver.call(operation)


class AsyncPayments(AwaitingCalls):
    async def create(
        self,
        amount: Decimal | str,
        currency: str,
        method: SavedMethod | BankRedirect | DisplayCode | str,
        reference: str,
        *,
        capture: bool = True,
        customer: Customer | str | None = None,
        save_method: bool = False,
        return_url: str | None = None,
        metadata: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Payment:
        operation = operations.create_payment(
            amount,
            currency,
            method,
            reference,
            capture=capture,
            customer=customer,
            save_method=save_method,
            return_url=return_url,
            metadata=metadata,
            key=idempotency_key,
        )
        return await self._driver.call(operation)

    async def get(self, payment: Payment | str) -> Payment:
        return await self._driver.call(operations.get_payment(payment))

    def list(
        self,
        *,
        status: PaymentStatus | str | None = None,
        reference: str | None = None,
        customer: Customer | str | None = None,
        created_from: datetime | None = None,
        created_before: datetime | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[Payment]:
        search = operations.Search(
            status, reference, customer, created_from, created_before, page_size
        )
        return self._driver.list(operations.list_payments(search))

    async def banks(
        self, *, country: str | None = None, currency: str | None = None
    ) -> tuple[Bank, ...]:
        return await self._driver.call(operations.list_banks(country, currency))

    async def wait(self, payment: Payment | str, timeout_s: float = 60.0) -> Payment:
        return await self._driver.wait(operations.get_payment(payment), timeout_s)

    async def confirm(
        self, payment: Payment | str, *, idempotency_key: str | None = None
    ) -> Payment:
        return await self._driver.call(operations.confirm(payment, idempotency_key))

    async def capture(
        self,
        payment: Payment | str,
        amount: Decimal | str | None = None,
        *,
        final: bool = False,
        reference: str | None = None,
        idempotency_key: str | None = None,
    ) -> Payment:
        operation = operations.capture(
            payment, amount, final=final, reference=reference, key=idempotency_key
        )
        return await self._driver.call(operation)

    async def cancel(
        self, payment: Payment | str, *, idempotency_key: str | None = None
    ) -> Payment:
        return await self._driver.call(operations.cancel(payment, idempotency_key))

    async def refund(
        self,
        payment: Payment | str,
        reference: str,
        amount: Decimal | str | None = None,
        *,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> Refund:
        operation = operations.refund(payment, reference, amount, reason, idempotency_key)
        return await self._driver.call(operation)


class AsyncRefunds(AwaitingCalls):
    async def get(self, refund: Refund | str) -> Refund:
        return await self._driver.call(operations.get_refund(refund))

    async def list(self, payment: Payment | str) -> tuple[Refund, ...]:
        return await self._driver.call(operations.list_refunds(payment))

    async def wait(self, refund: Refund | str, timeout_s: float = 60.0) -> Refund:
        return await self._driver.wait(operations.get_refund(refund), timeout_s)


class AsyncCustomers(AwaitingCalls):
    async def create(self, reference: str, *, idempotency_key: str | None = None) -> Customer:
        return await self._driver.call(operations.create_customer(reference, idempotency_key))

    async def get(self, customer: Customer | str) -> Customer:
        return await self._driver.call(operations.get_customer(customer))

    async def delete(self, customer: Customer | str, *, idempotency_key: str | None = None) -> None:
        await self._driver.call(operations.delete_customer(customer, idempotency_key))

    async def methods(self, customer: Customer | str) -> tuple[SavedMethod, ...]:
        return await self._driver.call(operations.list_methods(customer))

    async def delete_method(
        self,
        customer: Customer | str,
        method: SavedMethod | str,
        *,
        idempotency_key: str | None = None,
    ) -> None:
        await self._driver.call(operations.delete_method(customer, method, idempotency_key))
