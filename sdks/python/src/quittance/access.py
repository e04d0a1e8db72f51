"""Who we are to the gateway: the signed token request, and the access token it is good for."""

import hashlib
import hmac
import secrets
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final

import httpx2

from quittance.clock import Clock
from quittance.codes import Code
from quittance.errors import AuthenticationError
from quittance.exchange import Exchange
from quittance.operations import ANY_PRODUCT, Wanted
from quittance.reading import Envelope, Fields
from quittance.steps import Lock, Program, alone
from quittance.target import Target

# A token is replaced this long before its end, so that none expires on its way.
MARGIN_S: Final = 30.0


def sign_token_request(api_key: str, secret: str, timestamp: str, nonce: str) -> str:
    """The signature of a token request: lower-case hex HMAC-SHA256 over three lines.

    >>> sign_token_request("qk_test", "qs_test", "2026-04-30T08:21:14Z", "0123456789abcdef")
    'f96a0290177d75835d3636da63408ed7581222d808c40916b98d56a3138816a9'
    """
    text = f"{api_key}\n{timestamp}\n{nonce}"
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class Credentials:
    api_key: str
    secret: str = field(repr=False)
    scope: str | None = None


@dataclass(frozen=True, slots=True)
class Token:
    value: str = field(repr=False)
    good_until: float  # on the monotonic clock, which no correction of the wall clock moves


class Access:
    """One token for all calls of a product, fetched by one of them while the others wait."""

    def __init__(
        self, credentials: Credentials, target: Target, exchange: Exchange, clock: Clock
    ) -> None:
        self._credentials = credentials
        self._target = target
        self._exchange = exchange
        self._clock = clock
        self._tokens: dict[Wanted, Token] = {}

    def token(self, audience: Wanted, *, refused: Token | None = None) -> Program[Token]:
        """A token that is good now. `refused` is one the gateway does not take any more."""
        if (token := self._usable(audience, refused)) is not None:
            return token
        return (yield from alone(Lock.TOKEN, self._refresh(audience, refused)))

    def _usable(self, audience: Wanted, refused: Token | None) -> Token | None:
        known = [self._tokens.get(audience)]
        if audience == ANY_PRODUCT:
            known = [*self._tokens.values()]
        now = self._clock.monotonic()
        for token in known:
            if token is not None and token is not refused and now < token.good_until:
                return token
        return None

    def _refresh(self, audience: Wanted, refused: Token | None) -> Program[Token]:
        # Whoever waited for the lock finds the token that its holder fetched.
        if (token := self._usable(audience, refused)) is not None:
            return token
        asked_at = self._clock.monotonic()
        make = partial(self._request, audience)
        try:
            envelope = yield from self._exchange.ask(make, nonce=True)
        except AuthenticationError as error:
            if error.code != Code.P4002:
                raise
            self._clock.correct(Fields(error.data).moment("serverTime").timestamp())
            envelope = yield from self._exchange.ask(make, nonce=True)
        token = self._tokens[audience] = self._read(envelope, asked_at)
        return token

    def _read(self, envelope: Envelope, asked_at: float) -> Token:
        lifetime_s = envelope.fields.number("expiresIn")
        margin_s = min(MARGIN_S, lifetime_s / 10)
        return Token(envelope.fields.text("accessToken"), asked_at + lifetime_s - margin_s)

    def _request(self, audience: Wanted) -> httpx2.Request:
        """A new one for every attempt: the gateway takes each nonce once."""
        now = datetime.fromtimestamp(self._clock.now(), UTC)
        timestamp = now.isoformat(timespec="microseconds").replace("+00:00", "Z")
        nonce = secrets.token_urlsafe(18)
        body = {
            "apiKey": self._credentials.api_key,
            "timestamp": timestamp,
            "nonce": nonce,
            "signature": sign_token_request(
                self._credentials.api_key, self._credentials.secret, timestamp, nonce
            ),
        }
        if audience != ANY_PRODUCT:
            body["audience"] = audience
        if self._credentials.scope is not None:
            body["scope"] = self._credentials.scope
        # The answer's signature covers this key, so it can only be the answer to this request. That
        # is what lets us believe its serverTime before we know what time it is.
        return self._target.request("POST", "/v1/auth/token", body=body, key=str(uuid.uuid4()))
