"""Who may come in: one-time token requests, access tokens, addresses, scopes and rate limits."""

import hashlib
import hmac
import time
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from fastapi import Request
from limits import RateLimitItemPerMinute
from limits.aio.storage import Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter

from api.addresses import Address, Addresses
from api.answers import Refusal
from api.exchange import Caller, Exchange
from api.tokens import AccessToken, AccessTokens, NotOurs
from payments.domain.codes import Code
from payments.domain.partner import ApiKey, Needed, Partner, Product, Scope, Standing
from payments.ports.partners import Partners, TokenRequests

WINDOW: Final = timedelta(seconds=60)
# Failures are counted and refused; a correct request never pays for somebody else's failures.
FAILURES_PER_KEY: Final = RateLimitItemPerMinute(100)
FAILURES_PER_ADDRESS: Final = RateLimitItemPerMinute(300)
_PRODUCTS: Final = {each.value: each for each in Product}
_REMEMBERED: Final = 10_000
_NO_SECRET: Final = b"a key that does not exist takes as long as one that does"


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """What a partner signs to get an access token, as it was sent."""

    api_key: str
    timestamp: str
    at: datetime
    nonce: str
    signature: str
    scope: str | None
    audience: str | None


class Access:
    def __init__(
        self,
        *,
        partners: Partners,
        tokens: AccessTokens,
        token_requests: TokenRequests,
        addresses: Addresses,
        storage: Storage,
    ) -> None:
        self._partners = partners
        self._tokens = tokens
        self._token_requests = token_requests
        self._addresses = addresses
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self.ttl_s = tokens.ttl_s
        self._arrived: OrderedDict[tuple[str, Address | None], Partner] = OrderedDict()

    async def admit(self, request: Request, needed: Needed) -> Caller:
        """Prove the caller by its access token. Costs no SQL.

        Raises Refusal.
        """
        await self._partners.fresh()
        token = self._read_token(request)
        partner = self._partners.get(token.partner_id)
        if partner is None or self._partners.is_revoked(token.id):
            raise _not_a_token()
        Exchange.of(request).caller = caller = Caller(
            partner, token.scopes, _PRODUCTS.get(token.audience)
        )
        key = partner.key(token.key_id)
        if key is None or key.is_over(_now()):
            raise _not_a_token()
        if Standing.SUSPENDED in (partner.standing, key.standing):
            raise Refusal(Code.SUSPENDED)
        scope = needed.get(caller.product, needed.get(None))
        if scope is None:
            wanted = " or ".join(each for each in needed if each is not None)
            raise Refusal(Code.AUDIENCE_WRONG, {"audience": wanted})
        self._refuse_address(request, partner, token)
        if scope not in token.scopes:
            raise Refusal(Code.SCOPE_MISSING, {"scope": scope})
        await self._limit(partner)
        return caller

    def recognise(self, request: Request) -> Caller | None:
        """Whose token this is, admitted or not: for what is written down of a refused request."""
        try:
            token = self._read_token(request)
        except Refusal:
            return None
        partner = self._partners.get(token.partner_id)
        return Caller(partner, token.scopes) if partner else None

    def _read_token(self, request: Request) -> AccessToken:
        scheme, _, text = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Refusal(Code.TOKEN_INVALID, headers={"WWW-Authenticate": "Bearer"})
        try:
            return self._tokens.read(text)
        except NotOurs:
            raise _not_a_token() from None

    def _refuse_address(self, request: Request, partner: Partner, token: AccessToken) -> None:
        """The caller must come from the very range the token was given to.

        What was found once holds for as long as the partner is described by the same object.
        """
        address = self._addresses.client(request.scope)
        if self._arrived.get((token.id, address)) is partner:
            return
        for network in _around(partner, address):
            for each in self._tokens.ip_hashes(partner.id, network):
                if hmac.compare_digest(each.encode(), token.ip_hash.encode()):
                    self._remember((token.id, address), partner)
                    return
        raise Refusal(Code.ADDRESS_REFUSED)

    def _remember(self, arrival: tuple[str, Address | None], partner: Partner) -> None:
        self._arrived[arrival] = partner
        if len(self._arrived) > _REMEMBERED:
            self._arrived.popitem(last=False)

    async def _limit(self, partner: Partner) -> None:
        allowed = RateLimitItemPerMinute(partner.requests_per_minute)
        if not await self._limiter.hit(allowed, "requests", partner.id):
            raise Refusal(Code.RATE_LIMITED, retry_after_s=await self._wait_s(allowed, partner.id))

    async def _wait_s(self, item: RateLimitItemPerMinute, partner_id: str) -> int:
        stats = await self._limiter.get_window_stats(item, "requests", partner_id)
        return max(1, int(stats.reset_time - time.time()) + 1)

    async def issue(self, request: Request, asked: TokenRequest | None) -> tuple[str, str]:
        """Answer a token request: the access token and its scope. Raises Refusal.

        None stands for credentials that are missing or not even well formed.
        """
        await self._partners.fresh()
        partner = self._partners.by_key(asked.api_key) if asked else None
        key = partner.key(asked.api_key) if asked and partner else None
        if asked is None or not _is_signed(asked, key) or partner is None or key is None:
            raise await self._failure(request, asked)
        Exchange.of(request).caller = Caller(partner, frozenset())
        if abs(_now() - asked.at) > WINDOW:
            raise Refusal(Code.CLOCK_SKEW, {"serverTime": _rfc3339(_now())})
        if Standing.SUSPENDED in (partner.standing, key.standing) or key.is_over(_now()):
            raise await self._failure(request, asked)
        networks = _around(partner, self._addresses.client(request.scope))
        if not networks:
            raise Refusal(Code.ADDRESS_REFUSED)
        scopes, product = _granted(key, asked.scope), _product(key, asked.audience)
        await self._limit(partner)
        if not await self._token_requests.first_use(key.id, asked.nonce, asked.at):
            raise Refusal(Code.REQUEST_REPLAYED)
        text = self._tokens.issue(partner, key, product, scopes, networks[0])
        return text, " ".join(sorted(scopes))

    async def _failure(self, request: Request, asked: TokenRequest | None) -> Refusal:
        """The same refusal for an unknown key and a wrong signature, until there are too many."""
        address = str(self._addresses.client(request.scope))
        within = await self._limiter.hit(FAILURES_PER_ADDRESS, "failures", address)
        if asked is not None:
            named = hashlib.sha256(asked.api_key.encode()).hexdigest()
            within = await self._limiter.hit(FAILURES_PER_KEY, "failures", named) and within
        if not within:
            return Refusal(Code.RATE_LIMITED, retry_after_s=60)
        return Refusal(Code.CREDENTIALS_WRONG)


