"""Reading the acquirer's JSON field by field; what does not fit is unreadable as a whole."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from payments.domain.charge import Receipt
from payments.domain.money import Money


class Unreadable(Exception):
    """The answer is not one to this question."""


def money(row: Any, field: str, currency: str) -> Money:
    """An amount of theirs, which may be nothing. Raises ValueError or Unreadable."""
    written = text(row, field)
    if written.replace(".", "", 1).strip("0") == "":
        return Money(0, currency)
    return Money.parse(written, currency)


def text(body: Any, field: str) -> str:
    value = body.get(field)
    if not isinstance(value, str) or not value:
        raise Unreadable(f"no {field}")
    return value


def instant(written: str) -> datetime:
    at = datetime.fromisoformat(written)
    if at.tzinfo is None:
        raise Unreadable("a time without its zone")
    return at.astimezone(UTC)


def named(rows: Any, reference: str) -> Mapping[str, Any] | None:
    """The capture or refund that bears our name."""
    found: list[Mapping[str, Any]] = [row for row in rows if row.get("reference") == reference]
    return found[0] if found else None


def receipts(body: Any, currency: str) -> tuple[Receipt, ...]:
    """What came for a code, in order; nothing for every other method."""
    return tuple(
        Receipt(text(row, "id"), money(row, "amount", currency), instant(text(row, "at")))
        for row in body.get("receipts", ())
    )
