"""What operators look up, whoever's it is: how a payment was routed, which events wait for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from payments.domain.payment import Assessment, PaymentStatus
from payments.domain.routing import Decision
from payments.ports.inbox import InboundState


@dataclass(frozen=True, slots=True)
class SentAttempt:
    """What was sent to one provider and how it ended; without `outcome` it is on its way."""

    number: int
    provider: str
    challenge: bool
    outcome: str | None
    code: str | None
    network_code: str | None
    advice: str | None
    raw: str | None
    provider_reference: str | None
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class RoutedPayment:
    """Where a payment was to go and why, and where it went."""

    payment_id: str
    partner_id: str
    status: PaymentStatus
    assessment: Assessment
    decision: Decision
    attempts: Sequence[SentAttempt]


@dataclass(frozen=True, slots=True)
class KeptEvent:
    """One event of a provider as it stands. `note` says why; its body stays in the record."""

    provider: str
    event_id: str
    type: str
    reference: str | None
    state: InboundState
    note: str
    received_at: datetime
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class AskedProvider:
    """One call that was made to somebody, under this reference of ours, and how it ended."""

    provider: str
    operation: str
    reference: str
    outcome: str
    started_at: datetime


class Insight(Protocol):
    """Reads only. Every question raises RecordUnavailable when the database does not answer."""

    async def routing(self, payment_id: str) -> RoutedPayment | None: ...

    async def events(self, state: InboundState, limit: int) -> Sequence[KeptEvent]:
        """The newest first."""

    async def asked(self, references: Sequence[str]) -> Sequence[AskedProvider]:
        """The calls under these references, the oldest first."""
