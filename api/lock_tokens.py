"""The lock token: opaque to partners, sealed for one of them, naming one execution of one lock."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import orjson

from payments.crypto import Unsealable, Vault
from payments.domain.bill import BillRef, Lock
from payments.domain.money import Money

_LABEL: Final = "lock-token"


class UnknownLock(Exception):
    """Not a lock token, or not this partner's. The two cannot be told apart, on purpose."""


@dataclass(frozen=True, slots=True)
class HeldLock:
    """What a token says. `run_id` fences: only that execution of the bill's lock takes it."""

    lock_id: str
    run_id: str
    bill: BillRef
    amount: Money
    expires_at: datetime


class LockTokens:
    """Sealing is deterministic: a lock has one token, however often its answer is made again."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def seal(self, partner_id: str, lock: Lock) -> str:
        bill, expires_ms = lock.bill, int(lock.expires_at.timestamp() * 1000)
        plain = orjson.dumps(
            [
                lock.lock_id,
                lock.run_id,
                [bill.biller_id, bill.bill_number, bill.billing_period],
                [lock.amount.minor, lock.amount.currency],
                expires_ms,
            ]
        )
        sealed = self._vault.seal_stable(_LABEL, plain, partner_id.encode())
        return urlsafe_b64encode(sealed).rstrip(b"=").decode()

    def open(self, partner_id: str, token: str) -> HeldLock:
        """Raises UnknownLock."""
        try:
            sealed = urlsafe_b64decode(token + "=" * (-len(token) % 4))
            plain = self._vault.open_stable(_LABEL, sealed, partner_id.encode())
        except (ValueError, Unsealable) as error:
            raise UnknownLock from error
        lock_id, run_id, bill, amount, expires_ms = orjson.loads(plain)
        expires_at = datetime.fromtimestamp(expires_ms / 1000, UTC)
        return HeldLock(lock_id, run_id, BillRef(*bill), Money(*amount), expires_at)
