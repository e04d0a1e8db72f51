"""A case: money that came for a code and paid for nothing; its values, its states, its end."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from payments.domain.card_terms import CardTerms
from payments.domain.charge import Answer, Receipt
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.payment import Attempt, PaymentOrder


class CaseReason(StrEnum):
    """AMOUNT another amount than was ordered, whenever it came · DOUBLE the payment was paid by
    another receipt · LATE the right amount, after the payment's end.
    """

    LATE = "late"
    DOUBLE = "double"
    AMOUNT = "amount"


class CasePolicy(StrEnum):
    """What becomes of the money. OPERATOR: a person says which of the two."""

    REFUND = "refund"
    ACCEPT = "accept"
    OPERATOR = "operator"


class CaseStatus(StrEnum):
    """`refunded` and `accepted` are never left."""

    OPEN = "open"
    REFUNDED = "refunded"
    ACCEPTED = "accepted"


CASE_MOVES: Final[dict[CaseStatus, frozenset[CaseStatus]]] = {
    CaseStatus.OPEN: frozenset({CaseStatus.REFUNDED, CaseStatus.ACCEPTED}),
    CaseStatus.REFUNDED: frozenset(),
    CaseStatus.ACCEPTED: frozenset(),
}
ENDS: Final = {
    CasePolicy.REFUND: CaseStatus.REFUNDED,
    CasePolicy.ACCEPT: CaseStatus.ACCEPTED,
}


@dataclass(frozen=True, slots=True)
class CaseOrder:
    """Input of the Case workflow: somebody says that this receipt came for this attempt."""

    attempt: Attempt
    receipt_id: str


@dataclass(frozen=True, slots=True)
class CaseFound:
    """What the provider says of a receipt. `pays`: it is the one that it took for the payment, so
    it is a case only if the payment ended without it.
    """

    attempt: Attempt
    receipt: Receipt
    reason: CaseReason
    pays: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """The record of a case, as partners are told. `reference` is the payment's own.

    `resolved_by` is `policy` or an operator's name.
    """

    case_id: str
    payment_id: str
    partner_id: str
    reference: str
    attempt: str
    provider: str
    receipt_id: str
    reason: CaseReason
    amount: Money
    policy: CasePolicy
    received_at: datetime
    opened_at: datetime
    status: CaseStatus = CaseStatus.OPEN
    fee_minor: int = 0
    resolved_by: str | None = None
    closed_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        return self.status is CaseStatus.OPEN


@dataclass(frozen=True, slots=True)
class Opened:
    """`is_new`: nobody can have moved anything of it before."""

    case: Case | None
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Resolution:
    """A word on a case: refund or accept, and whose word it is."""

    policy: CasePolicy
    by: str


@dataclass(frozen=True, slots=True)
class CaseEnd:
    case: Case
    status: CaseStatus
    by: str
    fee: Money
    at: datetime


@dataclass(frozen=True, slots=True)
class CaseAnswer:
    """What Case.resolve answers: the case as it stands, or why not. Exactly one."""

    case: Case | None = None
    refused: Code | None = None


def found(attempt: Attempt, answer: Answer, receipt_id: str, at: datetime) -> CaseFound | None:
    """What the provider's answer makes of a receipt; None when it knows of none."""
    receipt = next((each for each in answer.receipts if each.id == receipt_id), None)
    if receipt is None:
        return None
    pays = answer.captured and answer.reference == receipt.id
    if receipt.amount != attempt.order.amount:
        reason = CaseReason.AMOUNT
    else:
        reason = CaseReason.DOUBLE if answer.captured and not pays else CaseReason.LATE
    return CaseFound(attempt, receipt, reason, pays, at)


def policy_for(terms: CardTerms, reason: CaseReason) -> CasePolicy:
    return CasePolicy(terms.case_policies.get(reason, CasePolicy.OPERATOR))


def fee_for(case: Case, order: PaymentOrder) -> Money:
    """Of money that is accepted: as for a first capture, unless the payment itself was one."""
    return order.terms.fee(case.amount, first=case.reason is not CaseReason.DOUBLE)
