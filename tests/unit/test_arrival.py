"""When a payout is there: cut-offs, business days and time zones."""

from datetime import UTC, datetime, time, timedelta

import pytest

from payments.domain import business_days
from payments.domain.rail import Timetable

LONDON = Timetable("Europe/London", time(15, 30), 1, timedelta())
SLOW = Timetable("Asia/Dhaka", time(12), 2, timedelta())
SEPA = Timetable("Europe/Brussels", time(14), 1, timedelta(), "TARGET2")
DHAKA = Timetable("Asia/Dhaka", time(12), 1, timedelta(), "BD")
NEVER_CLOSES = Timetable("UTC", time(0), 0, timedelta(minutes=30))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("timetable", "sent", "there"),
    [
        # A Tuesday, before and after the cut-off; London is an hour ahead of UTC in summer.
        (LONDON, "2026-06-09T14:29:59", "2026-06-10T22:59:59"),
        (LONDON, "2026-06-09T14:30:00", "2026-06-11T22:59:59"),
        (LONDON, "2026-12-08T15:29:59", "2026-12-09T23:59:59"),
        # Friday before the cut-off is there on Monday, after it on Tuesday; so is the weekend.
        (LONDON, "2026-06-12T09:00:00", "2026-06-15T22:59:59"),
        (LONDON, "2026-06-12T20:00:00", "2026-06-16T22:59:59"),
        (LONDON, "2026-06-13T09:00:00", "2026-06-16T22:59:59"),
        (LONDON, "2026-06-14T23:30:00", "2026-06-16T22:59:59"),
        # In Dhaka it is six hours later: Sunday night there is Monday morning here.
        (SLOW, "2026-06-08T05:59:00", "2026-06-10T17:59:59"),
        (SLOW, "2026-06-08T06:00:00", "2026-06-11T17:59:59"),
        (SLOW, "2026-06-07T18:30:00", "2026-06-10T17:59:59"),
        # On Good Friday and Easter Monday nothing goes and nothing arrives, nor on the 1st of May.
        (SEPA, "2026-04-01T11:59:00", "2026-04-02T21:59:59"),
        (SEPA, "2026-04-02T11:59:00", "2026-04-07T21:59:59"),
        (SEPA, "2026-04-02T12:00:00", "2026-04-08T21:59:59"),
        (SEPA, "2026-04-03T08:00:00", "2026-04-08T21:59:59"),
        (SEPA, "2026-04-30T08:00:00", "2026-05-04T21:59:59"),
        (SEPA, "2026-12-31T08:00:00", "2027-01-04T22:59:59"),
        # In Bangladesh the week begins on a Sunday, and the 26th of March is a holiday.
        (DHAKA, "2026-06-04T05:00:00", "2026-06-07T17:59:59"),
        (DHAKA, "2026-03-25T05:00:00", "2026-03-29T17:59:59"),
        (NEVER_CLOSES, "2026-06-13T23:45:00", "2026-06-14T00:15:00"),
    ],
)
def test_it_is_there_by_the_end_of_that_day(timetable: Timetable, sent: str, there: str) -> None:
    assert timetable.arrival(at(sent)) == at(there)


@pytest.mark.parametrize("name", ["TARGET2", "FEDWIRE", "BD", "GB-ENG", None])
def test_a_known_calendar_is_taken(name: str | None) -> None:
    business_days.check(name)


@pytest.mark.parametrize("name", ["", "target2", "XX", "UK", "GB-", "GB-XXX", "NYSE", "MOON"])
def test_an_unknown_calendar_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(business_days.CalendarUnknown, match=f"'{name}'"):
        business_days.check(name)
