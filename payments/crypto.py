"""The vault: seals and authenticates what only we may read or make, one sub key per purpose.

Every key is derived from a master secret and a label (HKDF-SHA256), so that a lock token never
opens as an API secret. The first master secret seals; the rest still open what they sealed, which
is how a master secret is rotated.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_MASTER_BYTES: Final = 32
# NIST SP 800-38D, 8.2.2: a random nonce of 96 bits.
_NONCE_BYTES: Final = 12
# RFC 5297: the synthetic IV, which is also the tag.
_SIV_BYTES: Final = 16


class Unsealable(Exception):
    """No key of ours opens this: it was forged, damaged, or sealed for another purpose."""


class Vault:
    """Seals under the first master secret, opens under any. `aad` binds a seal to its place."""

    def __init__(self, secret_keys: Sequence[bytes]) -> None:
        assert secret_keys, "a vault needs a master secret"
        assert all(len(key) == _MASTER_BYTES for key in secret_keys), "a master secret is 32 bytes"
        self._masters = tuple(bytes(key) for key in secret_keys)

    def __repr__(self) -> str:
        return f"Vault({len(self._masters)} master secrets)"

    def seal(self, label: str, plaintext: bytes, aad: bytes = b"") -> bytes:
        """AES-256-GCM: the same plaintext never looks the same twice."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + _gcm(self._masters[0], label).encrypt(nonce, plaintext, aad)

    def open(self, label: str, sealed: bytes, aad: bytes = b"") -> bytes:
        """The inverse of seal(). Raises Unsealable."""
        nonce, box = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
        if len(nonce) < _NONCE_BYTES:
            raise Unsealable("too short to be sealed")
        return self._try_all(lambda master: _gcm(master, label).decrypt(nonce, box, aad))

    def seal_anew(self, label: str, sealed: bytes, aad: bytes = b"") -> bytes | None:
        """Under the current master secret; None when it is that already. Raises Unsealable."""
        try:
            Vault(self._masters[:1]).open(label, sealed, aad)
        except Unsealable:
            return self.seal(label, self.open(label, sealed, aad), aad)
        return None

    def seal_stable(self, label: str, plaintext: bytes, aad: bytes = b"") -> bytes:
        """AES-256-SIV: the same plaintext gives the same bytes while the master secret stays."""
        return _siv(self._masters[0], label).encrypt(plaintext, [aad])

    def open_stable(self, label: str, sealed: bytes, aad: bytes = b"") -> bytes:
        """The inverse of seal_stable(). Raises Unsealable."""
        if len(sealed) <= _SIV_BYTES:
            raise Unsealable("too short to be sealed")
        return self._try_all(lambda master: _siv(master, label).decrypt(sealed, [aad]))

    def mac(self, label: str, data: bytes) -> bytes:
        """HMAC-SHA256 with the current master secret's sub key."""
        return self.macs(label, data)[0]

    def macs(self, label: str, data: bytes) -> list[bytes]:
        """By every master secret, current first: what was made before a rotation still compares."""
        keys = (_sub_key(master, label, 32) for master in self._masters)
        return [hmac.digest(key, data, hashlib.sha256) for key in keys]

    def _try_all(self, decrypt: Callable[[bytes], bytes]) -> bytes:
        for master in self._masters:
            try:
                return decrypt(master)
            except InvalidTag:
                continue
        raise Unsealable("no key of ours opens this")


# Labels are constants of ours, so the caches stay small.
@lru_cache(maxsize=256)
def _sub_key(master: bytes, label: str, length: int) -> bytes:
    return HKDF(SHA256(), length, salt=None, info=b"quittance:" + label.encode()).derive(master)


@lru_cache(maxsize=256)
def _gcm(master: bytes, label: str) -> AESGCM:
    return AESGCM(_sub_key(master, f"gcm:{label}", 32))


@lru_cache(maxsize=256)
def _siv(master: bytes, label: str) -> AESSIV:
    return AESSIV(_sub_key(master, f"siv:{label}", 64))
