"""Every call for cards as a value: what to ask, and how to read the answer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, TypeVar

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
    nothing,
)
from quittance.listings import Listing
from quittance.operations import Audience, Operation, decimal_text, key_for
from quittance.reading import Envelope

T = TypeVar("T")

_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Search:
    """Which payments to list. What is None does not matter."""

    status: PaymentStatus | str | None
    reference: str | None
    customer: Customer | str | None
    created_from: datetime | None
    created_before: datetime | None
    page_size: int


def create_client_token(
    amount: Decimal | str, currency: str, customer: Customer | str | None, key: str | None
) -> Operation[ClientToken]:
    body = {"amount": decimal_text(amount), "currency": currency}
    if customer is not None:
        body["customerId"] = _id(customer)
    return _write("/v1/client-tokens", ClientToken.read, body, key)


def create_payment(
    amount: Decimal | str,
    currency: str,
    method: SavedMethod | BankRedirect | DisplayCode | str,
    reference: str,
    *,
    capture: bool,
    customer: Customer | str | None,
    save_method: bool,
    return_url: str | None,
    metadata: Mapping[str, str] | None,
    key: str | None,
) -> Operation[Payment]:
    body: dict[str, object] = {
        "amount": decimal_text(amount),
        "currency": currency,
        **_paid_by(method),
        "reference": reference,
        "capture": capture,
    }
    if customer is not None:
        body["customerId"] = _id(customer)
    if save_method:
        body["saveMethod"] = True
    if return_url is not None:
        body["returnUrl"] = return_url
    if metadata:
        body["metadata"] = dict(metadata)
    return _write("/v1/payments", Payment.read, body, key)


def get_payment(payment: Payment | str) -> Operation[Payment]:
    return _read(f"/v1/payments/{_id(payment)}", Payment.read)


def list_payments(search: Search) -> Listing[Payment]:
    query = {
        "status": search.status,
        "reference": search.reference,
        "customerId": None if search.customer is None else _id(search.customer),
        "createdFrom": moment(search.created_from),
        "createdBefore": moment(search.created_before),
    }
    return Listing(
        "/v1/payments", "payments", Payment.of, Audience.PAYMENTS, query, search.page_size
    )


def list_banks(country: str | None, currency: str | None) -> Operation[tuple[Bank, ...]]:
    query = {"country": country, "currency": currency}
    told = {name: value for name, value in query.items() if value is not None}
    return Operation("GET", "/v1/banks", Bank.read_all, Audience.PAYMENTS, query=told)


def confirm(payment: Payment | str, key: str | None) -> Operation[Payment]:
    return _write(f"/v1/payments/{_id(payment)}/confirm", Payment.read, None, key)


def capture(
    payment: Payment | str,
    amount: Decimal | str | None,
    *,
    final: bool,
    reference: str | None,
    key: str | None,
) -> Operation[Payment]:
    body: dict[str, object] = {}
    if amount is not None:
        body["amount"] = decimal_text(amount)
    if final:
        body["final"] = True
    if reference is not None:
        body["reference"] = reference
    return _write(f"/v1/payments/{_id(payment)}/capture", Payment.read, body, key)


def cancel(payment: Payment | str, key: str | None) -> Operation[Payment]:
    return _write(f"/v1/payments/{_id(payment)}/cancel", Payment.read, None, key)


def refund(
    payment: Payment | str,
    reference: str,
    amount: Decimal | str | None,
    reason: str | None,
    key: str | None,
) -> Operation[Refund]:
    body = {"reference": reference}
    if amount is not None:
        body["amount"] = decimal_text(amount)
    if reason is not None:
        body["reason"] = reason
    return _write(f"/v1/payments/{_id(payment)}/refund", Refund.read, body, key)


def get_refund(refund: Refund | str) -> Operation[Refund]:
    return _read(f"/v1/refunds/{_id(refund)}", Refund.read)


def list_refunds(payment: Payment | str) -> Operation[tuple[Refund, ...]]:
    return _read(f"/v1/payments/{_id(payment)}/refunds", Refund.read_all)


def create_customer(reference: str, key: str | None) -> Operation[Customer]:
    return _write("/v1/customers", Customer.read, {"reference": reference}, key)


def get_customer(customer: Customer | str) -> Operation[Customer]:
    return _read(f"/v1/customers/{_id(customer)}", Customer.read)


def delete_customer(customer: Customer | str, key: str | None) -> Operation[None]:
    return _delete(f"/v1/customers/{_id(customer)}", key)


def list_methods(customer: Customer | str) -> Operation[tuple[SavedMethod, ...]]:
    return _read(f"/v1/customers/{_id(customer)}/methods", SavedMethod.read_all)


def delete_method(
    customer: Customer | str, method: SavedMethod | str, key: str | None
) -> Operation[None]:
    return _delete(f"/v1/customers/{_id(customer)}/methods/{segment(_method(method))}", key)


def _read(path: str, read: Callable[[Envelope], T]) -> Operation[T]:
    return Operation("GET", path, read, Audience.PAYMENTS)


def _write(
    path: str, read: Callable[[Envelope], T], body: Mapping[str, object] | None, key: str | None
) -> Operation[T]:
    return Operation("POST", path, read, Audience.PAYMENTS, body=body, key=key_for(key))


def _delete(path: str, key: str | None) -> Operation[None]:
    return Operation("DELETE", path, nothing, Audience.PAYMENTS, key=key_for(key))


def _id(named: Payment | Refund | Customer | str) -> str:
    return segment(named if isinstance(named, str) else named.id)


def _paid_by(method: SavedMethod | BankRedirect | DisplayCode | str) -> dict[str, object]:
    if isinstance(method, DisplayCode):
        return {"method": {"type": "code", "country": method.country}}
    if not isinstance(method, BankRedirect):
        return {"paymentMethodToken": _method(method)}
    told = {"type": "bank_redirect", "country": method.country}
    return {"method": told | ({"bank": method.bank} if method.bank is not None else {})}


def _method(method: SavedMethod | str) -> str:
    return method.payment_method_token if isinstance(method, SavedMethod) else method


def segment(text: str) -> str:
    """What stands in a path: an empty id, or one with a slash, would ask another question."""
    if _ID.fullmatch(text) is None:
        raise ValueError("an id is 1 to 128 letters, digits, '_' and '-'")
    return text


def moment(at: datetime | None) -> str | None:
    if at is None:
        return None
    if at.tzinfo is None:
        raise ValueError("a time needs its zone: datetime.now(timezone.utc)")
    return at.isoformat()
