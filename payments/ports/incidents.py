"""What must not have happened, written down for the people who answer for it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class IncidentKind(StrEnum):
    # A partner sent what looks like a card number.
    CARD_NUMBER = "card_number"
    # A provider keeps a fee that no book of ours has: it is not in the payment's currency.
    FEE_UNBOOKED = "fee_unbooked"


@dataclass(frozen=True, slots=True)
class Incident:
    """`place` says where in the request, such as "body metadata.note"; never what stood there.

    Of a fee, `trace` is the dispute's id and `place` the fee. `partner_id` is None when nobody can
    tell who it was.
    """

    kind: IncidentKind
    partner_id: str | None
    trace: str
    place: str


@dataclass(frozen=True, slots=True)
class RecordedIncident:
    incident: Incident
    occurred_at: datetime


class Incidents(Protocol):
    """Append-only. One trace, kind and place is one incident, however often it is recorded."""

    async def record(self, incident: Incident) -> None:
        """Returns when the row is committed. Raises RecordUnavailable."""

    async def latest(self, limit: int) -> list[RecordedIncident]:
        """The newest first."""
