"""Who may call us, held in memory and kept true by the database's own notifications."""

from datetime import datetime
from typing import Protocol

from payments.domain.bill import Agreement
from payments.domain.card_terms import CardTerms
from payments.domain.partner import Partner
from payments.domain.payout_terms import PayoutTerms


class Partners(Protocol):
    """A directory without I/O in its reads: authentication costs no SQL.

    Await fresh() once for each request, then read.
    """

    async def fresh(self) -> None:
        """Return when the directory is true as of a few seconds ago; mostly that is at once.

        Raises RecordUnavailable when that cannot be known: a partner or key may have been suspended
        without us hearing of it.
        """

    def get(self, partner_id: str) -> Partner | None: ...

    def by_key(self, key_id: str) -> Partner | None: ...

    def agreement(self, partner_id: str, biller_id: str) -> Agreement | None:
        """None: this partner cannot pay this biller."""

    def card_terms(self, partner_id: str) -> CardTerms | None:
        """None: this partner takes no cards."""

    def payout_terms(self, partner_id: str) -> PayoutTerms | None:
        """None: this partner pays nothing out."""

    def is_revoked(self, token_id: str) -> bool:
        """Whether an access token's jti was revoked."""


class TokenRequests(Protocol):
    """Remembers token requests so that each works once."""

    async def first_use(self, key_id: str, nonce: str, timestamp: datetime) -> bool:
        """True the first time, False ever after (within the window in which it could be valid)."""
