"""The calls for payouts for asyncio; they are described in quittance.payouts."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from decimal import Decimal

from quittance import payout_operations as operations
from quittance.card_results import Customer
from quittance.drivers import AwaitingCalls
from quittance.payout_results import (
    CardAccount,
    Destination,
    Funds,
    Iban,
    LocalAccount,
    Payout,
    PayoutStatus,
)


class AsyncDestinations(AwaitingCalls):
    async def create(
        self,
        account: Iban | LocalAccount | CardAccount,
        currency: str,
        reference: str,
        *,
        customer: Customer | str | None = None,
        idempotency_key: str | None = None,
    ) -> Destination:
        operation = operations.create_destination(
            account, currency, reference, customer, idempotency_key
        )
        return await self._driver.call(operation)

    async def get(self, destination: Destination | str) -> Destination:
        return await self._driver.call(operations.get_destination(destination))

    async def list(self, *, customer: Customer | str | None = None) -> tuple[Destination, ...]:
        return await self._driver.call(operations.list_destinations(customer))

    async def verify(self, destination: Destination | str) -> Destination:
        return await self._driver.call(operations.verify_destination(destination))


class AsyncPayouts(AwaitingCalls):
    async def create(
        self,
        amount: Decimal | str,
        currency: str,
        destination: Destination | str | None,
        reference: str,
        *,
        customer: Customer | str | None = None,
        metadata: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Payout:
        operation = operations.create_payout(
            *(amount, currency, destination, reference),
            customer=customer,
            metadata=metadata,
            key=idempotency_key,
        )
        return await self._driver.call(operation)

    async def get(self, payout: Payout | str) -> Payout:
        return await self._driver.call(operations.get_payout(payout))

    def list(
        self,
        *,
        status: PayoutStatus | str | None = None,
        reference: str | None = None,
        destination: Destination | str | None = None,
        created_from: datetime | None = None,
        created_before: datetime | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[Payout]:
        search = operations.Search(
            status, reference, destination, created_from, created_before, page_size
        )
        return self._driver.list(operations.list_payouts(search))

    async def wait(self, payout: Payout | str, timeout_s: float = 60.0) -> Payout:
        return await self._driver.wait(operations.get_payout(payout), timeout_s)

    async def cancel(self, payout: Payout | str, *, idempotency_key: str | None = None) -> Payout:
        return await self._driver.call(operations.cancel(payout, idempotency_key))

    async def funds(self, currency: str) -> Funds:
        return await self._driver.call(operations.get_funds(currency))
