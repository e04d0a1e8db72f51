"""What a provider's event means for us, judged before anybody is asked anything.

An event is a reason to ask, never the truth. What the record already says needs no asking; what
contradicts us without a way out needs a person.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Protocol

from payments.domain import ids
from payments.ports.inbox import InboundState
from payments.ports.provider import Told


class Next(StrEnum):
    """KEEP it as judged · ASK the workflow that owns the object · BEGIN one that sets it right."""

    KEEP = "keep"
    ASK = "ask"
    BEGIN = "begin"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What to do, and how the event stands afterwards."""

    next: Next
    state: InboundState
    note: str


AGREED: Final = Verdict(Next.KEEP, InboundState.APPLIED, "the record already says so")
ASK: Final = Verdict(Next.ASK, InboundState.APPLIED, "the provider was asked")


def parked(note: str) -> Verdict:
    return Verdict(Next.KEEP, InboundState.PARKED, note)


def waits(note: str) -> Verdict:
    """Nobody can take it now; somebody may, later."""
    return Verdict(Next.KEEP, InboundState.RECEIVED, note)


def unknown(what: str, reference: str) -> Verdict:
    """What bears a name that we give may still turn up; anything else is somebody else's."""
    note = f"no such {what}"
    return waits(note) if ids.is_ours(reference) else parked(note)


def quarantined(note: str) -> Verdict:
    return Verdict(Next.KEEP, InboundState.QUARANTINED, note)


def after_asking(verdict: Verdict) -> Verdict:
    """What the same judgement is worth once the provider was asked: it goes on by itself."""
    return replace(verdict, next=Next.KEEP) if verdict.next is Next.ASK else verdict


class Owner(Protocol):
    """Who knows the objects of one Meaning. `reference` is our own name of one, as told.

    `update` names the event: a door that is knocked at twice with it is knocked at once.
    """

    async def judge(self, provider_id: str, told: Told, reference: str) -> Verdict:
        """One look at the record."""

    async def ask(self, told: Told, reference: str, update: str) -> Verdict | None:
        """Let the owning workflow ask the provider. Raises Over or Unheard.

        None: the record tells what it found. A verdict: what it found is not there.
        """

    async def begin(self, told: Told, reference: str, update: str) -> bool:
        """Start the workflow that sets it right: whether it found anything. Raises Unheard."""
