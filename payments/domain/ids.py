"""Every derived id is built here, with its inverse beside it.

Ids come from the business object, never from an attempt: two tries of one request meet at one id.
"""

import hashlib
import re
from datetime import datetime
from typing import Final
from uuid import UUID, uuid5

from payments.domain.bill import BillRef
from payments.domain.trace import ALPHABET

_LOCKS: Final = UUID("5b0d1c0e-6f2b-5a51-9d5e-2f6c1f8f7a10")
_TESTS: Final = UUID("b1a6a0e3-3f0c-5f5e-8d0e-6d6f2c1d9a47")
TRANSACTION_PREFIX: Final = "TXN-"
PAYMENT_PREFIX: Final = "pay_"
REFUND_PREFIX: Final = "re_"
CASE_PREFIX: Final = "case_"
CAPTURE_PREFIX: Final = "cap_"
DISPUTE_PREFIX: Final = "dp_"
FILE_PREFIX: Final = "file_"
CUSTOMER_PREFIX: Final = "cus_"
BATCH_PREFIX: Final = "ba_"
PAYOUT_PREFIX: Final = "po_"
DESTINATION_PREFIX: Final = "dst_"
EVENT_PREFIX: Final = "evt_"
ENDPOINT_PREFIX: Final = "whe_"
# The workflow id of the one that sends events to partners.
EVENT_RELAY: Final = "event-relay"
# And of the one that looks again at what providers told us and nobody could take.
INBOUND_WATCH: Final = "inbound-watch"
# And of the one that begins again what the engine has lost.
LOST_WATCH: Final = "lost-watch"
_KNOWN_OUTSIDE: Final = re.compile(r"(pay|re|case|po)_[0-9a-z]{26}(?![0-9a-z])", re.ASCII)


def bill_lock(bill: BillRef) -> str:
    """The workflow id of a bill's lock: one open workflow per bill, so one payer at a time."""
    return f"bill-lock:{bill.biller_id}:{bill.bill_number}:{bill.billing_period}"


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


def payment_id(partner_id: str, reference: str) -> str:
    """`pay_` and 26 characters that depend on the partner and its own reference alone."""
    return PAYMENT_PREFIX + _name("payment", partner_id, reference)


def refund_id(partner_id: str, reference: str) -> str:
    return REFUND_PREFIX + _name("refund", partner_id, reference)


def is_ours(reference: str) -> bool:
    """Whether it has the form of what we call things by at providers and rails."""
    return _KNOWN_OUTSIDE.match(reference) is not None


def case_id(provider: str, receipt_id: str) -> str:
    """A case is born of a receipt: a provider's own name of the money that came."""
    return CASE_PREFIX + _name("case", provider, receipt_id)


def case_refund(case_id: str, number: int) -> str:
    """The `number`th refund of a case, as the provider knows it; the ones before were declined."""
    return f"{case_id}-{number}"


def case_of_refund(reference: str) -> str | None:
    """The case that a refund of this name belongs to; None for any other refund."""
    case_id, _, number = reference.rpartition("-")
    return case_id if case_id.startswith(CASE_PREFIX) and number.isdigit() else None


def capture_key(payment_id: str, request_key: str) -> str:
    """A capture's name at the provider: the partner's reference for it, or its Idempotency-Key."""
    return CAPTURE_PREFIX + _name("capture", payment_id, request_key)


def dispute_id(provider: str, reference: str) -> str:
    """A dispute is born at a provider: its own name of it is what ours depends on."""
    return DISPUTE_PREFIX + _name("dispute", provider, reference)


def file_id(dispute_id: str, digest: bytes) -> str:
    """The same file given twice to one dispute is one. `digest` is SHA-256 of its bytes."""
    return FILE_PREFIX + _name("file", dispute_id, digest.hex())


def response_key(dispute_id: str, stage: str, version: int | None) -> str:
    """Our answer to a dispute as its provider knows it: one for each stage, and each version of
    the evidence; without a version it is accepted.
    """
    return f"{dispute_id}-{stage}-{'accept' if version is None else version}"


def customer_id(partner_id: str, reference: str) -> str:
    return CUSTOMER_PREFIX + _name("customer", partner_id, reference)


def payout_id(partner_id: str, reference: str) -> str:
    return PAYOUT_PREFIX + _name("payout", partner_id, reference)


def leg_refund(payout_id: str, number: int) -> str:
    """The refund that is a leg of a payout."""
    return REFUND_PREFIX + _name("leg", payout_id, str(number))


