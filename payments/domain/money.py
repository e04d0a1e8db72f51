"""Money: whole minor units of one currency. The only type in the house that may be added up.

Digits per currency come from ISO 4217 (the `iso4217` package, generated from the SIX list). Strings
become minor units at the HTTP edge only, and leave the house as strings again; no float anywhere.
"""

import re
from dataclasses import dataclass
from typing import Final, Self

from iso4217 import Currency

# Real payments are far smaller; the bound keeps every sum of ours inside PostgreSQL's bigint.
LARGEST_MINOR: Final = 10**15
_DECIMAL: Final = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?", re.ASCII)


class MoneyError(ValueError):
    """The amount or the currency cannot be money. `kind` is stable, the text is for people."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


_DIGITS: Final = {each.code: each.exponent for each in Currency if each.exponent is not None}


def digits(currency: str) -> int:
    """How many decimal digits the currency has.

    Raises MoneyError("currency") for anything but the upper-case code of a currency with a minor
    unit: `eur`, XXX, XTS and gold are refused.
    """
    if currency not in _DIGITS:
        raise MoneyError("currency", "not a currency code of ISO 4217 with a minor unit")
    return _DIGITS[currency]


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units: Money(125000, "BDT") is 1250.00 taka."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        digits(self.currency)
        if abs(self.minor) > LARGEST_MINOR:
            raise MoneyError("too_large", "larger than any amount we move")

    @classmethod
    def parse(cls, text: str, currency: str) -> Self:
        """Read a positive decimal string such as "1250.00".

        Raises MoneyError: "format" for anything but digits with one point, "digits" for more
        decimals than the currency has, "not_positive" for zero, "too_large", "currency".
        """
        match = _DECIMAL.fullmatch(text)
        if match is None:
            raise MoneyError("format", "not a plain decimal number")
        whole, fraction = match.group(1), match.group(2) or ""
        places = digits(currency)
        if len(fraction) > places:
            raise MoneyError("digits", f"{currency} has {places} decimal digits")
        if len(whole) > len(str(LARGEST_MINOR)):
            raise MoneyError("too_large", "larger than any amount we move")
        minor = int(whole + fraction.ljust(places, "0"))
        if minor == 0:
            raise MoneyError("not_positive", "must be more than zero")
        return cls(minor, currency)

    def __str__(self) -> str:
        places = digits(self.currency)
        sign, text = ("-" if self.minor < 0 else ""), str(abs(self.minor)).rjust(places + 1, "0")
        return f"{sign}{text[:-places]}.{text[-places:]}" if places else sign + text

    def __add__(self, other: "Money") -> "Money":
        assert self.currency == other.currency, "two currencies were added"
        return Money(self.minor + other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)
