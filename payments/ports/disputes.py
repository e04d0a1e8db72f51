"""The record of disputes: written together with the ledger, the events and the payment they take
from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from payments.domain.codes import Code
from payments.domain.dispute import (
    Dispute,
    DisputeStatus,
    Response,
    ResponseOrder,
    ResponseState,
    Seen,
    Sighting,
)
from payments.domain.evidence import (
    Enclosure,
    Evidence,
    EvidenceFile,
    EvidenceText,
    KeptFile,
    MediaType,
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
        why there is none: no payment of ours at this provider, or more than was captured of it. A
        fee in another currency is an incident, once, and in no book.
        """

    async def unfinished(self, after: str | None, most: int) -> Sequence[Dispute]:
        """Those that a workflow has to follow, by their ids, behind this one."""

    async def remind(self, dispute_id: str, number: int, *, last: bool) -> Dispute:
        """Tell the partner once, for each `number` from 1, that `due_at` comes nearer."""

    async def answer(self, order: ResponseOrder) -> Dispute | Code:
        """Write down that this answer is sent now. The same one again is harmless.

        Refused: DISPUTE_STATE (it waits for no answer), DISPUTE_ANSWERED (another answer was taken
        or is on its way), EVIDENCE_TOO_LATE, EVIDENCE_MISSING (no such version).
        """

    async def answered(
        self, dispute_id: str, response: Response, version: int | None, state: ResponseState
    ) -> Dispute:
        """The provider took the answer, or refused it: then another one may be sent."""

    async def find(self, partner_id: str, dispute_id: str) -> Dispute | None: ...

    async def named(self, dispute_id: str) -> Dispute | None:
        """Whoever's it is: for what providers tell, and for operators."""

    async def list(self, partner_id: str | None, wanted: DisputeFilter) -> Sequence[Dispute]:
        """One page, newest first; with a partner_id of None everybody's, for operators."""


class EvidenceStore(Protocol):
    """What partners say against disputes, for ever as they said it. A dispute must be there."""

    async def keep_file(
        self, dispute_id: str, media_type: MediaType, content: bytes, at: datetime
    ) -> KeptFile | Code:
        """Keep a file that evidence may name; the same one again is the same.

        Refused, as add() is: DISPUTE_STATE, DISPUTE_ANSWERED, EVIDENCE_TOO_LATE,
        TOO_MUCH_EVIDENCE.
        """

    async def add(
        self,
        dispute_id: str,
        texts: Mapping[EvidenceText, str],
        files: Mapping[EvidenceFile, str],
        *,
        trace: str,
        at: datetime,
    ) -> Evidence | Code:
        """The next version; what the last one says already is that one. A file of another dispute
        is EVIDENCE_MISSING.
        """

    async def versions(self, dispute_id: str) -> Sequence[Evidence]:
        """The oldest first."""

    async def files(self, dispute_id: str) -> Sequence[KeptFile]:
        """The oldest first."""

    async def enclosed(
        self, dispute_id: str, version: int
    ) -> tuple[Mapping[EvidenceText, str], tuple[Enclosure, ...]]:
        """All of one version, with what is in its files. Raises LookupError."""
