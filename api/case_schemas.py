"""The shapes of cases, as partners ask for them and are told."""

from typing import Annotated, Self

from pydantic import StringConstraints
from pydantic.functional_validators import BeforeValidator
from pydantic_core import PydanticCustomError

from api.card_schemas import PaymentId
from api.paging import PageSize
from api.schemas import Asked, Told, rfc3339
from payments.domain.case import Case, CasePolicy, CaseReason, CaseStatus
from payments.domain.money import Money

CaseId = Annotated[str, StringConstraints(pattern="^case_[0-9a-z]{26}$")]


def _status(text: object) -> object:
    if isinstance(text, str) and text in set(CaseStatus):
        return CaseStatus(text)
    raise PydanticCustomError("case_status", "one of " + ", ".join(CaseStatus))


def _reason(text: object) -> object:
    if isinstance(text, str) and text in set(CaseReason):
        return CaseReason(text)
    raise PydanticCustomError("case_reason", "one of " + ", ".join(CaseReason))


class CasesQuery(Asked):
    """Which cases to list, newest first. `after` is the `next` of the page before."""

    status: Annotated[CaseStatus, BeforeValidator(_status)] | None = None
    reason: Annotated[CaseReason, BeforeValidator(_reason)] | None = None
    payment_id: PaymentId | None = None
    after: CaseId | None = None
    limit: PageSize = 50


class CaseView(Told):
    """Money that came for a code and paid for nothing. `reference` is the payment's own.

    `policy` is what you have agreed on for this `reason`. Accepted, it is yours less `fee`.
    """

    id: str
    payment_id: str
    reference: str
    reason: CaseReason
    status: CaseStatus
    amount: str
    currency: str
    policy: CasePolicy
    fee: str | None = None
    received_at: str
    opened_at: str
    closed_at: str | None = None

    @classmethod
    def of(cls, case: Case) -> Self:
        fee = Money(case.fee_minor, case.amount.currency)
        return cls(
            id=case.case_id,
            payment_id=case.payment_id,
            reference=case.reference,
            reason=case.reason,
            status=case.status,
            amount=str(case.amount),
            currency=case.amount.currency,
            policy=case.policy,
            fee=None if case.is_open else str(fee),
            received_at=rfc3339(case.received_at),
            opened_at=rfc3339(case.opened_at),
            closed_at=rfc3339(case.closed_at) if case.closed_at else None,
        )


class CasesView(Told):
    """`next` is there while there are more."""

    cases: list[CaseView]
    next: str | None = None
