"""Which numbers card networks issue: their ranges, their lengths and their check digit."""

from collections.abc import Iterable, Sequence
from functools import cache
from itertools import accumulate
from typing import Final

SHORTEST: Final = 12

# First and last prefix of a range, and the lengths issued in it (ISO/IEC 7812; the networks' own
# tables). UATP's 1 is left out: it is the first digit of every number that counts time.
_LONG: Final = range(16, 20)
_RANGES: Final[tuple[tuple[str, str, range | tuple[int, ...]], ...]] = (
    ("4", "4", (13, 16, 19)),  # Visa
    ("51", "55", (16,)),  # Mastercard
    ("2221", "2720", (16,)),
    ("34", "34", (15,)),  # American Express
    ("37", "37", (15,)),
    ("300", "305", range(14, 20)),  # Diners Club
    ("3095", "3095", range(14, 20)),
    ("36", "36", range(14, 20)),
    ("38", "39", range(14, 20)),
    ("3528", "3589", _LONG),  # JCB
    ("1800", "1800", (15,)),
    ("2131", "2131", (15,)),
    ("6011", "6011", _LONG),  # Discover
    ("644", "659", _LONG),
    ("60", "60", (13, 16, 19)),  # RuPay, Hipercard
    ("353", "353", (16,)),
    ("62", "62", _LONG),  # UnionPay
    ("81", "82", _LONG),  # UnionPay, RuPay
    ("5018", "5018", range(12, 20)),  # Maestro
    ("5020", "5020", range(12, 20)),
    ("5038", "5038", range(12, 20)),
    ("5893", "5893", range(12, 20)),
    ("6304", "6304", range(12, 20)),
    ("6759", "6763", range(12, 20)),
    ("50", "50", _LONG),  # Maestro, Verve, Elo, Dankort
    ("56", "58", _LONG),
    ("63", "63", _LONG),
    ("67", "67", _LONG),
    ("2200", "2205", _LONG),  # Mir, Borica
    ("9792", "9792", (16,)),  # Troy
    ("9704", "9704", (16, 19)),  # Napas
    ("8600", "8600", (16,)),  # Uzcard
    ("9860", "9860", (16,)),  # Humo
)
_DOUBLED: Final = str.maketrans("0123456789", "0246813579")


@cache
def lengths_of(prefix: str) -> Sequence[int]:
    """Which lengths a number that begins so can have, the longest first."""
    found = {
        length
        for low, high, lengths in _RANGES
        if low <= prefix[: len(low)] <= high
        for length in lengths
    }
    return sorted(found, reverse=True)


def luhn_sums(digits: str) -> tuple[Sequence[int], Sequence[int]]:
    """Running sums for Luhn's check (ISO/IEC 7812-1, annex B), which doubles every second digit
    from the right: for numbers that end after an even count of digits, and after an odd one.
    """
    doubled = digits.translate(_DOUBLED)
    even, odd = list(digits), list(digits)
    even[::2], odd[1::2] = doubled[::2], doubled[1::2]
    return _running(even), _running(odd)


def _running(digits: Iterable[str]) -> Sequence[int]:
    return list(accumulate(map(int, digits), initial=0))
