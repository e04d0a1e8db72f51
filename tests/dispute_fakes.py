"""Disputes in memory, over the same payments as FakePayments. tests/contracts keeps them honest."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from payments.domain import dispute_ledger
from payments.domain.dispute import (
    CLOSED,
    OPEN,
    TAKING,
    Dispute,
    DisputeStatus,
    Seen,
    Sighting,
    Unopened,
    steps,
    taken_minor,
)
from payments.domain.dispute_events import CREATED, EVIDENCE_DUE, event_of
from payments.domain.money import Money
from payments.ports.disputes import DisputeFilter
from payments.ports.record import RecordUnavailable
from tests.card_fakes import FakePayments


@dataclass
class FakeDisputes:
    """Postings go to the payments' own; an event is (type, dispute id, status)."""

    payments: FakePayments
    calls: list[str] = field(default_factory=list)
    rows: dict[str, Dispute] = field(default_factory=dict)
    events: list[tuple[str, str, DisputeStatus]] = field(default_factory=list)
    unavailable: bool = False
    _told: dict[str, int] = field(default_factory=dict)

    async def see(self, sighting: Sighting) -> Seen:
        dispute_id, found = sighting.order.dispute_id, sighting.found
        self._call("see", f"{found.status} {dispute_id}")
        standing = self.rows.get(dispute_id)
        if standing is not None and standing.amount != found.amount:
            return Seen(standing, contradicts=True)
        way = steps(standing.status if standing else None, found.status)
        if way is None:
            return Seen(standing, contradicts=True)
        if standing is None:
            made = await self._opened(sighting, way[0])
            if isinstance(made, Unopened):
                return Seen(unopened=made)
            self._write(None, made, CREATED)
            standing, way = made, way[1:]
        if not way and (standing.fee_minor, standing.due_at) != (found.fee.minor, found.due_at):
            way = (standing.status,)
        for status in way:
            standing = self._moved(standing, sighting, status)
        return Seen(self.rows[dispute_id])

    async def remind(self, dispute_id: str, number: int, *, last: bool) -> Dispute:
        self._call("remind", f"{number}{' last' if last else ''} {dispute_id}")
        standing = self.rows[dispute_id]
        if standing.reminded >= number or not standing.can_be_answered:
            return standing
        self.rows[dispute_id] = replace(standing, reminded=number)
        self._tell(EVIDENCE_DUE, standing)
        return self.rows[dispute_id]

    async def find(self, partner_id: str, dispute_id: str) -> Dispute | None:
        row = self.rows.get(dispute_id)
        return row if row is not None and row.partner_id == partner_id else None

    async def named(self, dispute_id: str) -> Dispute | None:
        return self.rows.get(dispute_id)

    async def list(self, partner_id: str | None, wanted: DisputeFilter) -> Sequence[Dispute]:
        rows = [
            row
            for row in reversed(self.rows.values())
            if partner_id in (None, row.partner_id)
            and wanted.status in (None, row.status)
            and wanted.payment_id in (None, row.payment_id)
        ]
        if wanted.after is not None:
            names = [row.dispute_id for row in rows]
            rows = rows[names.index(wanted.after) + 1 :] if wanted.after in names else []
        return rows[: wanted.limit]

    async def _opened(self, sighting: Sighting, status: DisputeStatus) -> Dispute | Unopened:
        order, found = sighting.order, sighting.found
        attempt = await self.payments.attempt(found.payment or "")
        if attempt is None or attempt.provider != order.provider:
            return Unopened.NO_PAYMENT
        payment = self.payments.rows[attempt.order.payment_id]
        captured = Money(payment.captured_minor, payment.amount.currency)
        if found.amount.currency != captured.currency or found.amount.minor > captured.minor:
            return Unopened.OTHER_MONEY
        return Dispute(
            dispute_id=order.dispute_id,
            payment_id=payment.payment_id,
            partner_id=payment.partner_id,
            provider=order.provider,
            reference=order.reference,
            amount=found.amount,
            status=status,
            reason=found.reason,
            raw_reason=found.raw_reason,
            fee_minor=found.fee.minor,
            taken_minor=taken_minor(status, found.amount, found.fee),
            returned_minor=0,
            due_at=found.due_at,
            reminded=0,
            response=None,
            response_version=None,
            response_state=None,
            opened_at=found.opened_at,
            updated_at=sighting.at,
            closed_at=None,
        )

    def _moved(self, standing: Dispute, sighting: Sighting, status: DisputeStatus) -> Dispute:
        found = sighting.found
        after = replace(
            standing,
            status=status,
            fee_minor=found.fee.minor,
            taken_minor=taken_minor(status, found.amount, found.fee),
            due_at=found.due_at,
            updated_at=sighting.at,
        )
        if (standing.status, standing.due_at) != (after.status, after.due_at):
            after = replace(after, reminded=0)
        if status in CLOSED:
            after = replace(after, closed_at=standing.closed_at or sighting.at)
        if status in TAKING and standing.status not in TAKING:
            after = replace(after, response=None, response_version=None, response_state=None)
        self._write(standing, after, event_of(status))
        return self.rows[after.dispute_id]

    def _write(self, before: Dispute | None, after: Dispute, event: str) -> None:
        payment = self.payments.rows[after.payment_id]
        was_taking = before is not None and before.status in TAKING
        taking = (after.status in TAKING) - was_taking
        opened = (after.status in OPEN) - (before is not None and before.status in OPEN)
        payment = replace(
            payment,
            disputed_minor=payment.disputed_minor + taking * after.amount.minor,
            open_disputes=payment.open_disputes + opened,
        )
        self.payments.rows[after.payment_id] = payment
        if taking > 0:
            gone = payment.refunded_minor + payment.refund_reserved_minor + payment.disputed_minor
            twice = min(max(gone - payment.captured_minor, 0), after.amount.minor)
            after = replace(after, returned_minor=twice)
        self.rows[after.dispute_id] = after
        self._tell(event, after)
        posting = dispute_ledger.withdrawn(
            after.dispute_id,
            sequence=self._told[after.dispute_id],
            status=after.status,
            partner_id=after.partner_id,
            provider=after.provider,
            more=Money(
                after.taken_minor - (before.taken_minor if before else 0), after.amount.currency
            ),
        )
        if posting is not None:
            self.payments._post(posting)

    def _tell(self, event: str, standing: Dispute) -> None:
        self._told[standing.dispute_id] = self._told.get(standing.dispute_id, 0) + 1
        self.events.append((event, standing.dispute_id, standing.status))

    def _call(self, operation: str, subject: str) -> None:
        self.calls.append(f"{operation} {subject}")
        if self.unavailable:
            raise RecordUnavailable("connection refused")
