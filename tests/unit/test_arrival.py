"""When a payout is there: cut-offs, business days and time zones."""

from datetime import UTC, datetime, time, timedelta

import pytest

from payments.domain.rail import Timetable

LONDON = Timetable("Europe/London", time(15, 30), 1, timedelta())
SLOW = Timetable("Asia/Dhaka", time(12), 2, timedelta())
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
        (NEVER_CLOSES, "2026-06-13T23:45:00", "2026-06-14T00:15:00"),
    ],
)
def test_it_is_there_by_the_end_of_that_day(timetable: Timetable, sent: str, there: str) -> None:
    assert timetable.arrival(at(sent)) == at(there)
