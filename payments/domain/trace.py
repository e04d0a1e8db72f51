"""The trace: one request's name, readable on call without a look-up.

`partner_12.20260430T082114123Z.7K3Q9XW2` is partner, UTC time to the millisecond, random.
It names exactly one `request_log` row.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Self

ANONYMOUS: Final = "anon"
# Crockford's base 32 has no I, L, O or U, so a trace can be read out over the phone.
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SHAPE: Final = re.compile(
    r"([a-z0-9_]{1,40})\.(\d{8}T\d{6})(\d{3})Z\.([0-9A-HJKMNP-TV-Z]{8})", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Trace:
    partner: str
    at: datetime
    random: str

    @classmethod
    def make(cls, partner: str, at: datetime, entropy: bytes) -> Self:
        """Five bytes of entropy become the eight characters at the end."""
        number = int.from_bytes(entropy[:5], "big")
        tail = "".join(ALPHABET[(number >> shift) & 31] for shift in range(35, -1, -5))
        return cls(partner, at.replace(microsecond=at.microsecond // 1000 * 1000), tail)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of str(). Raises ValueError for anything else."""
        match = _SHAPE.fullmatch(text)
        if match is None:
            raise ValueError("not a trace: partner.YYYYMMDDTHHMMSSmmmZ.RANDOM")
        partner, second, milli, tail = match.groups()
        at = datetime.strptime(second, "%Y%m%dT%H%M%S").replace(
            microsecond=int(milli) * 1000, tzinfo=UTC
        )
        return cls(partner, at, tail)

    def __str__(self) -> str:
        stamp = self.at.strftime("%Y%m%dT%H%M%S")
        return f"{self.partner}.{stamp}{self.at.microsecond // 1000:03d}Z.{self.random}"
