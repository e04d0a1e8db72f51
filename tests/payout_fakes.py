"""Payouts in memory. Money is postings, as in the record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from payments.domain import ids, payout_ledger
from payments.domain.batch_row import RefusedRow
from payments.domain.codes import Code
from payments.domain.ledger import Posting
from payments.domain.operators import people
from payments.domain.payout import (
    ON_ITS_WAY,
    PAYOUT_MOVES,
    HoldReason,
    Leg,
    LegKind,
    Payout,
    PayoutAnswer,
    PayoutFact,
    PayoutOrder,
    PayoutReview,
    PayoutStatus,
    came_by,
)
from payments.domain.payout_legs import Source, ended
from payments.domain.refund import RefundStatus
from payments.ports.payments import MoveRefused
from payments.ports.payouts import PayoutFilter, Word
from payments.ports.record import RecordUnavailable
from payments.ports.steps import PayoutSteps
from tests.fakes.batches import FakeBatches
from tests.rail_fakes import FakeDestinations, FakeRail, FakeRails
from tests.refund_fakes import FakeRefunds


@dataclass
class FakePayouts:
    """Held when limits say so; anything else of the guard is PostgreSQL's own.

    With `plan`, payouts go by these legs; `refunds` is where theirs are.
    """

    refuses: Code | None = None
    rows: dict[str, Payout] = field(default_factory=dict)
    postings: dict[str, Posting] = field(default_factory=dict)
    spoken: dict[str, list[Word]] = field(default_factory=dict)
    unavailable: bool = False
    plan: tuple[Leg, ...] = ()
    refunds: FakeRefunds | None = None
    # Whose rows go along with payouts that are a part of one.
    batches: FakeBatches | None = None
    orders: dict[str, PayoutOrder] = field(default_factory=dict)

    async def begin(self, order: PayoutOrder) -> PayoutAnswer:
        self._reach()
        found = self.rows.get(order.payout_id)
        if order.part_of is not None:
            self.rows.setdefault(order.payout_id, _begun(order, None))
            return PayoutAnswer(self.rows[order.payout_id], was_begun=found is not None)
        if order.row is not None and not self._batches().is_under_way(order.row):
            if found is None or found.trace != order.trace:
                return PayoutAnswer(refused=Code.REFERENCE_USED)
            return PayoutAnswer(found, was_begun=True)
        if found is not None and order.row is not None and found.trace != order.trace:
            return await self._refused(order, Code.REFERENCE_USED)
        if found is None and datetime.now(UTC) >= order.deadline:
            return await self._refused(order, Code.ENGINE_UNAVAILABLE)
        if found is None and self.refuses is not None:
            return await self._refused(order, self.refuses)
        if found is None:
            self._begin(order)
        begun = self.rows[order.payout_id]
        legs = (await self.legs([begun])).get(order.payout_id, ())
        return PayoutAnswer(begun, legs=legs, was_begun=found is not None)

    def _begin(self, order: PayoutOrder) -> None:
        above = order.limits.hold_above
        held = above is not None and order.amount.minor > above
        self._post(payout_ledger.reserved(order))
        begun = _begun(order, HoldReason.AMOUNT if held else None)
        begun = replace(begun, by_legs=bool(self.plan))
        self.rows[order.payout_id], self.orders[order.payout_id] = begun, order
        if order.row is not None:
            self._batches().begun_payouts.add(order.row)
            self._batches().lead(order.row, begun.status)

    async def _refused(self, order: PayoutOrder, code: Code) -> PayoutAnswer:
        if order.row is not None:
            await self._batches().refuse(RefusedRow(order.row, code))
        return PayoutAnswer(refused=code)

    def _batches(self) -> FakeBatches:
        assert self.batches is not None, "no batch has payouts here"
        return self.batches

    async def suspend(self, order: PayoutOrder) -> None:
        self._reach()
        row = self.rows[order.payout_id]
        if row.status is PayoutStatus.QUEUED and not row.suspended:
            self._post(payout_ledger.suspended(order))
            self.rows[order.payout_id] = replace(row, suspended=True)

    async def move(self, fact: PayoutFact) -> Payout:
        self._reach()
        row, order = self.rows[fact.order.payout_id], fact.order
        if came_by(row.status, fact.status):
            return row
        if fact.status not in PAYOUT_MOVES[row.status]:
            raise MoveRefused(f"{order.payout_id} is {row.status}")
        posting = payout_ledger.moved(
            order, row.status, fact.status, suspended=row.suspended, by_legs=row.by_legs
        )
        if posting is not None:
            self._post(posting)
        moved = replace(row, status=fact.status, code=fact.code, raw_code=fact.raw_code)
        self.rows[order.payout_id] = moved
        row_ref = self.orders.get(order.payout_id, order).row
        if row_ref is not None:
            self._batches().lead(row_ref, fact.status, fact.code)
        return moved

    async def conclude(self, order: PayoutOrder) -> Payout:
        self._reach()
        whole = self.rows[order.part_of or order.payout_id]
        end = ended((await self.legs([whole]))[whole.payout_id])
        if end is None:
            return whole
        whole_order = replace(
            order, payout_id=whole.payout_id, amount=whole.amount, fee=whole.fee, part_of=None
        )
        fact = PayoutFact(whole_order, end.status, datetime.now(UTC), end.code)
        return await self.move(fact)

    async def review(self, order: PayoutOrder, review: PayoutReview) -> Payout:
        self._reach()
        words = self.spoken.setdefault(order.payout_id, [])
        at = datetime.now(UTC)
        if (review.by, review.approved) not in {(word.by, word.approved) for word in words}:
            words.append(Word(review.by, review.approved, at))
        if not all(word.approved for word in words):
            code = Code.HOLD_REJECTED
            return await self.move(PayoutFact(order, PayoutStatus.CANCELED, at, code))
        if people(word.by for word in words) > 1:
            return await self.move(PayoutFact(order, PayoutStatus.QUEUED, at))
        return self.rows[order.payout_id]

    async def find(self, partner_id: str, payout_id: str) -> Payout | None:
        row = self.rows.get(payout_id)
        return row if row is not None and row.partner_id == partner_id else None

    async def named(self, payout_id: str) -> Payout | None:
        return self.rows.get(payout_id)

    async def order(self, payout_id: str) -> PayoutOrder | None:
        raise NotImplementedError

    async def unfinished(self, after: str | None, most: int) -> Sequence[PayoutOrder]:
        rows = sorted(self.rows.values(), key=_place)
        behind = [row for row in rows if after is None or _place(row) > _place(self.rows[after])]
        open_ = [row.payout_id for row in behind if row.status in ON_ITS_WAY]
        # Of a leg nobody has kept the order.
        return [self.orders[name] for name in open_ if name in self.orders][:most]

    async def by_reference(self, partner_id: str, reference: str) -> Payout | None:
        raise NotImplementedError

    async def list(self, partner_id: str, wanted: PayoutFilter) -> Sequence[Payout]:
        raise NotImplementedError

    async def held(self) -> Sequence[Payout]:
        raise NotImplementedError

    async def words(self, payout_id: str) -> Sequence[Word]:
        return self.spoken.get(payout_id, [])

    async def sources(self, payout_id: str) -> Sequence[Source]:
        raise NotImplementedError

    async def legs(self, payouts: Sequence[Payout]) -> Mapping[str, tuple[Leg, ...]]:
        return {
            payout.payout_id: tuple(self._leg(payout, leg) for leg in self.plan)
            for payout in payouts
            if payout.by_legs
        }

    def _leg(self, payout: Payout, leg: Leg) -> Leg:
        if leg.kind is LegKind.TRANSFER:
            part = self.rows.get(ids.leg_transfer(payout.payout_id, leg.number))
            return leg if part is None else replace(leg, status=part.status, code=part.code)
        assert self.refunds is not None, "legs that are refunds need a place for them"
        name = ids.leg_refund(payout.payout_id, leg.number)
        if name in self.refunds.refused:
            return replace(leg, status=PayoutStatus.FAILED, code=self.refunds.refused[name])
        refund = self.refunds.rows.get(name)
        if refund is None:
            return leg
        return replace(leg, status=_OF_REFUND[refund.status], code=refund.code)

    async def available(self, partner_id: str, currency: str) -> int:
        raise NotImplementedError

    def balances(self) -> dict[str, int]:
        """Every account that is not at zero, by kind."""
        return balances_of(self.postings)

    def _post(self, posting: Posting) -> None:
        assert self.postings.setdefault(posting.key, posting) == posting, "another posting"

    def _reach(self) -> None:
        if self.unavailable:
            raise RecordUnavailable("connection refused")


_OF_REFUND = {
    RefundStatus.PENDING: PayoutStatus.SENT,
    RefundStatus.SUCCEEDED: PayoutStatus.PAID,
    RefundStatus.FAILED: PayoutStatus.FAILED,
}


def balances_of(postings: Mapping[str, Posting]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for posting in postings.values():
        for entry in posting.entries:
            sums[entry.account.kind] = sums.get(entry.account.kind, 0) + entry.amount.minor
    return {kind: minor for kind, minor in sums.items() if minor}


def _place(payout: Payout) -> tuple[datetime, str]:
    return payout.created_at, payout.payout_id


def no_payouts() -> PayoutSteps:
    """For a worker that pays nothing out."""
    return PayoutSteps(FakeRails(FakeRail()), FakePayouts(), FakeDestinations())


def _begun(order: PayoutOrder, held_for: HoldReason | None) -> Payout:
    return Payout(
        payout_id=order.payout_id,
        partner_id=order.partner_id,
        reference=order.reference,
        amount=order.amount,
        fee=order.fee,
        destination_id=order.destination_id,
        rail=order.rail,
        status=PayoutStatus.ON_HOLD if held_for else PayoutStatus.QUEUED,
        held_for=held_for,
        code=None,
        raw_code=None,
        rail_reference=None,
        suspended=False,
        arrives_at=order.arrives_at,
        metadata=order.metadata or {},
        created_at=order.created_at,
        updated_at=order.created_at,
        trace=order.trace,
        content=order.content,
    )