def leg_transfer(payout_id: str, number: int) -> str:
    """The payout over a rail that is a leg of another one."""
    return PAYOUT_PREFIX + _name("leg", payout_id, str(number))


def destination_id(partner_id: str, reference: str) -> str:
    return DESTINATION_PREFIX + _name("destination", partner_id, reference)


def endpoint_id(partner_id: str, request_key: str) -> str:
    """A webhook endpoint is born of one request: its Idempotency-Key, or its trace without one."""
    return ENDPOINT_PREFIX + _name("endpoint", partner_id, request_key)


def batch_id(partner_id: str, reference: str) -> str:
    return BATCH_PREFIX + _name("batch", partner_id, reference)


def lock_of_row(partner_id: str, batch_id: str, line: int) -> str:
    """The lock that a batch's row asks for."""
    return lock_id(partner_id, f"{batch_id} {line}")


def lock_of_run(lock_id: str, run_id: str) -> str:
    """The lock that one run of a row's workflow takes: no other run can use it for its payment."""
    return str(uuid5(_LOCKS, f"{lock_id}\n{run_id}"))


def event_name(event_id: UUID) -> str:
    """What partners know an event by: `evt_` and 26 characters."""
    return EVENT_PREFIX + _letters(event_id.int)


def event_of_name(name: str) -> UUID:
    """The inverse of event_name(). Raises ValueError for anything else."""
    letters = name.removeprefix(EVENT_PREFIX)
    number = 0
    for letter in letters.upper():
        number = number << 5 | ALPHABET.index(letter)
    if number >> 128 or event_name(UUID(int=number)) != name:
        raise ValueError(f"not the name of an event: {name}")
    return UUID(int=number)


def delivery(event_id: UUID, endpoint_id: str, round_: int) -> str:
    """The id of the standalone activity that makes the later tries of a delivery."""
    again = f":{round_}" if round_ > 1 else ""
    return f"webhook:{event_name(event_id)}:{endpoint_id}{again}"


def test_event(endpoint_id: str, request_key: str) -> UUID:
    """The event of a press on the test button: a repeated press is the same one."""
    return uuid5(_TESTS, f"{endpoint_id}\n{request_key}")


def _name(*parts: str) -> str:
    digest = hashlib.sha256("\n".join(parts).encode()).digest()
    return _letters(int.from_bytes(digest[:17], "big"))


def _letters(number: int) -> str:
    """The last 130 bits."""
    return "".join(ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5)).lower()


def payment(payment_id: str) -> str:
    """The workflow id of a payment."""
    return f"payment:{payment_id}"


def batch(batch_id: str) -> str:
    """The workflow id of a batch."""
    return f"batch:{batch_id}"


def challenge(payment_id: str, number: int) -> str:
    """The workflow id of a payment's challenge; one for each attempt that asks for one."""
    return f"challenge:{payment_id}:{number}"


def refund(refund_id: str) -> str:
    """The workflow id of a refund."""
    return f"refund:{refund_id}"


def dispute(dispute_id: str) -> str:
    """The workflow id of a dispute."""
    return f"dispute:{dispute_id}"


def payout(payout_id: str) -> str:
    """The workflow id of a payout."""
    return f"payout:{payout_id}"


def payout_return(payout_id: str) -> str:
    """The workflow id of a payout's way back after it was paid."""
    return f"payout-return:{payout_id}"


def case(provider: str, receipt_id: str) -> str:
    """The workflow id of a case; one for each receipt."""
    return f"case:{provider}:{receipt_id}"


def reversal(attempt: str) -> str:
    """The workflow id of sending back what one attempt took too late."""
    return f"reversal:{attempt}"


def reversal_refund(attempt: str) -> str:
    """The refund of what one attempt took too late, as the provider knows it."""
    return f"{attempt}-back"


def attempt_of_reversal_refund(reference: str) -> str | None:
    """The attempt whose late money that refund sends back; None for any other refund."""
    attempt, back, rest = reference.rpartition("-back")
    return attempt if back and not rest else None


def payment_of_attempt(reference: str) -> str:
    """The payment whose attempt bears this reference. Raises ValueError for anything else."""
    payment_id, _, number = reference.rpartition("-")
    if not payment_id.startswith(PAYMENT_PREFIX) or not number.isdigit():
        raise ValueError(f"not the reference of an attempt: {reference}")
    return payment_id
