"""The shapes partners write and read. camelCase outside; unknown fields are refused by name."""

import re
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel
from pydantic.functional_validators import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

from api.formats import Formatted
from payments.domain.bill import Bill, Lock, Transaction, TransactionState
from payments.domain.codes import Status

_DECIMAL: Final = re.compile(r"[0-9]{1,16}(\.[0-9]{1,4})?", re.ASCII)
_PERIOD: Final = re.compile(r"20[0-4][0-9]-(0[1-9]|1[0-2])", re.ASCII)


class Asked(BaseModel):
    """Base of what partners send."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=False,
        extra="forbid",
        frozen=True,
        strict=True,
    )


class Told(BaseModel):
    """Base of what partners are told."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        serialize_by_alias=True,
        extra="forbid",
        frozen=True,
    )


def _period(value: str) -> str:
    if _PERIOD.fullmatch(value) is None:
        raise PydanticCustomError(
            "billing_period", "a billing period is YYYY-MM, from 2000-01 to 2049-12"
        )
    return value


def _decimal(value: str) -> str:
    if _DECIMAL.fullmatch(value) is None:
        raise PydanticCustomError("amount_format", 'an amount is a string such as "1250.00"')
    return value


BillerId = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9]{1,19}$")]
BillNumber = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,32}$"), Formatted("[A-Za-z0-9-]{1,32}")
]
BillingPeriod = Annotated[
    str,
    AfterValidator(_period),
    Field(json_schema_extra={"pattern": f"^{_PERIOD.pattern}$"}),
    Formatted(_PERIOD.pattern),
]
Amount = Annotated[
    str,
    AfterValidator(_decimal),
    Field(json_schema_extra={"pattern": r"^\d{1,16}(\.\d{1,4})?$"}),
    Formatted(_DECIMAL.pattern),
]
# A real one is longer than what is only taken for one.
LockToken = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{16,600}$"), Formatted("[A-Za-z0-9_-]{100,600}")
]
TransactionId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$")]


def _text_or_nothing(value: object) -> object:
    return value if isinstance(value, str) else ""


# Missing, mistyped and wrong credentials get one and the same refusal, from one place.
Credential = Annotated[str, BeforeValidator(_text_or_nothing)]


class TokenBody(Asked):
    """Signed with the key's secret; works once and within 60 seconds of our clock."""

    model_config = ConfigDict(
        json_schema_extra={"required": ["apiKey", "timestamp", "nonce", "signature"]}
    )

    api_key: Credential = ""
    timestamp: Credential = ""
    nonce: Credential = ""
    signature: Credential = ""
    scope: str | None = None
    audience: str | None = None


class BillQuery(Asked):
    """Which bill, in a query string."""

    biller_id: BillerId
    bill_number: BillNumber
    billing_period: BillingPeriod


class LockBody(BillQuery):
    """Which bill to lock."""


class UnlockBody(Asked):
    """Which lock to give back."""

    lock_token: LockToken


class PayBody(Asked):
    """Pay the locked bill. `transactionId` is the partner's own and names one payment for ever."""

    lock_token: LockToken
    transaction_id: TransactionId
    amount: Amount | None = None


class TransactionQuery(Asked):
    """Our transaction id or the partner's."""

    transaction_id: TransactionId


class TokenView(Told):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    scope: str


class BillView(Told):
    biller_id: str
    bill_number: str
    billing_period: str
    amount: str
    currency: str
    due_date: str
    customer_name: str
    state: Literal["PAYABLE", "LOCKED", "PAID"]

    @classmethod
    def of(cls, bill: Bill, *, locked: bool) -> "BillView":
        return cls(
            biller_id=bill.ref.biller_id,
            bill_number=bill.ref.bill_number,
            billing_period=bill.ref.billing_period,
            amount=str(bill.amount),
            currency=bill.amount.currency,
            due_date=bill.due_date.isoformat(),
            customer_name=bill.customer_name,
            state="PAID" if bill.paid else "LOCKED" if locked else "PAYABLE",
        )


class LockView(Told):
    lock_token: str
    biller_id: str
    bill_number: str
    billing_period: str
    amount: str
    fee: str
    currency: str
    locked_at: str
    expires_at: str

    @classmethod
    def of(cls, lock: Lock, token: str) -> "LockView":
        return cls(
            lock_token=token,
            biller_id=lock.bill.biller_id,
            bill_number=lock.bill.bill_number,
            billing_period=lock.bill.billing_period,
            amount=str(lock.amount),
            fee=str(lock.fee),
            currency=lock.amount.currency,
            locked_at=rfc3339(lock.locked_at),
            expires_at=rfc3339(lock.expires_at),
        )


class ReleaseView(Told):
    biller_id: str
    bill_number: str
    billing_period: str
    state: Literal["RELEASED"] = "RELEASED"


class TransactionView(Told):
    """A bill payment as the record has it. `declineCode` and `reason` only when it was declined."""

    transaction_id: str
    partner_transaction_id: str
    state: TransactionState
    biller_id: str
    bill_number: str
    billing_period: str
    amount: str
    fee: str
    currency: str
    locked_at: str
    paid_at: str | None = None
    biller_reference: str | None = None
    decline_code: str | None = None
    reason: str | None = None

    @classmethod
    def of(cls, transaction: Transaction) -> "TransactionView":
        code = transaction.code
        return cls(
            transaction_id=transaction.transaction_id,
            partner_transaction_id=transaction.partner_transaction_id,
            state=transaction.state,
            biller_id=transaction.bill.biller_id,
            bill_number=transaction.bill.bill_number,
            billing_period=transaction.bill.billing_period,
            amount=str(transaction.amount),
            fee=str(transaction.fee),
            currency=transaction.amount.currency,
            locked_at=rfc3339(transaction.locked_at),
            paid_at=rfc3339(transaction.paid_at) if transaction.paid_at else None,
            biller_reference=transaction.biller_reference,
            decline_code=code,
            reason=code.meaning.reason if code else None,
        )


class CodeView(Told):
    code: str
    http_status: int
    status: Status
    retryable: bool
    actor: str
    reason: str
    message: str


class CodesView(Told):
    codes: list[CodeView]


class HealthView(Told):
    state: Literal["ready", "live"]


def rfc3339(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
