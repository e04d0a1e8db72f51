"""Every call for payouts as a value: what to ask, and how to read the answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from quittance.card_operations import moment, segment
from quittance.card_results import Customer
from quittance.listings import Listing
from quittance.operations import Audience, Operation, decimal_text, key_for
from quittance.payout_results import (
    CardAccount,
    Destination,
    Funds,
    Iban,
    LocalAccount,
    Payout,
    PayoutStatus,
)
from quittance.reading import Envelope

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Search:
    """Which payouts to list. What is None does not matter."""

    status: PayoutStatus | str | None
    reference: str | None
    destination: Destination | str | None
    created_from: datetime | None
    created_before: datetime | None
    page_size: int


def create_destination(
    account: Iban | LocalAccount | CardAccount,
    currency: str,
    reference: str,
    customer: Customer | str | None,
    key: str | None,
) -> Operation[Destination]:
    body: dict[str, object] = {
        "account": _account(account),
        "currency": currency,
        "reference": reference,
    }
    if customer is not None:
        body["customerId"] = _customer(customer)
    return _write("/v1/destinations", Destination.read, body, key)


def get_destination(destination: Destination | str) -> Operation[Destination]:
    return _read(f"/v1/destinations/{_token(destination)}", Destination.read)


def list_destinations(customer: Customer | str | None) -> Operation[tuple[Destination, ...]]:
    query = {} if customer is None else {"customerId": _customer(customer)}
    return Operation("GET", "/v1/destinations", Destination.read_all, Audience.PAYOUTS, query=query)


def verify_destination(destination: Destination | str) -> Operation[Destination]:
    return _write(f"/v1/destinations/{_token(destination)}/verify", Destination.read, None, None)


def create_payout(
    amount: Decimal | str,
    currency: str,
    destination: Destination | str | None,
    reference: str,
    *,
    customer: Customer | str | None,
    metadata: Mapping[str, str] | None,
    key: str | None,
) -> Operation[Payout]:
    body: dict[str, object] = {
        "amount": decimal_text(amount),
        "currency": currency,
        "reference": reference,
    }
    if destination is not None:
        body["destinationToken"] = _token(destination)
    if customer is not None:
        body["customerId"] = _customer(customer)
    if metadata:
        body["metadata"] = dict(metadata)
    return _write("/v1/payouts", Payout.read, body, key)


def get_payout(payout: Payout | str) -> Operation[Payout]:
    return _read(f"/v1/payouts/{_id(payout)}", Payout.read)


def list_payouts(search: Search) -> Listing[Payout]:
    query = {
        "status": search.status,
        "reference": search.reference,
        "destinationToken": None if search.destination is None else _token(search.destination),
        "createdFrom": moment(search.created_from),
        "createdBefore": moment(search.created_before),
    }
    return Listing("/v1/payouts", "payouts", Payout.of, Audience.PAYOUTS, query, search.page_size)


def cancel(payout: Payout | str, key: str | None) -> Operation[Payout]:
    return _write(f"/v1/payouts/{_id(payout)}/cancel", Payout.read, None, key)


def get_funds(currency: str) -> Operation[Funds]:
    return Operation("GET", "/v1/funds", Funds.read, Audience.PAYOUTS, query={"currency": currency})


def _account(account: Iban | LocalAccount | CardAccount) -> dict[str, str]:
    match account:
        case Iban():
            told = {"type": "iban", "iban": account.iban, "holder": account.holder}
            return told | ({"bic": account.bic} if account.bic is not None else {})
        case LocalAccount():
            return {
                "type": "local",
                "country": account.country,
                "accountNumber": account.account_number,
                "bankCode": account.bank_code,
                "holder": account.holder,
            }
        case CardAccount():
            return {"type": "card", "paymentMethodToken": account.payment_method_token}


def _read(path: str, read: Callable[[Envelope], T]) -> Operation[T]:
    return Operation("GET", path, read, Audience.PAYOUTS)


def _write(
    path: str, read: Callable[[Envelope], T], body: Mapping[str, object] | None, key: str | None
) -> Operation[T]:
    return Operation("POST", path, read, Audience.PAYOUTS, body=body, key=key_for(key))


def _id(payout: Payout | str) -> str:
    return segment(payout if isinstance(payout, str) else payout.id)


def _token(destination: Destination | str) -> str:
    named = destination if isinstance(destination, str) else destination.destination_token
    return segment(named)


def _customer(customer: Customer | str) -> str:
    return segment(customer if isinstance(customer, str) else customer.id)
