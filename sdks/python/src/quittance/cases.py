"""Cases: money that came for a code and paid for nothing. What they are, and the calls for them."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self

from quittance.card_operations import segment
from quittance.card_results import Payment
from quittance.drivers import AwaitingCalls, BlockingCalls
from quittance.listings import Listing
from quittance.operations import Audience, Operation
from quittance.reading import Envelope, Fields


class CaseStatus(StrEnum):
    """REFUNDED and ACCEPTED are never left."""

    OPEN = "open"
    REFUNDED = "refunded"
    ACCEPTED = "accepted"


class CaseReason(StrEnum):
    """AMOUNT another amount than was ordered · DOUBLE paid before · LATE after the end."""

    LATE = "late"
    DOUBLE = "double"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class Case:
    """`reference` is the payment's own. Accepted, the money is yours less `fee`."""

    id: str
    payment_id: str
    reference: str
    reason: CaseReason
    status: CaseStatus
    amount: Decimal
    currency: str
    policy: str
    fee: Decimal | None
    received_at: datetime
    opened_at: datetime
    closed_at: datetime | None
    trace: str

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        return cls.of(envelope.fields, envelope.trace)

    @classmethod
    def of(cls, fields: Fields, trace: str) -> Self:
        return cls(
            id=fields.text("id"),
            payment_id=fields.text("paymentId"),
            reference=fields.text("reference"),
            reason=fields.state("reason", CaseReason),
            status=fields.state("status", CaseStatus),
            amount=fields.amount("amount"),
            currency=fields.text("currency"),
            policy=fields.text("policy"),
            fee=fields.optional_amount("fee"),
            received_at=fields.moment("receivedAt"),
            opened_at=fields.moment("openedAt"),
            closed_at=fields.optional_moment("closedAt"),
            trace=trace,
        )


@dataclass(frozen=True, slots=True)
class CaseSearch:
    """Which cases to list. What is None does not matter."""

    payment: Payment | str | None
    status: CaseStatus | str | None
    reason: CaseReason | str | None
    page_size: int


def get_case(case: Case | str) -> Operation[Case]:
    path = f"/v1/cases/{segment(case if isinstance(case, str) else case.id)}"
    return Operation("GET", path, Case.read, Audience.PAYMENTS)


def list_cases(search: CaseSearch) -> Listing[Case]:
    payment = search.payment.id if isinstance(search.payment, Payment) else search.payment
    query = {
        "paymentId": payment,
        "status": search.status,
        "reason": search.reason,
    }
    return Listing("/v1/cases", "cases", Case.of, Audience.PAYMENTS, query, search.page_size)


class Cases(BlockingCalls):
    def get(self, case: Case | str) -> Case:
        """Raises CaseUnknown."""
        return self._driver.call(get_case(case))

    def list(
        self,
        *,
        payment: Payment | str | None = None,
        status: CaseStatus | str | None = None,
        reason: CaseReason | str | None = None,
        page_size: int = 100,
    ) -> Iterator[Case]:
        """All that match, newest first; each page is asked for when it is needed."""
        search = CaseSearch(payment, status, reason, page_size)
        return self._driver.list(list_cases(search))


class AsyncCases(AwaitingCalls):
    async def get(self, case: Case | str) -> Case:
        return await self._driver.call(get_case(case))

    def list(
        self,
        *,
        payment: Payment | str | None = None,
        status: CaseStatus | str | None = None,
        reason: CaseReason | str | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[Case]:
        search = CaseSearch(payment, status, reason, page_size)
        return self._driver.list(list_cases(search))
