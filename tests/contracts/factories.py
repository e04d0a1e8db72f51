"""Payments and their like with fresh ids, to change where a test cares."""

from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import uuid4

from payments.domain import ids
from payments.domain.bill import Agreement, BillPayment, BillRef, LockRequest
from payments.domain.money import Money
from payments.domain.outcome import Outcome, OutcomeKind

NOW = datetime(2026, 4, 30, 8, 21, 14, 123456, tzinfo=UTC)
_bill_numbers = count(1_000_000_000)


def make_bill(**changes: Any) -> BillRef:
    return BillRef(
        **{
            "biller_id": "DESCO",
            "bill_number": str(next(_bill_numbers)),
            "billing_period": "2026-04",
            **changes,
        }
    )


def make_payment(**changes: Any) -> BillPayment:
    partner_id = changes.get("partner_id", "partner_1")
    theirs = changes.get("partner_transaction_id", f"order-{uuid4()}")
    return BillPayment(
        **{
            "transaction_id": ids.transaction_id(partner_id, theirs, NOW),
            "partner_id": partner_id,
            "partner_transaction_id": theirs,
            "lock_id": str(uuid4()),
            "bill": make_bill(),
            "amount": Money(125_000, "BDT"),
            "fee": Money(1_250, "BDT"),
            "locked_at": NOW,
            "accepted_at": NOW,
            "trace": f"{partner_id}.20260430T082114123Z.7K3Q9XW2",
            **changes,
        }
    )


def make_lock(**changes: Any) -> LockRequest:
    return LockRequest(
        **{
            "lock_id": str(uuid4()),
            "partner_id": "partner_1",
            "bill": make_bill(),
            "agreement": Agreement(0, 100),
            "trace": "partner_1.20260430T082114123Z.7K3Q9XW2",
            "acquire_by": NOW,
            **changes,
        }
    )


def accepted(**changes: Any) -> Outcome:
    return Outcome(OutcomeKind.ACCEPTED, **{"reference": f"DESCO-{uuid4()}", "at": NOW, **changes})
