"""Every derived id is built here, with its inverse beside it.

Ids come from the business object, never from an attempt: two tries of one request meet at one id.
"""

import hashlib
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from payments.domain.bill import BillRef
from payments.domain.trace import ALPHABET

_LOCKS: Final = UUID("5b0d1c0e-6f2b-5a51-9d5e-2f6c1f8f7a10")
TRANSACTION_PREFIX: Final = "TXN-"


def bill_lock(bill: BillRef) -> str:
    """The workflow id of a bill's lock: one open workflow per bill, so one payer at a time."""
    return f"bill-lock:{bill.biller_id}:{bill.bill_number}:{bill.billing_period}"


def bill_of_lock(workflow_id: str) -> BillRef:
    """The inverse of bill_lock(). Raises ValueError for the id of anything else."""
    kind, biller_id, bill_number, billing_period = workflow_id.split(":")
    if kind != "bill-lock":
        raise ValueError(f"not the id of a bill lock: {workflow_id}")
    return BillRef(biller_id, bill_number, billing_period)


def lock_id(partner_id: str, request_key: str) -> str:
    """A lock is born of one request: its Idempotency-Key names it, or its trace without one."""
    return str(uuid5(_LOCKS, f"{partner_id}\n{request_key}"))


def transaction_id(partner_id: str, partner_transaction_id: str, accepted_at: datetime) -> str:
    """`TXN-2026-04-` and 16 characters that depend on the partner and its own id alone."""
    digest = hashlib.sha256(f"{partner_id}\n{partner_transaction_id}".encode()).digest()
    number = int.from_bytes(digest[:10], "big")
    tail = "".join(ALPHABET[(number >> shift) & 31] for shift in range(75, -1, -5))
    return f"{TRANSACTION_PREFIX}{accepted_at:%Y-%m}-{tail}"


def pay_update(transaction_id: str) -> str:
    """The id of the pay update: the same payment asked for twice is one update.

    The month is left out, so that a retry across midnight of the last day still meets the first.
    """
    return f"pay:{transaction_id.rsplit('-', 1)[1]}"
