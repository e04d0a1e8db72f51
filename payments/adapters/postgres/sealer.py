"""How the secrets of API keys are sealed in the table: bound to their key, under one label."""

from typing import Final, Protocol

API_KEY_SECRET: Final = "api-key-secret"


class Sealer(Protocol):
    """The part of payments.crypto.Vault that is needed here."""

    def seal(self, label: str, plaintext: bytes, aad: bytes = b"") -> bytes: ...

    def open(self, label: str, sealed: bytes, aad: bytes = b"") -> bytes: ...

    def seal_anew(self, label: str, sealed: bytes, aad: bytes = b"") -> bytes | None: ...


def seal_secret(sealer: Sealer, key_id: str, secret: str) -> bytes:
    return sealer.seal(API_KEY_SECRET, secret.encode(), key_id.encode())


def open_secret(sealer: Sealer, key_id: str, sealed: bytes) -> str:
    """Raises the sealer's own error when none of its keys opens it."""
    return sealer.open(API_KEY_SECRET, sealed, key_id.encode()).decode()
