"""What a caller can wait for, and what is raised when it takes longer than they would."""

from typing import TypeAlias

from quittance.batch_results import Batch
from quittance.card_results import Payment, Refund
from quittance.dispute_results import Dispute
from quittance.errors import QuittanceError
from quittance.payout_results import Payout
from quittance.results import Transaction

Followed: TypeAlias = Transaction | Payment | Refund | Dispute | Payout | Batch


class StillProcessing(QuittanceError):
    """It was still open when wait() ran out of time; `last` is how it stood. Ask again."""

    def __init__(self, last: Followed) -> None:
        super().__init__(last)
        self.last = last

    def __str__(self) -> str:
        return f"{type(self.last).__name__.lower()} is still open (trace {self.last.trace})"

    @property
    def retryable(self) -> bool:
        return True
