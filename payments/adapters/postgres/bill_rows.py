"""Rows of the `transaction` table to values of the domain and back, and what an event says."""

from datetime import datetime
from typing import Any, Final

import orjson

from payments.adapters.postgres.json_text import theirs
from payments.db.session import Row
from payments.domain.bill import BillPayment, BillRef, LockRequest, Transaction, TransactionState
from payments.domain.codes import Code
from payments.domain.money import Money

# What is known when a payment begins, in the order of values().
COLUMNS: Final = (
    "id, partner_id, partner_transaction_id, lock_id, biller_id, bill_number, billing_period, "
    "amount_minor, fee_minor, currency, locked_at, accepted_at, trace"
)
ALL_COLUMNS: Final = f"{COLUMNS}, state, code, biller_reference, paid_at"


def values(payment: BillPayment) -> tuple[object, ...]:
    return (
        payment.transaction_id,
        payment.partner_id,
        payment.partner_transaction_id,
        payment.lock_id,
        *(payment.bill.biller_id, payment.bill.bill_number, payment.bill.billing_period),
        *agreed(payment),
        payment.locked_at,
        payment.accepted_at,
        payment.trace,
    )


def agreed(payment: BillPayment) -> tuple[int, int, str]:
    """amount_minor, fee_minor, currency: what may never differ from the row."""
    return payment.amount.minor, payment.fee.minor, payment.amount.currency


def payment(row: Row) -> BillPayment:
    return BillPayment(
        transaction_id=row["id"],
        partner_id=row["partner_id"],
        partner_transaction_id=row["partner_transaction_id"],
        lock_id=row["lock_id"],
        bill=BillRef(row["biller_id"], row["bill_number"], row["billing_period"]),
        amount=Money(row["amount_minor"], row["currency"]),
        fee=Money(row["fee_minor"], row["currency"]),
        locked_at=row["locked_at"],
        accepted_at=row["accepted_at"],
        trace=row["trace"],
    )


def transaction(row: Row) -> Transaction:
    return settled(
        payment(row),
        state=TransactionState(row["state"]),
        code=Code(row["code"]) if row["code"] else None,
        paid_at=row["paid_at"],
        biller_reference=row["biller_reference"],
    )


def settled(
    begun: BillPayment,
    *,
    state: TransactionState,
    code: Code | None,
    paid_at: datetime | None,
    biller_reference: str | None,
) -> Transaction:
    """A payment together with what became of it."""
    return Transaction(
        transaction_id=begun.transaction_id,
        partner_id=begun.partner_id,
        partner_transaction_id=begun.partner_transaction_id,
        lock_id=begun.lock_id,
        bill=begun.bill,
        amount=begun.amount,
        fee=begun.fee,
        state=state,
        code=code,
        locked_at=begun.locked_at,
        accepted_at=begun.accepted_at,
        paid_at=paid_at,
        biller_reference=theirs(biller_reference),
    )


def told_of_transaction(final: Transaction) -> str:
    """The data of bill.paid and bill.declined, with the names and forms of the partner API."""
    data: dict[str, Any] = {
        "transactionId": final.transaction_id,
        "partnerTransactionId": final.partner_transaction_id,
        "state": final.state,
        **_bill(final.bill),
        "amount": str(final.amount),
        "fee": str(final.fee),
        "currency": final.amount.currency,
        "lockedAt": _rfc3339(final.locked_at),
    }
    if final.paid_at is not None:
        data["paidAt"] = _rfc3339(final.paid_at)
    if final.biller_reference is not None:
        data["billerReference"] = final.biller_reference
    if final.code is not None:
        data |= {"declineCode": final.code, "reason": final.code.meaning.reason}
    return orjson.dumps(data).decode()


def told_of_lock(lock: LockRequest) -> str:
    """The data of bill.lock_expired."""
    return orjson.dumps({"lockId": lock.lock_id, **_bill(lock.bill)}).decode()


def _bill(bill: BillRef) -> dict[str, str]:
    return {
        "billerId": bill.biller_id,
        "billNumber": bill.bill_number,
        "billingPeriod": bill.billing_period,
    }


def _rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
