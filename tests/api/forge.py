"""Access tokens as a thief would make them, and as a thief with our own key would."""

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from payments.keys import thumbprint

# Stands for a claim or header that is left out.
ABSENT: Final = object()


class Forge:
    """Remakes a token of ours. Unless told otherwise it signs with the gateway's own key."""

    def __init__(self, genuine: str, seed: str) -> None:
        self.genuine = genuine
        self.key = Ed25519PrivateKey.from_private_bytes(decoded(seed))
        self.claims: dict[str, Any] = jwt.decode(genuine, options={"verify_signature": False})
        self.header: dict[str, Any] = jwt.get_unverified_header(genuine)
        assert self.header["kid"] == thumbprint(self.key.public_key()), "not the signing key"

    def token(
        self,
        claims: Mapping[str, Any] | None = None,
        header: Mapping[str, Any] | None = None,
        key: Ed25519PrivateKey | None = None,
    ) -> str:
        """The genuine token with these changes, signed by `key`, well formed in all else; as if it
        had been given just now, because a run may take longer than a token is good for.
        """
        now = int(time.time())
        fresh = {"iat": now, "exp": now + self.claims["exp"] - self.claims["iat"]}
        told = self.claims | fresh | {"jti": f"forged-{time.monotonic_ns()}"} | dict(claims or {})
        return compact(
            _without_absent(self.header | dict(header or {})),
            _without_absent(told),
            (key or self.key).sign,
        )

    @property
    def parts(self) -> tuple[str, str, str]:
        head, body, signature = self.genuine.split(".")
        return head, body, signature


def compact(header: Any, claims: Any, sign: Any) -> str:
    """A JWT by hand: no library refuses to write what it would refuse to read."""
    text = f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims).encode())}"
    return f"{text}.{encoded(sign(text.encode()))}"


def encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _without_absent(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if value is not ABSENT}
