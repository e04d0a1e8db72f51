"""Times as both houses write them."""

from datetime import UTC, datetime


def now() -> datetime:
    """Cut to the millisecond, so that a time is the same before and after a reload."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def written(moment: datetime) -> str:
    """RFC 3339 in UTC with a Z, to the millisecond."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
