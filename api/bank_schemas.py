"""The shapes of banks, as partners ask for them and are told."""

from typing import Self

from api.card_schemas import Currency
from api.method_schemas import BankId, Country
from api.schemas import Asked, Told
from payments.domain.method import Bank


class BanksQuery(Asked):
    """Which banks: of a country (ISO 3166 alpha-2), and those that take a currency."""

    country: Country | None = None
    currency: Currency | None = None


class BankView(Told):
    """`id` is what `method.bank` of a payment names."""

    id: BankId
    name: str
    country: Country
    currencies: list[Currency]

    @classmethod
    def of(cls, bank: Bank) -> Self:
        return cls(
            id=bank.id, name=bank.name, country=bank.country, currencies=list(bank.currencies)
        )


class BanksView(Told):
    banks: list[BankView]
