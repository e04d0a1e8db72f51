"""Amounts as texts with the currency's own digits, and as whole minor units inside."""

import re

AMOUNT = re.compile(r"[0-9]{1,12}(?:\.[0-9]{1,3})?")

# ISO 4217: two digits, except for these.
_NO_DIGITS = frozenset(
    {
        *("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI"),
        *("VND", "VUV", "XAF", "XOF", "XPF"),
    }
)
_THREE_DIGITS = frozenset({"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"})


def digits(currency: str) -> int:
    if currency in _NO_DIGITS:
        return 0
    return 3 if currency in _THREE_DIGITS else 2


def minor(amount: str, currency: str) -> int | None:
    """None when the text is no amount above zero in this currency."""
    if AMOUNT.fullmatch(amount) is None:
        return None
    whole, _, rest = amount.partition(".")
    places = digits(currency)
    if len(rest) > places:
        return None
    return int(whole + rest.ljust(places, "0")) or None


def written(amount_minor: int, currency: str) -> str:
    places = digits(currency)
    whole, rest = divmod(amount_minor, 10**places)
    return f"{whole}.{rest:0{places}d}" if places else str(whole)
