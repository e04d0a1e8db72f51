"""Refunds in memory, over the same payments as FakePayments. tests/contracts keeps them honest."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from payments.domain import card_ledger
from payments.domain.card import Decline
from payments.domain.card_events import REFUND_EVENTS
from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.refund import Refund, RefundOrder, RefundStatus, Reserved
from payments.ports.payments import MoveRefused
from payments.ports.record import RecordUnavailable
from tests.card_fakes import FakePayments


@dataclass
class FakeRefunds:
    """Postings go to the payments' own; an event is (type, refund id)."""

    payments: FakePayments
    calls: list[str] = field(default_factory=list)
    rows: dict[str, Refund] = field(default_factory=dict)
    events: list[tuple[str, str]] = field(default_factory=list)
    unavailable: bool = False
    # Legs of payouts that never began.
    refused: dict[str, Code] = field(default_factory=dict)
    _suspended: set[str] = field(default_factory=set)

    async def reserve(self, order: RefundOrder) -> Reserved | Code:
        self._call("reserve", order.refund_id)
        known = self.rows.get(order.refund_id)
        if known is not None:
            return Reserved.BEFORE if _asked(known) == _asked(order) else Code.REFERENCE_USED
        if datetime.now(UTC) >= order.deadline:
            return Code.ENGINE_UNAVAILABLE
        payment = await self.payments.find(order.partner_id, order.payment_id)
        if payment is None:
            return Code.PAYMENT_UNKNOWN
        if not payment.captured_minor:
            return Code.REFUND_NOT_POSSIBLE
        if payment.open_disputes:
            if order.payout_id is not None:
                self.refused[order.refund_id] = Code.PAYMENT_DISPUTED
                self.payments._post(card_ledger.leg_refused(order))
            return Code.PAYMENT_DISPUTED
        too_large = order.amount.minor > payment.refundable_minor
        if order.amount.currency != payment.amount.currency or too_large:
            return Code.REFUND_TOO_LARGE
        self.payments.reserve(order.payment_id, order.amount.minor)
        self.rows[order.refund_id] = Refund(
            refund_id=order.refund_id,
            partner_id=order.partner_id,
            payment_id=order.payment_id,
            reference=order.reference,
            amount=order.amount,
            trace=order.trace,
            reason=order.reason,
            created_at=order.created_at,
            status=RefundStatus.PENDING,
            code=None,
            provider_reference=None,
            payout_id=order.payout_id,
        )
        return Reserved.NOW

    async def suspend(self, order: RefundOrder) -> None:
        self._call("suspend", order.refund_id)
        row = self._reserved_like(order)
        if row.status is RefundStatus.PENDING and order.refund_id not in self._suspended:
            self._suspended.add(order.refund_id)
            self.payments._post(card_ledger.refund_suspended(order, self._provider(order)))

    async def settle(
        self, order: RefundOrder, status: RefundStatus, answer: Answer, decline: Decline | None
    ) -> Refund:
        self._call("settle", f"{status} {order.refund_id}")
        assert status is not RefundStatus.PENDING, "only a known outcome is settled"
        row = self._reserved_like(order)
        if row.status is not RefundStatus.PENDING:
            if row.status is not status:
                raise MoveRefused(f"{order.refund_id} is {row.status} for ever")
            return row
        suspended, provider = order.refund_id in self._suspended, self._provider(order)
        if status is RefundStatus.SUCCEEDED:
            self.payments.refund(order.payment_id, order.amount.minor)
            posting = card_ledger.refunded(order, provider, from_suspense=suspended)
            self.payments._post(posting)
        else:
            self.payments.reserve(order.payment_id, -order.amount.minor)
            returned = card_ledger.refund_returned(order, provider, from_suspense=suspended)
            if returned is not None:
                self.payments._post(returned)
        failed = status is RefundStatus.FAILED
        settled = replace(
            row,
            status=status,
            code=(decline.code if decline else Code.REFUND_FAILED) if failed else None,
            provider_reference=answer.reference,
        )
        self.rows[order.refund_id] = settled
        self.events.append((REFUND_EVENTS[status], order.refund_id))
        return settled

    async def find(self, partner_id: str, refund_id: str) -> Refund | None:
        row = self.rows.get(refund_id)
        return row if row is not None and row.partner_id == partner_id else None

    async def named(self, refund_id: str) -> Refund | None:
        return self.rows.get(refund_id)

    async def of_payment(self, partner_id: str, payment_id: str) -> Sequence[Refund]:
        theirs = (partner_id, payment_id)
        return [row for row in self.rows.values() if (row.partner_id, row.payment_id) == theirs]

    async def unfinished(self, after: str | None, most: int) -> Sequence[Refund]:
        rows = sorted(self.rows.values(), key=_place)
        behind = [row for row in rows if after is None or _place(row) > _place(self.rows[after])]
        pending = [row for row in behind if row.status is RefundStatus.PENDING]
        return [row for row in pending if row.payout_id is None][:most]

    def _reserved_like(self, order: RefundOrder) -> Refund:
        row = self.rows.get(order.refund_id)
        if row is None or (row.payment_id, row.amount) != (order.payment_id, order.amount):
            raise LookupError(f"{order.refund_id} was never reserved like this")
        return row

    def _provider(self, order: RefundOrder) -> str:
        provider = self.payments.rows[order.payment_id].provider
        assert provider is not None, "captured by nobody"
        return provider

    def _call(self, operation: str, subject: str) -> None:
        self.calls.append(f"{operation} {subject}")
        if self.unavailable:
            raise RecordUnavailable("connection refused")


def _place(refund: Refund) -> tuple[datetime, str]:
    return refund.created_at, refund.refund_id


def _asked(refund: RefundOrder | Refund) -> tuple[object, ...]:
    """What makes two askings the same refund. A later asking has another trace."""
    return refund.partner_id, refund.payment_id, refund.amount, refund.trace
