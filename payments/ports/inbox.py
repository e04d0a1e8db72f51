"""Webhooks that providers send us: stored once, applied once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from payments.domain.charge import Operation


class InboundState(StrEnum):
    """RECEIVED not applied yet · APPLIED · PARKED of a type or object we do not know · QUARANTINED
    it contradicts us and a person has to look.
    """

    RECEIVED = "received"
    APPLIED = "applied"
    PARKED = "parked"
    QUARANTINED = "quarantined"


class EventChanged(Exception):
    """The same event id came before with another body."""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One event as it is stored. `digest` is SHA-256 of the raw body; `body` is redacted JSON."""

    provider: str
    event_id: str
    type: str
    reference: str | None
    operation: Operation | None
    digest: bytes
    body: str
    received_at: datetime


class Inbox(Protocol):
    async def store(
        self, event: Inbound, state: InboundState = InboundState.RECEIVED, note: str = ""
    ) -> InboundState:
        """Store it once, and say where it stands: as `state` if it is new. Raises EventChanged.

        One SQL statement. What the record already reflects is stored as APPLIED at once.
        """

    async def settle(self, provider: str, event_id: str, state: InboundState, note: str) -> None:
        """Say what became of it. A state that is not RECEIVED is never left."""
