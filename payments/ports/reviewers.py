"""Who may say a word on a payout that waits for two people."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from payments.domain.partner import Standing


@dataclass(frozen=True, slots=True)
class Reviewer:
    name: str
    standing: Standing
    token_made_at: datetime


class Reviewers(Protocol):
    """Each has one token, which nobody but they ever has: only its digest is kept."""

    async def token_for(self, name: str) -> str:
        """A new token, shown this once; one that they had is good no more. Ann and ann are one.

        Raises ValueError for what is no operator's name.
        """

    async def set_standing(self, name: str, standing: Standing) -> None:
        """Raises LookupError for an unknown name."""

    async def named_by(self, token: str) -> str | None:
        """The name of whoever's token it is; None for nobody's, and for who is suspended."""

    async def list(self) -> list[Reviewer]:
        """By name."""
