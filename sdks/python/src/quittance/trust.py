"""Which answers are believed: RFC 9421 signatures and RFC 9530 digests by the gateway's own keys.

An answer must be signed for this very question (method, target, Idempotency-Key), over its status,
type, trace and body, by a key that the gateway publishes for answers.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import httpx2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from http_message_signatures import (
    HTTPMessageVerifier,
    HTTPSignatureKeyResolver,
    InvalidSignature,
    algorithms,
)
from http_message_signatures.httpx2 import adapt_message

from quittance.clock import Clock
from quittance.errors import ForgedAnswer, TransportError
from quittance.steps import Lock, Program, alone, send
from quittance.target import Target

JWKS_PATH: Final = "/.well-known/jwks.json"
LABEL: Final = "quittance"
COMPONENTS: Final = (
    "@status",
    '"@method";req',
    '"@target-uri";req',
    "content-type",
    "quittance-trace",
    "content-digest",
)
KEY_COMPONENT: Final = '"idempotency-key";req'

FRESH_FOR_S: Final = 300
# The gateway keeps a first answer for 24 hours and gives the same bytes, signature and all, again.
REPLAYED_FOR_S: Final = 24 * 3600 + FRESH_FOR_S
# The gateway refuses token requests from clocks further off than this, so ours never is.
AHEAD_FOR_S: Final = 60

Keys = Mapping[str, Ed25519PublicKey]


@dataclass(frozen=True, slots=True)
class Signed:
    """When a valid signature was made, and until when it says it holds."""

    created_s: int
    expires_s: int | None

    def refuse_stale(self, now_s: float, fresh_for_s: float) -> None:
        age_s = now_s - self.created_s
        if age_s > fresh_for_s or (self.expires_s is not None and now_s > self.expires_s):
            raise ForgedAnswer(f"the answer was signed {age_s:.0f} s ago by this machine's clock")
        if age_s < -AHEAD_FOR_S:
            raise ForgedAnswer(f"the answer is dated {-age_s:.0f} s ahead of this machine's clock")


class Trust:
    """The gateway's answer keys: pinned by the caller, or learned from the gateway on first use."""

    def __init__(self, target: Target, clock: Clock, pinned: Iterable[str] | None = None) -> None:
        self._target = target
        self._clock = clock
        self._keys: Keys = {thumbprint(x): _public_key(x) for x in pinned or ()}
        self._pinned = pinned is not None
        if self._pinned and not self._keys:
            raise ValueError("answer_keys is empty: leave it out to trust the gateway's own set")
        self._fetches = 0

    def check(self, response: httpx2.Response) -> Program[Signed]:
        """Raises ForgedAnswer. An unknown key is looked for once: the gateway may have rotated."""
        fetches = self._fetches
        try:
            return verified(response, self._keys)
        except UnknownKey:
            yield from alone(Lock.KEYS, self._learn(fetches))
        try:
            return verified(response, self._keys)
        except UnknownKey as unknown:
            raise ForgedAnswer(str(unknown), response.status_code) from unknown

    def _learn(self, fetches: int) -> Program[None]:
        if self._fetches != fetches:
            return  # Another call fetched them while this one waited for the lock.
        request = self._target.request("GET", JWKS_PATH)
        # A set from a cache on the way would not yet have the key that is looked for.
        request.headers["Cache-Control"] = "no-cache"
        try:
            response = yield from send(request)
        except httpx2.RequestError as error:
            raise TransportError("the gateway's answer keys could not be fetched") from error
        if response.status_code != httpx2.codes.OK:
            raise TransportError(f"the gateway's answer keys: HTTP {response.status_code}")
        try:
            self._keys = self._accepted(response)
        except (UnknownKey, ValueError, RecursionError) as error:
            raise ForgedAnswer(f"the key set is not to be used: {error}") from error
        self._fetches += 1

    def _accepted(self, response: httpx2.Response) -> Keys:
        """Raises ForgedAnswer, UnknownKey, and ValueError for what is no key set."""
        if self._pinned:
            # Only a key that is trusted already can vouch for a new one: that is what pinning is.
            verified(response, self._keys).refuse_stale(self._clock.now(), FRESH_FOR_S)
            return {**self._keys, **answer_keys(response.content)}
        # The set vouches for itself, which proves possession and nothing more: who it is, TLS has
        # to say. Its date proves nothing against somebody who can choose the keys.
        published = answer_keys(response.content)
        verified(response, published)
        return published


