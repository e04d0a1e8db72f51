"""A card as we may know it: a token and what its vault tells, never its number."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from payments.domain.codes import Code


@dataclass(frozen=True, slots=True)
class Card:
    """What a vault says of the card behind a method token.

    `aliases` is the card's name at each kind of provider that can charge it, such as
    {"sandbox": "tok_…", "stripe": "pm_…"}. `fingerprint` is the same for the same number.
    """

    token: str
    brand: str
    bin: str
    last4: str
    exp_month: int
    exp_year: int
    country: str
    fingerprint: str
    aliases: dict[str, str]
    client_token: str | None = None
    # When the vault took the card; a client token has to have been valid then, not now.
    tokenised_at: datetime | None = None


class DeclineKind(StrEnum):
    """What may follow a decline.

    SOFT another provider or a later time may help · HARD this card is over · AUTHENTICATE the
    issuer wants a challenge first, once · NEVER the network forbids any further try.
    """

    SOFT = "soft"
    HARD = "hard"
    AUTHENTICATE = "authenticate"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Decline:
    """An issuer's or provider's "no": our code, and their own words for it.

    `network_code` is ISO 8583's response code, `advice` Mastercard's merchant advice code.
    """

    code: Code
    raw: str
    network_code: str | None = None
    advice: str | None = None


# Visa's category 1 (the issuer will never approve) as of its rules of 2026-04, and Mastercard's
# advice codes 03 (do not try again) and 21 (stop).
VISA_NEVER: Final = frozenset(
    {"04", "07", "12", "14", "15", "41", "43", "46", "57", "R0", "R1", "R3"}
)
MASTERCARD_NEVER: Final = frozenset({"03", "21"})
_SOFT: Final = frozenset(
    {
        Code.INSUFFICIENT_FUNDS,
        Code.DO_NOT_HONOR,
        Code.LIMIT_EXCEEDED,
        Code.BANK_UNAVAILABLE,
    }
)


def kind_of(decline: Decline, brand: str) -> DeclineKind:
    """Network rules first: they stand above everything an operator or a partner may want."""
    if brand == "visa" and decline.network_code in VISA_NEVER:
        return DeclineKind.NEVER
    if brand == "mastercard" and decline.advice in MASTERCARD_NEVER:
        return DeclineKind.NEVER
    if decline.code is Code.AUTHENTICATION_REQUIRED:
        return DeclineKind.AUTHENTICATE
    return DeclineKind.SOFT if decline.code in _SOFT else DeclineKind.HARD
