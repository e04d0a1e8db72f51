"""Cases in memory, over the same payments as FakePayments. tests/contracts keeps them honest."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from payments.domain import case_ledger, ids
from payments.domain.case import Case, CaseEnd, CaseFound, CaseStatus, Opened, policy_for
from payments.domain.case_events import CASE_CLOSED, CASE_OPENED
from payments.domain.payment import PaymentStatus
from payments.ports.cases import CaseFilter
from payments.ports.payments import MoveRefused
from payments.ports.record import RecordUnavailable
from tests.card_fakes import FakePayments

_UNPAID = (PaymentStatus.CANCELED, PaymentStatus.EXPIRED, PaymentStatus.FAILED)


@dataclass
class FakeCases:
    """Postings go to the payments' own; an event is (type, case id)."""

    payments: FakePayments
    calls: list[str] = field(default_factory=list)
    rows: dict[str, Case] = field(default_factory=dict)
    events: list[tuple[str, str]] = field(default_factory=list)
    unavailable: bool = False
    unavailable_to_close: bool = False

    async def open(self, found: CaseFound) -> Opened:
        attempt, order, receipt = found.attempt, found.attempt.order, found.receipt
        case_id = ids.case_id(attempt.provider, receipt.id)
        self._call("open", receipt.id)
        if case_id in self.rows:
            return Opened(self.rows[case_id])
        named = await self.payments.named(attempt.reference)
        if named is None:
            return Opened(None)
        payment = named.payment
        if payment.status is PaymentStatus.CAPTURED and payment.provider_reference == receipt.id:
            return Opened(None)
        if found.pays and payment.status not in _UNPAID and named.is_latest:
            return Opened(None)
        case = self.rows[case_id] = Case(
            case_id=case_id,
            payment_id=order.payment_id,
            partner_id=order.partner_id,
            reference=order.reference,
            attempt=attempt.reference,
            provider=attempt.provider,
            receipt_id=receipt.id,
            reason=found.reason,
            amount=receipt.amount,
            policy=policy_for(order.terms, found.reason),
            received_at=receipt.at,
            opened_at=found.at,
        )
        self.payments._post(case_ledger.opened(case))
        self.payments.cases.setdefault(order.payment_id, set()).add(receipt.id)
        self.events.append((CASE_OPENED, case_id))
        return Opened(case, is_new=True)

    async def close(self, end: CaseEnd) -> Case:
        case_id = end.case.case_id
        self._call("close", f"{end.status} {end.case.receipt_id}")
        standing = self.rows.get(case_id)
        if standing is None:
            raise LookupError(f"{case_id} was never opened")
        if not standing.is_open:
            if standing.status is not end.status:
                raise MoveRefused(f"{case_id} is {standing.status} for ever")
            return standing
        closed = self.rows[case_id] = replace(
            standing,
            status=end.status,
            fee_minor=end.fee.minor,
            resolved_by=end.by,
            closed_at=end.at,
        )
        self.payments._post(case_ledger.closed(end))
        self.events.append((CASE_CLOSED, case_id))
        return closed

    async def find(self, partner_id: str, case_id: str) -> Case | None:
        case = self.rows.get(case_id)
        return case if case is not None and case.partner_id == partner_id else None

    async def named(self, case_id: str) -> Case | None:
        return self.rows.get(case_id)

    async def list(self, partner_id: str | None, wanted: CaseFilter) -> Sequence[Case]:
        rows = [row for row in self.rows.values() if partner_id in (None, row.partner_id)]
        rows.sort(key=lambda row: (row.opened_at, row.case_id), reverse=True)
        if wanted.after is not None:
            names = [row.case_id for row in rows]
            rows = rows[names.index(wanted.after) + 1 :] if wanted.after in names else []
        return [
            row
            for row in rows
            if wanted.status in (None, row.status)
            and wanted.reason in (None, row.reason)
            and wanted.payment_id in (None, row.payment_id)
        ][: wanted.limit]

    @property
    def statuses(self) -> dict[str, CaseStatus]:
        """By receipt."""
        return {row.receipt_id: row.status for row in self.rows.values()}

    def _call(self, operation: str, subject: str) -> None:
        self.calls.append(f"{operation} {subject}")
        if self.unavailable or (self.unavailable_to_close and operation == "close"):
            raise RecordUnavailable("connection refused")
