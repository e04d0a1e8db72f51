"""How a customer pays: with a card, or at their own bank. Exactly one of these stands in an order.

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


Method = Card | BankRedirect


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


def words(method: Method) -> str:
    """For operators: which card, or which bank."""
    match method:
        case Card():
            return f"{method.brand} …{method.last4}"
        case BankRedirect():
            return f"{method.bank or 'a bank'}, {method.country}"
