"""Data versions: the day from which answers have their present shape, pinned by the partner.

There is one so far. The next one adds its day here and a way back for each shape it changed; routes
and fields on their way out will then carry `Deprecation` (RFC 9745) and `Sunset` (RFC 8594).
"""

from datetime import UTC, date, datetime
from typing import Final

from payments.domain.partner import Partner

HEADER: Final = "Quittance-Version"
VERSIONS: Final = (date(2026, 11, 21),)
NEWEST: Final = VERSIONS[-1]


class UnknownVersion(ValueError):
    """Not a day, or one before there was an API, or after the newest version."""


def chosen(asked: str | None, partner: Partner | None) -> date:
    """The version in force on the asked day; without one, on the day the partner joined."""
    if asked is None:
        return _in_force(partner.joined_on) if partner else NEWEST
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        raise UnknownVersion(asked) from None
    if asked != day.isoformat() or not VERSIONS[0] <= day <= datetime.now(UTC).date():
        raise UnknownVersion(asked)
    return _in_force(day)


def _in_force(day: date) -> date:
    return max((each for each in VERSIONS if each <= day), default=VERSIONS[0])
