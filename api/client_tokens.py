"""Client tokens: what a partner gives its front end, so that a card becomes a method for one sale.

Bound to the partner, the amount, the currency and the customer; fifteen minutes; one payment each.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import jwt
from uuid_utils import uuid7

from api.tokens import ALGORITHM
from payments.domain.money import Money
from payments.keys import KeyRing

TYPE: Final = "client+jwt"
TTL_S: Final = 900
# The clock of the vault that took the card is not ours.
SKEW_S: Final = 60
_CLAIMS: Final = ("iss", "sub", "amount", "currency", "exp", "iat", "jti")


class NotForThisSale(Exception):
    """Not a client token of ours, or one for something else, or too late."""


class Stranger(Exception):
    """A client token of another partner."""


@dataclass(frozen=True, slots=True)
class Sale:
    """What a client token is bound to."""

    partner_id: str
    amount: Money
    customer_id: str | None


class ClientTokens:
    def __init__(self, keys: KeyRing, *, issuer: str) -> None:
        self._keys = keys
        self._issuer = issuer

    def issue(self, sale: Sale) -> tuple[str, datetime]:
        """The token and its end."""
        issued_at_s = int(time.time())
        claims = {
            "iss": self._issuer,
            "sub": sale.partner_id,
            "amount": str(sale.amount),
            "currency": sale.amount.currency,
            "iat": issued_at_s,
            "exp": issued_at_s + TTL_S,
            "jti": str(uuid7()),
        }
        if sale.customer_id is not None:
            claims["customer"] = sale.customer_id
        headers = {"kid": self._keys.current_id, "typ": TYPE}
        text = jwt.encode(claims, self._keys.current, algorithm=ALGORITHM, headers=headers)
        return text, datetime.fromtimestamp(issued_at_s + TTL_S, UTC)

    def spend(self, text: str, sale: Sale, at: datetime) -> str:
        """The token's own id, if it is for this very sale and was valid `at` that moment.

        Raises NotForThisSale or Stranger. That it is spent only once is the record's business.
        """
        claims = self._verified(text)
        if claims["sub"] != sale.partner_id:
            raise Stranger
        told = (claims["amount"], claims["currency"], claims.get("customer"))
        bound = (str(sale.amount), sale.amount.currency, sale.customer_id)
        in_time = claims["iat"] - SKEW_S <= at.timestamp() < claims["exp"]
        if told != bound or not in_time:
            raise NotForThisSale
        return str(claims["jti"])

    def is_of(self, text: str, partner_id: str) -> bool:
        """Whether it is one of this partner's, for whatever sale."""
        try:
            return bool(self._verified(text)["sub"] == partner_id)
        except NotForThisSale:
            return False

    def _verified(self, text: str) -> dict[str, Any]:
        try:
            header = jwt.get_unverified_header(text)
            if header.keys() != {"alg", "kid", "typ"} or header["typ"] != TYPE:
                raise NotForThisSale
            key = self._keys.public(str(header["kid"]))
            if key is None:
                raise NotForThisSale
            claims: dict[str, Any] = jwt.decode(
                text,
                key,
                algorithms=[ALGORITHM],
                # Its time is compared with the moment the card was taken, which may be long ago.
                options={"require": list(_CLAIMS), "verify_exp": False, "verify_iat": False},
            )
        except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
            raise NotForThisSale from error
        if claims["iss"] != self._issuer:
            raise NotForThisSale
        if not all(type(claims[name]) is int for name in ("exp", "iat")):
            raise NotForThisSale
        return claims
