"""What we need from a card provider, whoever it is and however it is reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from payments.domain.card import Card
from payments.domain.charge import Answer, Operation, Question
from payments.domain.dispute import DisputeOrder, DisputeStatus, Found, Response
from payments.domain.evidence import Said
from payments.domain.method import Bank
from payments.domain.money import Money
from payments.domain.payment import Attempt


class ProviderUnavailable(Exception):
    """No answer to a call that moves no money. Nothing has to be asked after; try again later."""


class ForgedWebhook(Exception):
    """The signature does not fit the bytes, the secret or the time."""


class UnreadableWebhook(Exception):
    """Properly signed, and still nothing we can read."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a provider can do, declared beside its adapter.

    settles_within: a call that reached the provider is visible under its reference after this long
    at the latest. Before that, "no such payment" proves nothing; after that, it proves that it
    never arrived and may be sent again under the same key.
    authorization_lasts: how long an uncaptured authorisation can be captured.
    codes: the countries whose codes it shows to customers, each with their currency.
    """

    kind: str
    honours_idempotency_keys: bool
    settles_within: timedelta
    authorization_lasts: timedelta
    partial_captures: bool
    multiple_captures: bool
    partial_refunds: bool
    challenges: bool
    codes: Mapping[str, str] = field(default_factory=dict)


class Meaning(StrEnum):
    """What a provider's webhook is about."""

    PAYMENT = "payment"
    REFUND = "refund"
    DISPUTE = "dispute"
    PAYOUT = "payout"
    UNKNOWN = "unknown"


class Says(StrEnum):
    """What a webhook claims, in our words. REFUND_* are about a refund, PAYOUT_* about a payout,
    the others about an attempt.
    """

    NOTHING = ""
    PENDING = "pending"
    CHALLENGE = "challenge"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    DECLINED = "declined"
    VOIDED = "voided"
    EXPIRED = "expired"
    REFUND_PENDING = "refund_pending"
    REFUND_SUCCEEDED = "refund_succeeded"
    REFUND_FAILED = "refund_failed"
    PAYOUT_SENT = "payout_sent"
    PAYOUT_PAID = "payout_paid"
    PAYOUT_FAILED = "payout_failed"
    PAYOUT_RETURNED = "payout_returned"


@dataclass(frozen=True, slots=True)
class DisputeTold:
    """What a webhook claims of a dispute."""

    order: DisputeOrder
    status: DisputeStatus
    fee: Money
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One verified webhook. It is a reason to ask, never the truth by itself.

    `reference` is our own name of the attempt, refund or dispute it speaks of. `amount` is what it
    says is reserved, captured so far, refunded or disputed; a partial capture's is less than the
    order's.
    """

    event_id: str
    type: str
    meaning: Meaning
    reference: str | None = None
    operation: Operation | None = None
    amount: Money | None = None
    says: Says = Says.NOTHING
    at: datetime | None = None
    dispute: DisputeTold | None = None
    # The names of what came for a code.
    receipts: tuple[str, ...] = ()


class Provider(Protocol):
    """One provider. Calls that move money never raise; they always end in an Answer."""

    @property
    def capabilities(self) -> Capabilities: ...

    async def authorize(self, attempt: Attempt) -> Answer:
        """Reserve, or with order.capture take, the amount. Key: attempt.reference.

        ACCEPTED authorised or captured · PENDING with a challenge, or they decide later ·
        DECLINED · NOT_SENT · UNKNOWN.
        """

    async def capture(self, attempt: Attempt, *, key: str, amount: Money, final: bool) -> Answer:
        """Take a part of what is reserved. `final` gives the rest back."""

    async def void(self, attempt: Attempt) -> Answer:
        """Give back everything that is reserved and end a challenge. Harmless twice.

        DECLINED means that it is too late: it was captured.
        """

    async def refund(
        self, attempt: Attempt, *, key: str, amount: Money, receipt: str | None = None
    ) -> Answer:
        """Give captured money back to its source, or what came as `receipt`.

        Key: the refund's id.
        """

    async def inquire(self, question: Question) -> Answer:
        """What became of a call, by our own reference: authoritative; nothing is sent again.

        ACCEPTED, DECLINED, PENDING (with the challenge while one is open), UNKNOWN (no answer, or
        too early to tell), or NOT_SENT: the provider surely never had it.
        """

    async def card(self, token: str) -> Card | None:
        """What the vault tells of a method token. Raises ProviderUnavailable. None: no such."""

    async def banks(self) -> Sequence[Bank]:
        """Where it can send customers to pay. Raises ProviderUnavailable. Empty: nowhere."""

    async def dispute(self, reference: str) -> Found | None:
        """A dispute by the provider's own name, as it stands there now. None: no such.

        Raises ProviderUnavailable, also for one that cannot be understood.
        """

    async def respond(self, said: Said) -> Answer:
        """Answer a dispute with evidence, or accept it. Key: said.key.

        ACCEPTED · DECLINED (too late, answered before, or a file that they cannot read) · NOT_SENT,
        also while only files have been given · UNKNOWN.
        """

    async def responded(self, reference: str, response: Response, *, sent_by: datetime) -> Answer:
        """What became of an answer. ACCEPTED · DECLINED, it ended without it · NOT_SENT, it still
        waits for one · UNKNOWN, no word or too early to tell.
        """

    def webhook(self, raw: bytes, headers: Mapping[str, str], now: datetime) -> Told:
        """Verify the raw bytes, then read. Raises ForgedWebhook or UnreadableWebhook."""


class Providers(Protocol):
    """All providers we have an agreement with."""

    def get(self, provider_id: str) -> Provider | None:
        """The provider, or None when we do not know it. A suspended one is still here."""

    def kinds(self) -> Mapping[str, str]:
        """Every provider that takes new payments, with its kind."""

    def vault(self, token: str) -> Provider | None:
        """Who can tell what is behind a method token, by the token's own form."""
