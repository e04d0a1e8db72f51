"""What a careful partner does with the key set: take the answer keys, ask again for new ones."""

from collections import defaultdict
from typing import Any, Final

import httpx2
import jwt
from http_message_signatures import HTTPSignatureKeyResolver

# Of each key set, for all who verify by it: fetching costs as much as fifty answers.
_KNOWN: Final = defaultdict[str, dict[str, Any]](dict)


class PublishedKeys(HTTPSignatureKeyResolver):
    """The answer keys of the gateway's key set; fetched once, and again for a new key."""

    def __init__(self, api: str) -> None:
        self._url = f"{api}/.well-known/jwks.json"
        self._keys = _KNOWN[self._url]

    def resolve_public_key(self, key_id: str) -> Any:
        if key_id not in self._keys:
            for key in httpx2.get(self._url, verify=False).json()["keys"]:
                if key["purpose"] == "answer":
                    self._keys[key["kid"]] = jwt.PyJWK(key).key
        return self._keys[key_id]

    def resolve_private_key(self, key_id: str) -> Any:
        raise NotImplementedError(key_id)
