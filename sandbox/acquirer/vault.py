"""The vault: takes a card number once, gives a token for it, and forgets the number."""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.acquirer.cards import BY_NUMBER, CARDS, Card
from sandbox.acquirer.entries import TokenMade, as_line
from sandbox.acquirer.names import in_letters, new_name
from sandbox.moments import now, written

FURTHEST_EXPIRY_YEARS = 50


@dataclass(frozen=True, slots=True)
class CardTyped:
    """What the customer typed. It lives for one request and is never written anywhere."""

    number: str
    exp_month: int
    exp_year: int
    cvc: str

    def __repr__(self) -> str:
        return "CardTyped(…)"


class Vault:
    def __init__(self, append: Callable[[bytes], None], fingerprint_key: bytes) -> None:
        self._append = append
        self._fingerprint_key = fingerprint_key
        self._tokens: dict[str, TokenMade] = {}
        self._made: dict[tuple[str, str, int, int], TokenMade] = {}

    def token(self, token: str) -> TokenMade | None:
        return self._tokens.get(token)

    def card(self, token: str) -> Card | None:
        made = self._tokens.get(token)
        return CARDS.get(made.card) if made is not None else None

    def take(self, typed: CardTyped, client_token: str) -> TokenMade:
        """The same card typed twice under one client token is one method."""
        card = BY_NUMBER[typed.number]
        digest = hmac.new(self._fingerprint_key, typed.number.encode(), hashlib.sha256)
        fingerprint = f"fp_{in_letters(digest.digest()[:20])}"
        known = self._made.get((client_token, fingerprint, typed.exp_month, typed.exp_year))
        if known is not None:
            return known
        made = TokenMade(
            at=now(),
            token=new_name("tok"),
            client_token=client_token,
            card=card.name,
            last4=typed.number[-4:],
            exp_month=typed.exp_month,
            exp_year=typed.exp_year,
            fingerprint=fingerprint,
        )
        self.fold(made)
        self._append(as_line(made))
        return made

    def fold(self, made: TokenMade) -> None:
        self._tokens[made.token] = made
        about = (made.client_token, made.fingerprint, made.exp_month, made.exp_year)
        self._made[about] = made


def objection(typed: CardTyped) -> tuple[str, str] | None:
    """The field that is wrong, and why."""
    return _about_number(typed.number) or _about_expiry(typed) or _about_cvc(typed)


def _about_number(number: str) -> tuple[str, str] | None:
    if not (number.isascii() and number.isdigit() and 12 <= len(number) <= 19):
        return "number", "must be 12 to 19 digits"
    if not fits_luhn(number):
        return "number", "is mistyped: its check digit is wrong"
    if number not in BY_NUMBER:
        return "number", "is no test card; real cards have no place in a sandbox"
    return None


def _about_expiry(typed: CardTyped) -> tuple[str, str] | None:
    today = datetime.now(UTC)
    if not 1 <= typed.exp_month <= 12:
        return "expMonth", "must be 1 to 12"
    if not today.year <= typed.exp_year <= today.year + FURTHEST_EXPIRY_YEARS:
        return "expYear", "is over, or too far away"
    if (typed.exp_year, typed.exp_month) < (today.year, today.month):
        return "expMonth", "is over"
    return None


def _about_cvc(typed: CardTyped) -> tuple[str, str] | None:
    places = 4 if BY_NUMBER[typed.number].brand == "amex" else 3
    if not (typed.cvc.isascii() and typed.cvc.isdigit() and len(typed.cvc) == places):
        return "cvc", f"must be {places} digits"
    return None


def token_as_json(made: TokenMade) -> dict[str, object]:
    card = CARDS[made.card]
    return {
        "token": made.token,
        "clientToken": made.client_token,
        "brand": card.brand,
        "bin": card.bin,
        "last4": made.last4,
        "expMonth": made.exp_month,
        "expYear": made.exp_year,
        "country": card.country,
        "funding": card.funding,
        "fingerprint": made.fingerprint,
        "aliases": {"sandbox": made.token, "stripe": card.stripe},
        "createdAt": written(made.at),
    }


def fits_luhn(number: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
