"""The calls for cards, blocking: client tokens, payments, refunds, customers.

A payment, refund, customer or saved method may be given as the object or as its id.
"""

from collections.abc import Iterator, Mapping
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
from quittance.drivers import BlockingCalls


class ClientTokens(BlockingCalls):
    def create(
        self,
        amount: Decimal | str,
        currency: str,
        *,
        customer: Customer | str | None = None,
        idempotency_key: str | None = None,
    ) -> ClientToken:
        """For your front end: a card can be entered with it for this one payment, 15 minutes."""
        operation = operations.create_client_token(amount, currency, customer, idempotency_key)
        return self._driver.call(operation)


class Payments(BlockingCalls):
    def create(
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
        """Pay with the token from the card fields, or with a saved method and its customer.

        `reference` is yours and names one payment for ever. `capture=False` only reserves. Look at
        `status`: with `next_action` the customer has to act, and confirm() follows.
        Raises PaymentDeclined, MethodRefused, ReferenceUsed; after a TransportError the outcome is
        unknown.
        """
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
        return self._driver.call(operation)

    def get(self, payment: Payment | str) -> Payment:
        """From the record. A declined payment is a result here, not an error."""
        return self._driver.call(operations.get_payment(payment))

    def list(
        self,
        *,
        status: PaymentStatus | str | None = None,
        reference: str | None = None,
        customer: Customer | str | None = None,
        created_from: datetime | None = None,
        created_before: datetime | None = None,
        page_size: int = 100,
    ) -> Iterator[Payment]:
        """All that match, newest first; each page is asked for when it is needed."""
        search = operations.Search(
            status, reference, customer, created_from, created_before, page_size
        )
        return self._driver.list(operations.list_payments(search))

    def banks(self, *, country: str | None = None, currency: str | None = None) -> tuple[Bank, ...]:
        """Where a customer can be sent to: for BankRedirect, and for your checkout to show."""
        return self._driver.call(operations.list_banks(country, currency))

    def wait(self, payment: Payment | str, timeout_s: float = 60.0) -> Payment:
        """Ask, ever less often, while somebody else has the next word. Raises StillProcessing."""
        return self._driver.wait(operations.get_payment(payment), timeout_s)

    def confirm(self, payment: Payment | str, *, idempotency_key: str | None = None) -> Payment:
        """The customer came back from `next_action`. What the browser brought proves nothing.

        Raises PaymentDeclined, WrongStatus.
        """
        return self._driver.call(operations.confirm(payment, idempotency_key))

    def capture(
        self,
        payment: Payment | str,
        amount: Decimal | str | None = None,
        *,
        final: bool = False,
        reference: str | None = None,
        idempotency_key: str | None = None,
    ) -> Payment:
        """Take all that is reserved, or a part; `final` gives the rest back.

        A part is named by its `reference`, or else by its key: repeat it with the same one.
        Raises AmountTooLarge, WrongStatus.
        """
        operation = operations.capture(
            payment, amount, final=final, reference=reference, key=idempotency_key
        )
        return self._driver.call(operation)

    def cancel(self, payment: Payment | str, *, idempotency_key: str | None = None) -> Payment:
        """Give back what is reserved, end a challenge. Raises WrongStatus once it was captured."""
        return self._driver.call(operations.cancel(payment, idempotency_key))

    def refund(
        self,
        payment: Payment | str,
        reference: str,
        amount: Decimal | str | None = None,
        *,
        reason: str | None = None,
        idempotency_key: str | None = None,
    ) -> Refund:
        """Give back all that is left, or a part. `reference` names one refund for ever.

        A slow provider gives a Refund that is still PENDING: refunds.wait() follows it.
        Raises RefundFailed, AmountTooLarge, WrongStatus.
        """
        operation = operations.refund(payment, reference, amount, reason, idempotency_key)
        return self._driver.call(operation)


class Refunds(BlockingCalls):
    def get(self, refund: Refund | str) -> Refund:
        """From the record. A failed refund is a result here, not an error."""
        return self._driver.call(operations.get_refund(refund))

    def list(self, payment: Payment | str) -> tuple[Refund, ...]:
        """All refunds of one payment."""
        return self._driver.call(operations.list_refunds(payment))

    def wait(self, refund: Refund | str, timeout_s: float = 60.0) -> Refund:
        """Ask, ever less often, until SUCCEEDED or FAILED. Raises StillProcessing."""
        return self._driver.wait(operations.get_refund(refund), timeout_s)


class Customers(BlockingCalls):
    def create(self, reference: str, *, idempotency_key: str | None = None) -> Customer:
        """`reference` is yours, such as a number, and nothing personal. The same is the same."""
        return self._driver.call(operations.create_customer(reference, idempotency_key))

    def get(self, customer: Customer | str) -> Customer:
        """Raises CustomerUnknown."""
        return self._driver.call(operations.get_customer(customer))

    def delete(self, customer: Customer | str, *, idempotency_key: str | None = None) -> None:
        """Forget the customer and all saved methods. Payments stay as they are."""
        self._driver.call(operations.delete_customer(customer, idempotency_key))

    def methods(self, customer: Customer | str) -> tuple[SavedMethod, ...]:
        """The customer's saved cards."""
        return self._driver.call(operations.list_methods(customer))

    def delete_method(
        self,
        customer: Customer | str,
        method: SavedMethod | str,
        *,
        idempotency_key: str | None = None,
    ) -> None:
        """Forget one saved card: it cannot be charged any more."""
        self._driver.call(operations.delete_method(customer, method, idempotency_key))