def _not_a_token() -> Refusal:
    return Refusal(Code.TOKEN_INVALID, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def _is_signed(asked: TokenRequest, key: ApiKey | None) -> bool:
    secret = key.secret.encode() if key else _NO_SECRET
    text = f"{asked.api_key}\n{asked.timestamp}\n{asked.nonce}"
    expected = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), asked.signature.encode()) and key is not None


def _granted(key: ApiKey, asked: str | None) -> frozenset[Scope]:
    if asked is None:
        return key.scopes
    wanted = frozenset(asked.split(" "))
    if not wanted <= key.scopes:
        raise Refusal(Code.SCOPE_MISSING, {"scope": min(wanted - key.scopes)[:100]})
    return frozenset(Scope(each) for each in wanted)


def _product(key: ApiKey, asked: str | None) -> Product:
    """The one that was asked for, or the key's first."""
    if asked is None:
        return key.product
    for each in key.products:
        if each == asked:
            return each
    raise Refusal(Code.AUDIENCE_WRONG, {"audience": key.product})


def _around(partner: Partner, address: Address | None) -> list[str]:
    """The partner's ranges that hold this address."""
    if address is None:
        return []
    return [str(each) for each in partner.ranges if address in each]


def _now() -> datetime:
    return datetime.now(UTC)


def _rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
