"""Every call of the API as a value: what to ask, and how to read the answer."""

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final, Generic, Literal, TypeVar

from quittance.reading import Envelope
from quittance.results import Bill, CodeMeaning, Health, Lock, ReleasedLock, Transaction

T = TypeVar("T")

_KEY: Final = re.compile(r"[!-~]{1,255}", re.ASCII)


class Audience(StrEnum):
    """Which of the gateway's products a call belongs to: each takes a token of its own."""

    BILLS = "bill-collection"
    PAYMENTS = "payments"
    PAYOUTS = "payouts"


# For what belongs to the partner and to no product: a token of any of them will do.
ANY_PRODUCT: Final = "any"
Wanted = Audience | Literal["any"]


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """`key` is set on writes and stays the same however often the operation is sent.

    Without an `audience` anybody may ask, and no token is sent.
    """

    method: str
    path: str
    read: Callable[[Envelope], T]
    audience: Wanted | None
    query: Mapping[str, str] | None = None
    body: Mapping[str, object] | None = None
    key: str | None = None
    # A file instead of a JSON body, and which kind.
    content: bytes | None = None
    media_type: str = "application/json"
    # Whether the answer is a file and no envelope.
    is_file: bool = False
    # Health is asked only once: the asker wants to know how it is now.
    once: bool = False


def lookup(biller_id: str, bill_number: str, billing_period: str) -> Operation[Bill]:
    query = _bill(biller_id, bill_number, billing_period)
    return Operation("GET", "/v1/bill/lookup", Bill.read, Audience.BILLS, query=query)


def lock(biller_id: str, bill_number: str, billing_period: str, key: str | None) -> Operation[Lock]:
    return _write("/v1/bill/lock", Lock.read, _bill(biller_id, bill_number, billing_period), key)


def unlock(held: Lock | str, key: str | None) -> Operation[ReleasedLock]:
    return _write("/v1/bill/unlock", ReleasedLock.read, {"lockToken": _token(held)}, key)


def pay(
    held: Lock | str, transaction_id: str, amount: Decimal | str | None, key: str | None
) -> Operation[Transaction]:
    body = {"lockToken": _token(held), "transactionId": transaction_id}
    if amount is not None:
        body["amount"] = decimal_text(amount)
    return _write("/v1/bill/pay", Transaction.read, body, key)


def status(transaction_id: str) -> Operation[Transaction]:
    query = {"transactionId": transaction_id}
    return Operation("GET", "/v1/txn/status", Transaction.read, Audience.BILLS, query=query)


def codes() -> Operation[tuple[CodeMeaning, ...]]:
    return Operation("GET", "/v1/codes", CodeMeaning.read_all, None)


def health() -> Operation[Health]:
    return Operation("GET", "/health", Health.read, None, once=True)


def _write(
    path: str, read: Callable[[Envelope], T], body: Mapping[str, str], key: str | None
) -> Operation[T]:
    return Operation("POST", path, read, Audience.BILLS, body=body, key=key_for(key))


def key_for(given: str | None) -> str:
    """The caller's own Idempotency-Key, or a new one for this one call."""
    if given is None:
        return str(uuid.uuid4())
    if _KEY.fullmatch(given) is None:
        raise ValueError("idempotency_key must be 1 to 255 visible ASCII characters")
    return given


def _bill(biller_id: str, bill_number: str, billing_period: str) -> Mapping[str, str]:
    return {"billerId": biller_id, "billNumber": bill_number, "billingPeriod": billing_period}


def _token(held: Lock | str) -> str:
    return held.lock_token if isinstance(held, Lock) else held


def decimal_text(amount: Decimal | str) -> str:
    """As it was written, "1250.00". A float is refused: 0.1 + 0.2 is no amount of money."""
    if isinstance(amount, str):
        return amount
    if not isinstance(amount, Decimal) or not amount.is_finite():
        raise TypeError("amount must be a finite decimal.Decimal or a string")
    return f"{amount:f}"
