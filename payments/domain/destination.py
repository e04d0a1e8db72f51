"""Where payouts go: an account or a card behind a token. What it really is stays sealed."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class DestinationKind(StrEnum):
    BANK = "bank"
    CARD = "card"


class DestinationState(StrEnum):
    """Whether the rail knows it: money goes to VERIFIED ones only."""

    UNVERIFIED = "unverified"
    VERIFIED = "verified"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Account:
    """What a rail needs to pay somebody. Never logged, never in a history, sealed at rest.

    `number` is an IBAN, an account number beside `bank_code`, or a card's token in its vault.
    """

    kind: DestinationKind
    country: str
    number: str = field(repr=False)
    holder: str = field(repr=False, default="")
    bank_code: str = field(repr=False, default="")
    bic: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination as partners are told. `shown` is the end of its number, `bank` its bank's name.

    `fingerprint` is the same for the same account. `rail` is who pays it.
    """

    destination_id: str
    partner_id: str
    reference: str
    customer_id: str | None
    kind: DestinationKind
    country: str
    currency: str
    shown: str
    bank: str | None
    fingerprint: str
    rail: str
    state: DestinationState
    reason: str | None
    created_at: datetime
    # SHA-256 of what was asked, keyed: tells the same destination asked again from another one.
    content: str
