"""Webhooks that providers send us: stored once, applied once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from payments.ports.provider import Told


class InboundState(StrEnum):
    """RECEIVED nobody could take it yet, and it is looked at again · APPLIED · PARKED of a type or
    object that is not ours · QUARANTINED it contradicts us and a person has to look.
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
    told: Told
    digest: bytes
    body: str
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """An event that nobody could take yet, as it was read when it came, for one look at it: the
    next one is due at `next_look_at`.
    """

    provider: str
    told: Told
    received_at: datetime
    next_look_at: datetime


class Inbox(Protocol):
    async def store(
        self, event: Inbound, state: InboundState = InboundState.RECEIVED, note: str = ""
    ) -> InboundState:
        """Store it once, and say where it stands: as `state` if it is new. Raises EventChanged.

        One SQL statement. What the record already reflects is stored as APPLIED at once.
        """

    async def settle(self, provider: str, event_id: str, state: InboundState, note: str) -> None:
        """Say what became of it. A state that is not RECEIVED is never left."""

    async def due(self, limit: int) -> Sequence[Kept]:
        """What is RECEIVED and should be looked at again, the longest due first.

        Nobody else gets the same until its next time: ten seconds after it came, then after half of
        the time that it has waited, at most ten minutes.
        """
