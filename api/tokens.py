"""Access tokens: JWTs signed with EdDSA, bound to a product, to scopes and to an address range."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, Final

import jwt
from uuid_utils import uuid7

from payments.crypto import Vault
from payments.domain.partner import ApiKey, Partner, Product, Scope
from payments.keys import KeyRing

ALGORITHM: Final = "EdDSA"
TYPE: Final = "at+jwt"
_CLAIMS: Final = ("iss", "sub", "aud", "scope", "exp", "iat", "jti", "ipHash", "azp")
# Checking a signature costs more than the rest of a status request; a token is used many times.
_REMEMBERED: Final = 10_000


class NotOurs(Exception):
    """The text is not an access token of ours, or is not valid any more."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """The claims of a token whose signature was checked."""

    id: str
    partner_id: str
    key_id: str
    audience: str
    scopes: frozenset[Scope]
    expires_at_s: int
    ip_hash: str


class AccessTokens:
    def __init__(self, keys: KeyRing, vault: Vault, *, issuer: str, ttl_s: int) -> None:
        self._keys = keys
        self._vault = vault
        self._issuer = issuer
        self.ttl_s = ttl_s
        self._read: OrderedDict[str, AccessToken] = OrderedDict()

    def ip_hashes(self, partner_id: str, network: str) -> list[str]:
        """Keyed, because there are few enough addresses to try them all against a plain hash.

        The first is the one to issue; the others were issued before the master secret rotated.
        """
        text = f"{partner_id}\n{network}".encode()
        return [mac.hex() for mac in self._vault.macs("ip-hash", text)]

    def issue(
        self,
        partner: Partner,
        key: ApiKey,
        product: Product,
        scopes: frozenset[Scope],
        network: str,
    ) -> str:
        issued_at_s = int(time.time())
        claims = {
            "iss": self._issuer,
            "sub": partner.id,
            "aud": product,
            "azp": key.id,
            "scope": " ".join(sorted(scopes)),
            "iat": issued_at_s,
            "exp": issued_at_s + self.ttl_s,
            "jti": str(uuid7()),
            "ipHash": self.ip_hashes(partner.id, network)[0],
        }
        headers = {"kid": self._keys.current_id, "typ": TYPE}
        return jwt.encode(claims, self._keys.current, algorithm=ALGORITHM, headers=headers)

    def read(self, text: str) -> AccessToken:
        """Check a token and return its claims. Raises NotOurs, without saying why."""
        token = self._read.get(text)
        if token is None:
            token = self._verify(text)
            self._read[text] = token
            if len(self._read) > _REMEMBERED:
                self._read.popitem(last=False)
        if time.time() >= token.expires_at_s:
            self._read.pop(text, None)
            raise NotOurs
        return token

    def _verify(self, text: str) -> AccessToken:
        try:
            header = jwt.get_unverified_header(text)
            # No header but these three may have a say: no jku, jwk, x5u or crit of a stranger.
            if header.keys() != {"alg", "kid", "typ"} or header["typ"] != TYPE:
                raise NotOurs
            key = self._keys.public(str(header["kid"]))
            if key is None:
                raise NotOurs
            claims: dict[str, Any] = jwt.decode(
                text,
                key,
                algorithms=[ALGORITHM],
                options={"require": list(_CLAIMS), "verify_aud": False, "verify_iss": False},
            )
            return self._token(claims)
        except (jwt.PyJWTError, ValueError, TypeError, KeyError) as error:
            raise NotOurs from error

    def _token(self, claims: dict[str, Any]) -> AccessToken:
        """Exact types and an exact issuer: a list or a substring is not ours."""
        if claims["iss"] != self._issuer or type(claims["exp"]) is not int:
            raise NotOurs
        if not all(isinstance(claims[name], str) for name in _CLAIMS if name not in {"exp", "iat"}):
            raise NotOurs
        return AccessToken(
            id=claims["jti"],
            partner_id=claims["sub"],
            key_id=claims["azp"],
            audience=claims["aud"],
            scopes=frozenset(Scope(each) for each in claims["scope"].split(" ")),
            expires_at_s=claims["exp"],
            ip_hash=claims["ipHash"],
        )
