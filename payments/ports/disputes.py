"""The record of disputes: written together with the ledger, the events and the payment they take
from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from payments.domain.dispute import (
    Dispute,
    DisputeStatus,
    Seen,
    Sighting,
)


@dataclass(frozen=True, slots=True)
class DisputeFilter:
    """Which disputes to list. `after` is the id of the last one of the page before."""

    status: DisputeStatus | None = None
    payment_id: str | None = None
    after: str | None = None
    limit: int = 50


class Disputes(Protocol):
    """Each write is one SQL transaction, under the lock of the payment's row: what is refunded and
    what is disputed see each other, whichever comes first. Every write is idempotent.
    """

    async def see(self, sighting: Sighting) -> Seen:
        """Bring the record to where the provider is, move by move along DISPUTE_MOVES.

        Opens the dispute when it is new. Its money goes and comes with the moves; a refund that was
        there before is no obstacle, but the dispute says how much is gone twice. `unopened` says
        why there is none: no payment of ours at this provider, or more than was captured of it.
        """

    async def remind(self, dispute_id: str, number: int, *, last: bool) -> Dispute:
        """Tell the partner once, for each `number` from 1, that `due_at` comes nearer."""

    async def find(self, partner_id: str, dispute_id: str) -> Dispute | None: ...

    async def named(self, dispute_id: str) -> Dispute | None:
        """Whoever's it is: for what providers tell, and for operators."""

    async def list(self, partner_id: str | None, wanted: DisputeFilter) -> Sequence[Dispute]:
        """One page, newest first; with a partner_id of None everybody's, for operators."""
