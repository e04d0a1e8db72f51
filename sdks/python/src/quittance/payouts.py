"""The calls for payouts, blocking. A payout or destination is given as the object or its id."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from quittance import payout_operations as operations
from quittance.card_results import Customer
from quittance.drivers import BlockingCalls
from quittance.payout_results import (
    CardAccount,
    Destination,
    Funds,
    Iban,
    LocalAccount,
    Payout,
    PayoutStatus,
)


class Destinations(BlockingCalls):
    def create(
        self,
        account: Iban | LocalAccount | CardAccount,
        currency: str,
        reference: str,
        *,
        customer: Customer | str | None = None,
        idempotency_key: str | None = None,
    ) -> Destination:
        """Keep an account or a card to pay out to; `reference` is yours and names it for ever.

        Look at `state`: only VERIFIED ones are paid. Raises InvalidRequest, ReferenceUsed.
        """
        operation = operations.create_destination(
            account, currency, reference, customer, idempotency_key
        )
        return self._driver.call(operation)

    def get(self, destination: Destination | str) -> Destination:
        """Raises DestinationUnknown."""
        return self._driver.call(operations.get_destination(destination))

    def list(self, *, customer: Customer | str | None = None) -> tuple[Destination, ...]:
        """All of yours, or those of one customer; the oldest first."""
        return self._driver.call(operations.list_destinations(customer))

    def verify(self, destination: Destination | str) -> Destination:
        """Ask its rail again, while it is UNVERIFIED."""
        return self._driver.call(operations.verify_destination(destination))


class Payouts(BlockingCalls):
    def create(
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
        """Pay out; the fee comes on top. `reference` is yours and names one payout for ever.

        With a `customer` in place of the destination all of it goes back to what that customer
        paid by, as refunds.

        It comes back QUEUED or ON_HOLD; wait() or a webhook tells the rest.
        Raises FundsInsufficient, PayoutRefused, ReferenceUsed; after a TransportError the outcome
        is unknown: ask again with the same key.
        """
        operation = operations.create_payout(
            *(amount, currency, destination, reference),
            customer=customer,
            metadata=metadata,
            key=idempotency_key,
        )
        return self._driver.call(operation)

    def get(self, payout: Payout | str) -> Payout:
        """From the record. A failed payout is a result here, not an error."""
        return self._driver.call(operations.get_payout(payout))

    def list(
        self,
        *,
        status: PayoutStatus | str | None = None,
        reference: str | None = None,
        destination: Destination | str | None = None,
        created_from: datetime | None = None,
        created_before: datetime | None = None,
        page_size: int = 100,
    ) -> Iterator[Payout]:
        """All that match, newest first; each page is asked for when it is needed."""
        search = operations.Search(
            status, reference, destination, created_from, created_before, page_size
        )
        return self._driver.list(operations.list_payouts(search))

    def wait(self, payout: Payout | str, timeout_s: float = 60.0) -> Payout:
        """Ask, ever less often, until it is there or came to nothing. Raises StillProcessing."""
        return self._driver.wait(operations.get_payout(payout), timeout_s)

    def cancel(self, payout: Payout | str, *, idempotency_key: str | None = None) -> Payout:
        """Take it back before it leaves, or once its legs have begun the transfer among them.

        Raises PayoutRefused when it is too late.
        """
        return self._driver.call(operations.cancel(payout, idempotency_key))

    def funds(self, currency: str) -> Funds:
        """What you could pay out now."""
        return self._driver.call(operations.get_funds(currency))
