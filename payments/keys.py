"""Ed25519 key rings for tokens and answers, and the JWKS that publishes them.

The first seed of a ring signs; the others are still published, so that what they signed verifies
during a rotation. A key's id is its RFC 7638 thumbprint.
"""

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Self

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import SecretStr


class Purpose(StrEnum):
    """What a published key may verify. A verifier takes only keys of its own purpose."""

    ACCESS_TOKEN = "access-token"
    ANSWER = "answer"


def decode_secret(text: SecretStr) -> bytes:
    """Read 32 bytes in base64url, with or without padding. Raises ValueError otherwise."""
    value = text.get_secret_value()
    raw = urlsafe_b64decode(value + "=" * (-len(value) % 4))
    if len(raw) != 32:
        raise ValueError("a key is 32 bytes in base64url")
    return raw


def _public_jwk(key: Ed25519PublicKey) -> dict[str, str]:
    x = urlsafe_b64encode(key.public_bytes_raw()).rstrip(b"=").decode()
    return {"crv": "Ed25519", "kty": "OKP", "x": x}


def thumbprint(key: Ed25519PublicKey) -> str:
    """RFC 7638: SHA-256 over the required members in lexical order."""
    digest = hashlib.sha256(orjson.dumps(_public_jwk(key), option=orjson.OPT_SORT_KEYS)).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


class KeyRing:
    """The private keys of one purpose, current first."""

    def __init__(self, purpose: Purpose, seeds: Sequence[bytes]) -> None:
        self.purpose = purpose
        keys = [Ed25519PrivateKey.from_private_bytes(seed) for seed in seeds]
        self._keys = {thumbprint(key.public_key()): key for key in keys}
        self.current_id = next(iter(self._keys))
        self.current = self._keys[self.current_id]

    @classmethod
    def from_settings(cls, purpose: Purpose, secrets: Sequence[SecretStr]) -> Self:
        return cls(purpose, [decode_secret(secret) for secret in secrets])

    def public(self, key_id: str) -> Ed25519PublicKey | None:
        key = self._keys.get(key_id)
        return key.public_key() if key else None

    def jwks(self) -> list[dict[str, Any]]:
        return [
            {
                **_public_jwk(key.public_key()),
                "kid": key_id,
                "use": "sig",
                "alg": "EdDSA",
                "key_ops": ["verify"],
                "purpose": self.purpose,
            }
            for key_id, key in self._keys.items()
        ]
