"""The record of cases: written together with the ledger and the events."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from payments.domain.case import Case, CaseEnd, CaseFound, CaseReason, CaseStatus, Opened


@dataclass(frozen=True, slots=True)
class CaseFilter:
    """Which cases to list. `after` is the id of the last one of the page before."""

    status: CaseStatus | None = None
    reason: CaseReason | None = None
    payment_id: str | None = None
    after: str | None = None
    limit: int = 50


class Cases(Protocol):
    """Each write is one SQL transaction: read model, ledger posting and outgoing event together.

    Every write is idempotent: the same call again changes nothing and returns the same.
    """

    async def open(self, found: CaseFound) -> Opened:
        """Write down that money came which pays for nothing, and put it into suspense.

        None: it pays, or will, for its payment. A receipt of a provider is one case for ever.
        """

    async def close(self, end: CaseEnd) -> Case:
        """Say what became of the money. Raises MoveRefused when it was closed as something else."""

    async def find(self, partner_id: str, case_id: str) -> Case | None: ...

    async def named(self, case_id: str) -> Case | None:
        """Whoever's it is: for operators, and for what providers tell."""

    async def list(self, partner_id: str | None, wanted: CaseFilter) -> Sequence[Case]:
        """One page, newest first; without a partner, of all."""
