"""How the secrets of API keys are sealed in the table: bound to their key, under one label."""

from typing import Final, Protocol

_LABEL: Final = "api-key-secret"


class Sealer(Protocol):
    """The part of payments.crypto.Vault that is needed here."""

    def seal(self, label: str, plaintext: bytes, aad: bytes = b"") -> bytes: ...

    def open(self, label: str, sealed: bytes, aad: bytes = b"") -> bytes: ...


def seal_secret(sealer: Sealer, key_id: str, secret: str) -> bytes:
    return sealer.seal(_LABEL, secret.encode(), key_id.encode())


def open_secret(sealer: Sealer, key_id: str, sealed: bytes) -> str:
    """Raises the sealer's own error when none of its keys opens it."""
    return sealer.open(_LABEL, sealed, key_id.encode()).decode()
