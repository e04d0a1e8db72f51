"""The record of payouts and of where they go: written together with the ledger and the events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from payments.domain.codes import Code
from payments.domain.destination import Account, Destination
from payments.domain.payout import (
    Leg,
    Payout,
    PayoutAnswer,
    PayoutFact,
    PayoutOrder,
    PayoutReview,
    PayoutStatus,
)
from payments.domain.payout_legs import Source
from payments.domain.rail import Verification


@dataclass(frozen=True, slots=True)
class PayoutFilter:
    """Which payouts to list. `after` is the id of the last one of the page before."""

    status: PayoutStatus | None = None
    reference: str | None = None
    destination_id: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    after: str | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Word:
    """One operator's word on a payout, as it is kept."""

    by: str
    approved: bool
    at: datetime


class Payouts(Protocol):
    """Each write is one SQL transaction: read model, ledger posting and outgoing event together.

    Every write is idempotent: the same call again changes nothing and returns the same. Writes
    raise RecordUnavailable when the database does not answer.
    """

    async def begin(self, order: PayoutOrder) -> PayoutAnswer:
        """Set amount and fee aside from the partner's available funds, and write the payout down.

        It is QUEUED, or ON_HOLD when people have to look first. `refused` says why nothing was
        written: REFERENCE_USED, DESTINATION_UNKNOWN, DESTINATION_UNVERIFIED, PAYOUT_LIMIT,
        PAYOUT_VELOCITY, FUNDS_INSUFFICIENT, ENGINE_UNAVAILABLE (after the order's deadline).
        However many begin at once, available funds never fall below zero by them, and no more goes
        back to a source than came from it.

        `legs` when it goes by them, `was_begun` when it was written down before. A payout that is
        `part_of` another one needs nothing any more.
        """

    async def suspend(self, order: PayoutOrder) -> None:
        """The outcome is unknown: the money waits in suspense. Only a QUEUED payout's does."""

    async def move(self, fact: PayoutFact) -> Payout:
        """Move the payout, with its money and its event, along PAYOUT_MOVES.

        In that status already, or moved on from it since, it is returned as it stands. Raises
        MoveRefused, and LookupError when it was never begun like this.
        """

    async def review(self, order: PayoutOrder, review: PayoutReview) -> Payout:
        """Keep an operator's word on a held payout. A no counts, whatever was said before.

        QUEUED again when two different ones have approved, CANCELED when one has rejected; as it
        stands otherwise, also when it is not held any more.
        """

    async def conclude(self, order: PayoutOrder) -> Payout:
        """Move a payout as its legs have ended, or as they stand now after one came back: the one
        that was ordered, or the one it is part of. As it stands while a leg is open.
        """

    async def find(self, partner_id: str, payout_id: str) -> Payout | None: ...

    async def named(self, payout_id: str) -> Payout | None:
        """Whoever's it is: for what rails tell, and for operators."""

    async def order(self, payout_id: str) -> PayoutOrder | None:
        """What was ordered, for who has to go on with it."""

    async def unfinished(self, after: str | None, most: int) -> Sequence[PayoutOrder]:
        """What was ordered of those that a workflow has to be at work on, the oldest first, behind
        this payout. A leg is its payout's own matter.
        """

    async def by_reference(self, partner_id: str, reference: str) -> Payout | None: ...

    async def list(self, partner_id: str, wanted: PayoutFilter) -> Sequence[Payout]:
        """One page, newest first."""

    async def held(self) -> Sequence[Payout]:
        """All payouts that people have to look at, the oldest first."""

    async def words(self, payout_id: str) -> Sequence[Word]:
        """What operators said of it, the first one first."""

    async def sources(self, payout_id: str) -> Sequence[Source]:
        """Where its money came from, the oldest payment first."""

    async def legs(self, payouts: Sequence[Payout]) -> Mapping[str, tuple[Leg, ...]]:
        """The legs of those that go by legs, in their order, by the payout's id."""

    async def available(self, partner_id: str, currency: str) -> int:
        """What the partner could pay out now, in minor units."""


class Destinations(Protocol):
    async def add(self, destination: Destination, account: Account) -> Destination | Code:
        """Keep a destination, its account sealed; or the one that has this reference already.

        Otherwise: REFERENCE_USED (it names another one), CUSTOMER_UNKNOWN.
        """

    async def verified(self, destination_id: str, word: Verification) -> Destination:
        """Keep the rail's word on it. The first one stays."""

    async def find(self, partner_id: str, destination_id: str) -> Destination | None: ...

    async def named(self, partner_id: str, names: Sequence[str]) -> Mapping[str, Destination]:
        """Those of these ids that are the partner's, by id: a few statements for thousands."""

    async def list(self, partner_id: str, customer_id: str | None) -> Sequence[Destination]:
        """All of a partner's or of one of its customers, the oldest first."""

    async def opened(self, destination_id: str) -> Account | None:
        """What is behind the token, for the rail alone. None: it went with its customer."""

    async def opened_for(self, order: PayoutOrder) -> Account | None:
        """The same, for a transfer that leaves now.

        Raises MoveRefused unless the record has the payout as QUEUED: an engine that has forgotten
        who canceled it must not send it.
        """

    def fingerprint(self, partner_id: str, account: Account) -> str:
        """The same for the same account of one partner, and of no use to anybody else."""
