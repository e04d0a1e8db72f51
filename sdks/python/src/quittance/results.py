"""What the calls return: frozen values, amounts as Decimal, moments with their time zone.

`trace` names the one line in the gateway's request log that this value came from.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self

from quittance.reading import Envelope, Fields


class BillState(StrEnum):
    PAYABLE = "PAYABLE"
    LOCKED = "LOCKED"
    PAID = "PAID"


class TransactionState(StrEnum):
    """PROCESSING becomes PAID or DECLINED; those two are never left."""

    PROCESSING = "PROCESSING"
    PAID = "PAID"
    DECLINED = "DECLINED"


@dataclass(frozen=True, slots=True)
class Bill:
    """One bill of one period, as the biller has it."""

    biller_id: str
    bill_number: str
    billing_period: str
    amount: Decimal
    currency: str
    due_date: date
    customer_name: str
    state: BillState
    trace: str

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        fields = envelope.fields
        return cls(
            biller_id=fields.text("billerId"),
            bill_number=fields.text("billNumber"),
            billing_period=fields.text("billingPeriod"),
            amount=fields.amount("amount"),
            currency=fields.text("currency"),
            due_date=fields.day("dueDate"),
            customer_name=fields.text("customerName"),
            state=fields.state("state", BillState),
            trace=envelope.trace,
        )


@dataclass(frozen=True, slots=True)
class Lock:
    """A bill held for you until `expires_at`. A pay accepted before then is honoured after it."""

    # Whoever has the token can spend the lock, so it stays out of logs and tracebacks.
    lock_token: str = field(repr=False)
    locked_at: datetime
    expires_at: datetime
    amount: Decimal
    fee: Decimal
    currency: str
    biller_id: str
    bill_number: str
    billing_period: str
    trace: str

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        fields = envelope.fields
        return cls(
            lock_token=fields.text("lockToken"),
            locked_at=fields.moment("lockedAt"),
            expires_at=fields.moment("expiresAt"),
            amount=fields.amount("amount"),
            fee=fields.amount("fee"),
            currency=fields.text("currency"),
            biller_id=fields.text("billerId"),
            bill_number=fields.text("billNumber"),
            billing_period=fields.text("billingPeriod"),
            trace=envelope.trace,
        )


@dataclass(frozen=True, slots=True)
class ReleasedLock:
    """The lock was given back; anybody may take the bill now."""

    biller_id: str
    bill_number: str
    billing_period: str
    state: str
    trace: str

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        fields = envelope.fields
        return cls(
            biller_id=fields.text("billerId"),
            bill_number=fields.text("billNumber"),
            billing_period=fields.text("billingPeriod"),
            state=fields.text("state"),
            trace=envelope.trace,
        )


@dataclass(frozen=True, slots=True)
class Transaction:
    """One payment. `transaction_id` is the gateway's, `partner_transaction_id` yours.

    What is not known yet, or never will be for this state, is None.
    """

    transaction_id: str
    partner_transaction_id: str
    state: TransactionState
    amount: Decimal
    fee: Decimal | None
    currency: str
    biller_id: str
    bill_number: str
    billing_period: str
    locked_at: datetime | None
    paid_at: datetime | None
    biller_reference: str | None
    decline_code: str | None
    reason: str | None
    trace: str

    @property
    def is_final(self) -> bool:
        return self.state is not TransactionState.PROCESSING

    @property
    def is_pending(self) -> bool:
        return not self.is_final

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        fields = envelope.fields
        return cls(
            transaction_id=fields.text("transactionId"),
            partner_transaction_id=fields.text("partnerTransactionId"),
            state=fields.state("state", TransactionState),
            amount=fields.amount("amount"),
            fee=fields.optional_amount("fee"),
            currency=fields.text("currency"),
            biller_id=fields.text("billerId"),
            bill_number=fields.text("billNumber"),
            billing_period=fields.text("billingPeriod"),
            locked_at=fields.optional_moment("lockedAt"),
            paid_at=fields.optional_moment("paidAt"),
            biller_reference=fields.optional_text("billerReference"),
            decline_code=fields.optional_text("declineCode"),
            reason=fields.optional_text("reason"),
            trace=envelope.trace,
        )


@dataclass(frozen=True, slots=True)
class CodeMeaning:
    """One row of the gateway's own table of codes."""

    code: str
    http_status: int
    status: str
    retryable: bool
    actor: str
    reason: str | None
    message: str

    @classmethod
    def read_all(cls, envelope: Envelope) -> tuple[Self, ...]:
        return tuple(cls._read(row) for row in envelope.fields.rows("codes"))

    @classmethod
    def _read(cls, row: Fields) -> Self:
        return cls(
            code=row.text("code"),
            http_status=row.number("httpStatus"),
            status=row.text("status"),
            retryable=row.flag("retryable"),
            actor=row.text("actor"),
            reason=row.optional_text("reason"),
            message=row.text("message"),
        )


@dataclass(frozen=True, slots=True)
class Health:
    """The gateway answers and is ready. When it is not, health() raises ServerError."""

    state: str
    trace: str

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        return cls(state=envelope.fields.text("state"), trace=envelope.trace)
