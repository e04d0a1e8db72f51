"""How a customer pays: by card, at their bank, or by a code. Exactly one stands in an order.

What only cards have is empty elsewhere, so that risk, routes and the networks' rules ask every
method the same questions.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from payments.domain.card import Card


class MethodType(StrEnum):
    CARD = "card"
    BANK_REDIRECT = "bank_redirect"
    CODE = "code"


@dataclass(frozen=True, slots=True)
class BankRedirect:
    """The customer is sent to their bank's page, says yes or no there, and comes back.

    `country` is the bank's (ISO 3166 alpha-2). `bank` is one that GET /v1/banks names; None lets
    the customer choose on the provider's page.
    """

    country: str
    bank: str | None = None

    brand: ClassVar[str] = ""
    bin: ClassVar[str] = ""
    fingerprint: ClassVar[str] = ""
    token: ClassVar[str | None] = None
    client_token: ClassVar[str | None] = None


@dataclass(frozen=True, slots=True)
class DisplayCode:
    """The customer is shown a code and pays it in an app of theirs. `country` says whose scheme it
    is of (ISO 3166 alpha-2): BR is PIX.
    """

    country: str

    brand: ClassVar[str] = ""
    bin: ClassVar[str] = ""
    fingerprint: ClassVar[str] = ""
    token: ClassVar[str | None] = None
    client_token: ClassVar[str | None] = None


Method = Card | BankRedirect | DisplayCode


@dataclass(frozen=True, slots=True)
class Bank:
    """One that customers can be sent to. `id` is what BankRedirect.bank names."""

    id: str
    name: str
    country: str
    currencies: tuple[str, ...]


def type_of(method: Method) -> MethodType:
    match method:
        case Card():
            return MethodType.CARD
        case BankRedirect():
            return MethodType.BANK_REDIRECT
        case DisplayCode():
            return MethodType.CODE


def words(method: Method) -> str:
    """For operators: which card, which bank, or a code of which country."""
    match method:
        case Card():
            return f"{method.brand} …{method.last4}"
        case BankRedirect():
            return f"{method.bank or 'a bank'}, {method.country}"
        case DisplayCode():
            return f"a code, {method.country}"
