"""On which days a rail settles: by the name of the calendar that it keeps.

TARGET2 and FEDWIRE are of the systems of that name; others of a country or a part of one, as
ISO 3166 has them: BD, GB-ENG. Who keeps none settles from Monday to Friday.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from holidays import HolidayBase

_FRIDAY: Final = 4
_SYSTEMS: Final[Mapping[str, str]] = {"TARGET2": "XECB", "FEDWIRE": "XFED"}


class CalendarUnknown(ValueError):
    """Nobody keeps a calendar of this name."""


def check(calendar: str | None) -> None:
    """Raises CalendarUnknown."""
    if calendar is not None:
        _days_of(calendar)


def next_business_day(day: date, calendar: str | None) -> date:
    day += timedelta(days=1)
    while not is_business_day(day, calendar):
        day += timedelta(days=1)
    return day


def is_business_day(day: date, calendar: str | None) -> bool:
    if calendar is None:
        return day.weekday() <= _FRIDAY
    return _days_of(calendar).is_working_day(day)


@cache
def _days_of(calendar: str) -> "HolidayBase":
    # Half a second and some 20 MB: only for whom a rail's calendar tells anything.
    import holidays  # noqa: PLC0415

    if calendar in _SYSTEMS:
        return holidays.financial_holidays(_SYSTEMS[calendar])
    country, dash, part = calendar.partition("-")
    parts = holidays.list_supported_countries(include_aliases=False)
    if country not in parts or (dash and part not in parts[country]):
        raise CalendarUnknown(f"no calendar is called {calendar!r}: TARGET2, FEDWIRE, BD, GB-ENG …")
    kinds = holidays.country_holidays(country).supported_categories
    closed = tuple(kind for kind in (holidays.PUBLIC, holidays.BANK) if kind in kinds)
    return holidays.country_holidays(country, subdiv=part or None, categories=closed)