def verified(response: httpx2.Response, keys: Keys) -> Signed:
    """Check signature, coverage and digest, but not the age. Raises ForgedAnswer, UnknownKey."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        # The digest is over the bytes as sent, and we asked for them as they are.
        raise ForgedAnswer("the answer is encoded though none was accepted", response.status_code)
    has_key = "idempotency-key" in response.request.headers
    required = (*COMPONENTS, KEY_COMPONENT) if has_key else COMPONENTS
    verifier = _Verifier(signature_algorithm=algorithms.ED25519, key_resolver=_Resolver(keys))
    try:
        (result,) = verifier.verify(
            adapt_message(response),
            max_age=None,
            expect_tag=LABEL,
            expect_label=LABEL,
            require_components=required,
            body=response.content,
        )
    except Exception as error:
        # Whatever goes wrong while verifying, the answer is not verified.
        if isinstance(error.__cause__, UnknownKey):
            raise error.__cause__ from None
        raise ForgedAnswer(f"the answer is not verified: {error}", response.status_code) from error
    created, expires = result.parameters["created"], result.parameters.get("expires")
    assert isinstance(created, int), "the verifier refuses anything else"
    return Signed(created, expires if isinstance(expires, int) else None)


def answer_keys(jwks: bytes) -> dict[str, Ed25519PublicKey]:
    """The Ed25519 keys of a JWKS that may sign answers, by key id. Other keys are left out."""
    document = json.loads(jwks)
    found: object = document.get("keys") if isinstance(document, dict) else None
    keys = {}
    for jwk in found if isinstance(found, list) else ():
        if not isinstance(jwk, dict) or jwk.get("purpose") != "answer":
            continue
        kid, x = jwk.get("kid"), jwk.get("x")
        if (jwk.get("kty"), jwk.get("crv")) != ("OKP", "Ed25519") or not isinstance(x, str):
            continue
        # A key whose id is not its own thumbprint could stand in for another.
        if kid == thumbprint(x):
            keys[kid] = _public_key(x)
    return keys


def thumbprint(x: str) -> str:
    """The key id of an Ed25519 public key: RFC 7638."""
    members = {"crv": "Ed25519", "kty": "OKP", "x": x}
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(hashlib.sha256(canonical).digest()).rstrip(b"=").decode()


def _public_key(x: str) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(x + "=" * (-len(x) % 4)))
    except ValueError:
        raise ValueError("an Ed25519 public key is 32 bytes of base64url") from None


class UnknownKey(Exception):
    def __init__(self, key_id: str) -> None:
        super().__init__(f"signed by {key_id[:64]!r}, which is no answer key of the gateway")


class _Resolver(HTTPSignatureKeyResolver):
    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    def resolve_public_key(self, key_id: str) -> Ed25519PublicKey:
        if key_id not in self._keys:
            raise UnknownKey(key_id)
        return self._keys[key_id]

    def resolve_private_key(self, key_id: str) -> NoReturn:
        raise NotImplementedError("this package verifies and never signs answers")


class _Verifier(HTTPMessageVerifier):
    """Leaves the age to us: only we know the gateway's time when this machine's clock is wrong."""

    def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
        assert max_age is None, "the age is checked by Signed.refuse_stale"
        if "created" not in sig_input.params:
            raise InvalidSignature("the signature does not say when it was made")
