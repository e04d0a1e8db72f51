"""What we need from a payout rail, whoever it is and however it is reached."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from payments.domain.destination import Account, DestinationKind
from payments.domain.payout import PayoutOrder
from payments.domain.rail import RailProfile, TransferAnswer, TransferQuestion, Verification
from payments.ports.provider import Told


class RailUnavailable(Exception):
    """No answer to a call that moves no money. Nothing has to be asked after; try again later."""


@dataclass(frozen=True, slots=True)
class RailCapabilities:
    """What a rail can do, declared beside its adapter.

    settles_within: a transfer that reached the rail is visible under its reference after this long
    at the latest. Before that, "no such transfer" proves nothing; after that, it proves that it
    never arrived and may be sent again under the same key.
    """

    kind: str
    honours_idempotency_keys: bool
    settles_within: timedelta


class Rail(Protocol):
    """One rail. A call that moves money never raises; it always ends in an answer."""

    @property
    def capabilities(self) -> RailCapabilities: ...

    async def verify(self, account: Account, currency: str) -> Verification:
        """Whether there is such an account, and whether it is its holder's. Moves no money.

        Raises RailUnavailable.
        """

    async def send(self, order: PayoutOrder, account: Account) -> TransferAnswer:
        """Hand over one transfer. Key: the payout's id.

        ACCEPTED the rail has it · DECLINED it does not take it · NOT_SENT · UNKNOWN.
        """

    async def inquire(self, question: TransferQuestion) -> TransferAnswer:
        """What became of a transfer, by the payout's id: authoritative; nothing is sent again.

        ACCEPTED with its state, DECLINED, UNKNOWN (no answer, or too early to tell), or NOT_SENT:
        the rail surely never had it.
        """

    def webhook(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Told:
        """Verify the raw bytes, then read. Raises ForgedWebhook or UnreadableWebhook."""


class Rails(Protocol):
    """All rails we have an agreement with."""

    def get(self, rail_id: str) -> Rail | None:
        """The rail, or None when we do not know it. A suspended one is still here."""

    def profile(self, rail_id: str) -> RailProfile | None:
        """How it is described."""

    def taking(self, kind: DestinationKind, currency: str) -> RailProfile | None:
        """Who pays such destinations in this currency: the first by id that is active."""
