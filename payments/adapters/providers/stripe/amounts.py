"""Amounts in Stripe's minor units, which are not ISO 4217's for every currency."""

from collections.abc import Mapping
from typing import Final

from payments.domain.money import Money, digits

# docs.stripe.com/currencies: ISK and UGX are told with two decimals that must be zero, MGA without
# any, and the last of three decimals must be zero.
_DIGITS: Final[Mapping[str, int]] = {"ISK": 2, "UGX": 2, "MGA": 0}


class NotTheirs(ValueError):
    """An amount that cannot be said to Stripe."""


def theirs(amount: Money) -> int:
    """Raises NotTheirs."""
    ours, their = digits(amount.currency), _DIGITS.get(amount.currency, digits(amount.currency))
    if their >= ours:
        units = amount.minor * _power(their - ours)
    else:
        units, rest = divmod(amount.minor, _power(ours - their))
        if rest:
            raise NotTheirs(f"{amount.currency} has {their} decimals there")
    if their == 3 and units % 10:
        raise NotTheirs(f"the last decimal of {amount.currency} must be zero there")
    return units


def ours(units: int, currency: str) -> Money:
    """Raises ValueError for what cannot be an amount of ours."""
    currency = currency.upper()
    our, their = digits(currency), _DIGITS.get(currency, digits(currency))
    if their <= our:
        return Money(units * _power(our - their), currency)
    minor, rest = divmod(units, _power(their - our))
    if rest:
        raise ValueError(f"a fraction of {currency}'s smallest unit")
    return Money(minor, currency)


def _power(places: int) -> int:
    return int(10**places)
