"""How secrets are sealed in the tables: bound to their row, each kind under a label of its own."""

from typing import Final, Protocol

API_KEY_SECRET: Final = "api-key-secret"
PROVIDER_SECRET: Final = "provider-secret"
WEBHOOK_SECRETS: Final = "provider-webhook-secrets"
RAIL_SECRET: Final = "rail-secret"
RAIL_WEBHOOK_SECRETS: Final = "rail-webhook-secrets"
ACCOUNT: Final = "destination-account"
SIGNING_SECRETS: Final = "endpoint-signing-secrets"


class Sealer(Protocol):
    """The part of payments.crypto.Vault that is needed here."""

    def seal(self, label: str, plaintext: bytes, aad: bytes = b"") -> bytes: ...

    def open(self, label: str, sealed: bytes, aad: bytes = b"") -> bytes: ...

    def seal_anew(self, label: str, sealed: bytes, aad: bytes = b"") -> bytes | None: ...


def seal_secret(sealer: Sealer, row_id: str, secret: str, label: str = API_KEY_SECRET) -> bytes:
    return sealer.seal(label, secret.encode(), row_id.encode())


def open_secret(sealer: Sealer, row_id: str, sealed: bytes, label: str = API_KEY_SECRET) -> str:
    """Raises the sealer's own error when none of its keys opens it."""
    return sealer.open(label, sealed, row_id.encode()).decode()
