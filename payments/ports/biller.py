"""What we need from a biller, whoever it is and however it is reached."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from payments.domain.bill import Bill, BillPayment, BillRef, Refused
from payments.domain.outcome import Outcome


class BillerUnavailable(Exception):
    """No answer to a call that moves no money. Nothing has to be asked after; try again later."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a biller can do, declared beside its adapter.

    settles_within: a payment that reached the biller is visible under its reference after this
    long at the latest. Before that, "no such payment" proves nothing; after that, it proves that
    the payment was never made and may be sent again under the same key.
    """

    honours_idempotency_keys: bool
    settles_within: timedelta


class Biller(Protocol):
    """One biller. Reads and holds raise BillerUnavailable; money always ends in an Outcome."""

    @property
    def capabilities(self) -> Capabilities: ...

    async def lookup(self, bill: BillRef) -> Bill | Refused:
        """What is owed. Refused: BILL_NOT_FOUND."""

    async def hold(self, bill: BillRef, *, hold_id: str) -> Bill | Refused:
        """Reserve the bill for us. Idempotent on hold_id.

        Refused: BILL_NOT_FOUND, BILL_ALREADY_PAID, BILL_LOCKED (held by another of its channels).
        """

    async def release(self, bill: BillRef, *, hold_id: str) -> None:
        """Give the hold back. Only that very hold; harmless when it is gone already."""

    async def pay(self, payment: BillPayment) -> Outcome:
        """Pay the bill once. The transaction id is the reference and the idempotency key.

        Ends in any of the five outcomes and never raises: a time-out, a reset, a 5xx or an
        unreadable answer is UNKNOWN; a connection that was never made is NOT_SENT.
        """

    async def confirm(self, payment: BillPayment, *, sent_by: datetime) -> Outcome:
        """Ask what became of a payment, by its reference; nothing is sent again.

        ACCEPTED, DECLINED, PENDING, UNKNOWN (no answer, or too early to tell), or NOT_SENT: the
        biller has surely never had it. `sent_by` is the latest moment the last attempt can have
        left us; Capabilities.settles_within counts from there, not from the acceptance, which may
        be an hour of failed connections earlier.
        """


class Billers(Protocol):
    """All billers we have an agreement with."""

    def get(self, biller_id: str) -> Biller | None:
        """The biller, or None when we do not know it."""
