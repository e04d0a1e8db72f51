"""What a partner got from the office, and how it asks for a token with it."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class PartnerKey:
    id: str
    api_key: str
    secret: str

    def token_request(self, **changes: Any) -> dict[str, Any]:
        """A signed token request; `changes` are made before it is signed, None leaves out."""
        body = {
            "apiKey": self.api_key,
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds")[:-6] + "Z",
            "nonce": secrets.token_hex(12),
            **changes,
        }
        text = "\n".join(str(body[name]) for name in ("apiKey", "timestamp", "nonce"))
        signature = hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()
        return {"signature": signature} | body
