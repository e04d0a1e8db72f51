"""Card payments in memory, with the database's own guards. tests/contracts keeps them honest."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from payments.domain import card_ledger, ids
from payments.domain.attempts import Tried, answered, first_attempt, tried
from payments.domain.card import DeclineKind
from payments.domain.card_events import LATE_SUCCESS, PAYMENT_EVENTS, REVERSED
from payments.domain.card_ledger import Books
from payments.domain.charge import Answer
from payments.domain.codes import Code
from payments.domain.ledger import Posting
from payments.domain.money import Money
from payments.domain.outcome import OutcomeKind
from payments.domain.payment import (
    FINAL,
    PAYMENT_MOVES,
    Assessment,
    Attempt,
    Begun,
    Fact,
    Payment,
    PaymentOrder,
    PaymentStatus,
    begun,
)
from payments.domain.provider import kinds_for
from payments.domain.routing import Decision, Retries, Routed
from payments.ports.payments import Filter, MoveRefused, Named
from payments.ports.record import RecordUnavailable
from tests.vault_fakes import FakeMethods

_OPEN = (PaymentStatus.PROCESSING, PaymentStatus.REQUIRES_ACTION)


@dataclass
class Sent:
    """One attempt and how it stands."""

    attempt: Attempt
    tried: Tried
    at: datetime


@dataclass
class FakePayments:
    """`postings` and `events` are append-only; an event is (type, payment id, sequence, before)."""

    methods: FakeMethods = field(default_factory=FakeMethods)
    calls: list[str] = field(default_factory=list)
    rows: dict[str, Payment] = field(default_factory=dict)
    books: dict[str, Books] = field(default_factory=dict)
    postings: dict[str, Posting] = field(default_factory=dict)
    events: list[tuple[str, str, int, PaymentStatus]] = field(default_factory=list)
    sent: dict[str, Sent] = field(default_factory=dict)
    assessments: dict[str, Assessment] = field(default_factory=dict)
    unavailable: bool = False
    # By payment: the receipts that are cases.
    cases: dict[str, set[str]] = field(default_factory=dict)
    _orders: dict[str, PaymentOrder] = field(default_factory=dict)
    _decisions: dict[str, Decision] = field(default_factory=dict)
    _written: set[tuple[str, str]] = field(default_factory=set)
    # The number of the attempt that holds or took each payment's money, or will.
    _latest: dict[str, int] = field(default_factory=dict)
    _once: dict[str, str] = field(default_factory=dict)

    async def begin(self, order: PaymentOrder, assessment: Assessment, decision: Decision) -> Begun:
        self._call("begin", order.payment_id)
        known = self._orders.get(order.payment_id)
        if known is not None:
            is_same = (known.content, known.trace) == (order.content, order.trace)
            if not is_same:
                return Begun(refused=Code.REFERENCE_USED)
            return Begun(self.assessments[order.payment_id], self._decisions[order.payment_id])
        if datetime.now(UTC) >= order.deadline:
            return Begun(refused=Code.ENGINE_UNAVAILABLE)
        once = [] if self._is_saved(order) else [order.method.token, order.method.client_token]
        if any(name in self._once for name in once if name):
            return Begun(refused=Code.METHOD_USED)
        self._once |= {name: order.payment_id for name in once if name}
        self._orders[order.payment_id] = order
        self._decisions[order.payment_id] = decision
        self.assessments[order.payment_id] = assessment
        self.rows[order.payment_id] = begun(order)
        self.books[order.payment_id] = Books()
        self._latest[order.payment_id] = 0
        if (attempt := first_attempt(order, assessment, decision)) is not None:
            self._send(attempt, Tried())
        return Begun(assessment, decision)

    async def move(self, fact: Fact) -> Payment:
        payment_id = fact.attempt.order.payment_id
        self._call("move", f"{fact.status} {payment_id}")
        row = self._begun_like(fact.attempt)
        if (payment_id, f"{fact.status}:{fact.key}") in self._written:
            return row
        captured = fact.captured.minor if fact.captured else 0
        if fact.status not in PAYMENT_MOVES[row.status]:
            raise MoveRefused(f"{payment_id} is {row.status}, not to become {fact.status}")
        if row.captured_minor + captured > row.amount.minor:
            raise MoveRefused(f"{payment_id} cannot capture more than was agreed")
        posting, self.books[payment_id] = card_ledger.moved(fact, self.books[payment_id])
        if posting is not None:
            self._post(posting)
        moved = self._after(row, fact)
        self.rows[payment_id] = moved
        self._written.add((payment_id, f"{fact.status}:{fact.key}"))
        if (outcome := tried(fact)) is not None:
            self._send(fact.attempt, outcome)
        if fact.status in PAYMENT_EVENTS:
            self._tell(PAYMENT_EVENTS[fact.status], payment_id, row.status)
        if fact.status in {PaymentStatus.AUTHORIZED, PaymentStatus.CAPTURED}:
            self._save(fact.attempt.order)
        return moved

    async def attempted(
        self, attempt: Attempt, answer: Answer, then: Attempt | None = None
    ) -> None:
        self._call("attempted", attempt.reference)
        row = self._begun_like(attempt)
        key = (row.payment_id, f"attempted:{attempt.number}")
        if key in self._written or row.status not in _OPEN:
            return
        self._written.add(key)
        self._send(attempt, answered(attempt, answer))
        if self.books[row.payment_id].suspended:
            self._post(card_ledger.returned(attempt))
            self.books[row.payment_id] = replace(self.books[row.payment_id], suspended=False)
        if then is not None:
            self._send(then, Tried())

    async def suspend(self, attempt: Attempt) -> None:
        self._call("suspend", attempt.reference)
        row = self._begun_like(attempt)
        key = (row.payment_id, f"suspended:{attempt.number}")
        if key in self._written or row.status not in _OPEN:
            return
        self._written.add(key)
        self._send(attempt, Tried(OutcomeKind.UNKNOWN))
        if attempt.order.capture:
            self._post(card_ledger.suspended(attempt))
            self.books[row.payment_id] = replace(self.books[row.payment_id], suspended=True)

    async def late(self, attempt: Attempt, amount: Money, *, captured: bool) -> None:
        self._call("late", attempt.reference)
        if self._first(attempt, "late"):
            self._post(card_ledger.late(attempt, amount, captured=captured))
            row = self.rows[attempt.order.payment_id]
            self._tell(LATE_SUCCESS, row.payment_id, row.status)

    async def reversed(self, attempt: Attempt, amount: Money, *, captured: bool) -> None:
        self._call("reversed", attempt.reference)
        if (attempt.order.payment_id, f"late:{attempt.number}") not in self._written:
            raise LookupError(f"{attempt.reference} was never late")
        if self._first(attempt, "reversed"):
            self._post(card_ledger.late_reversed(attempt, amount, captured=captured))
            row = self.rows[attempt.order.payment_id]
            self._tell(REVERSED, row.payment_id, row.status)

    async def find(self, partner_id: str, payment_id: str) -> Payment | None:
        row = self.rows.get(payment_id)
        return row if row is not None and row.partner_id == partner_id else None

    async def by_reference(self, partner_id: str, reference: str) -> Payment | None:
        theirs = (partner_id, reference)
        found = (row for row in self.rows.values() if (row.partner_id, row.reference) == theirs)
        return next(found, None)

    async def list(self, partner_id: str, wanted: Filter) -> Sequence[Payment]:
        rows = [row for row in self.rows.values() if row.partner_id == partner_id]
        rows.sort(key=lambda row: (row.created_at, row.payment_id), reverse=True)
        if wanted.after is not None:
            names = [row.payment_id for row in rows]
            rows = rows[names.index(wanted.after) + 1 :] if wanted.after in names else []
        return [row for row in rows if _is_wanted(row, wanted)][: wanted.limit]

    async def decision(self, payment_id: str) -> Decision | None:
        return self._decisions.get(payment_id)

    async def routed(self, last: int) -> Sequence[Routed]:
        newest = sorted(self._orders.values(), key=lambda order: order.created_at, reverse=True)
        routed = [
            Routed(order.payment_id, self._decisions[order.payment_id], kinds_for(order.method))
            for order in newest
            if self._decisions[order.payment_id].facts is not None
        ]
        return routed[:last]

    async def retries(self, partner_id: str, fingerprint: str, amount: Money) -> Retries:
        now = datetime.now(UTC)
        declined = [
            sent
            for sent in self.sent.values()
            if sent.attempt.order.partner_id == partner_id
            and sent.attempt.order.method.fingerprint == fingerprint
            and sent.attempt.order.amount == amount
            and sent.tried.outcome is OutcomeKind.DECLINED
        ]
        return Retries(
            last_24h=sum(sent.at > now - timedelta(hours=24) for sent in declined),
            last_30d=sum(sent.at > now - timedelta(days=30) for sent in declined),
            never=any(sent.tried.kind is DeclineKind.NEVER for sent in declined),
        )

    async def attempt(self, reference: str) -> Attempt | None:
        sent = self.sent.get(reference)
        return sent.attempt if sent else None

    async def named(self, reference: str) -> Named | None:
        try:
            payment = self.rows.get(ids.payment_of_attempt(reference))
            number = int(reference.rpartition("-")[2])
        except ValueError:
            return None
        if payment is None:
            return None
        is_latest = number >= self._latest[payment.payment_id]
        known = frozenset(self.cases.get(payment.payment_id, ()))
        return Named(payment, await self.attempt(reference), is_latest, known)

    async def latest_attempt(self, payment_id: str) -> Attempt | None:
        return await self.attempt(f"{payment_id}-{self._latest.get(payment_id, 0)}")

    def reserve(self, payment_id: str, minor: int) -> None:
        """What FakeRefunds sets aside, or with a negative amount gives back."""
        row = self.rows[payment_id]
        reserved = row.refund_reserved_minor + minor
        assert 0 <= reserved <= row.captured_minor - row.refunded_minor, "more than was captured"
        self.rows[payment_id] = replace(row, refund_reserved_minor=reserved)

    def refund(self, payment_id: str, minor: int) -> None:
        """What was set aside is refunded."""
        self.reserve(payment_id, -minor)
        row = self.rows[payment_id]
        self.rows[payment_id] = replace(row, refunded_minor=row.refunded_minor + minor)

    def _is_saved(self, order: PaymentOrder) -> bool:
        method = self.methods.rows.get((order.partner_id, order.method.token or ""))
        return method is not None and method.customer_id == order.customer_id

    def _save(self, order: PaymentOrder) -> None:
        if order.save_method and order.customer_id is not None and order.card is not None:
            self.methods.save(order.partner_id, order.customer_id, order.card)

    def _begun_like(self, attempt: Attempt) -> Payment:
        row = self.rows.get(attempt.order.payment_id)
        if row is None or row.amount != attempt.order.amount:
            raise LookupError(f"{attempt.order.payment_id} was never begun like this")
        return row

    def _after(self, row: Payment, fact: Fact) -> Payment:
        return replace(
            row,
            status=fact.status,
            captured_minor=row.captured_minor + (fact.captured.minor if fact.captured else 0),
            fee_minor=row.fee_minor + (fact.fee.minor if fact.fee else 0),
            provider=fact.attempt.provider or row.provider,
            provider_reference=fact.provider_reference or row.provider_reference,
            code=fact.code or (fact.decline.code if fact.decline else None),
            raw_code=fact.decline.raw if fact.decline else None,
            next_action=fact.next_action or row.next_action,
            expires_at=None if fact.status in FINAL else fact.expires_at or row.expires_at,
            updated_at=fact.at,
        )

    def _first(self, attempt: Attempt, what: str) -> bool:
        """True the first time that this is written of this attempt."""
        key = (self._begun_like(attempt).payment_id, f"{what}:{attempt.number}")
        is_first = key not in self._written
        self._written.add(key)
        return is_first

    def _send(self, attempt: Attempt, outcome: Tried) -> None:
        known = self.sent.get(attempt.reference)
        if known is None or outcome.outcome is not None:
            self.sent[attempt.reference] = Sent(attempt, outcome, datetime.now(UTC))
        latest = self._latest[attempt.order.payment_id]
        self._latest[attempt.order.payment_id] = max(latest, attempt.number)

    def _post(self, posting: Posting) -> None:
        assert posting.key not in self.postings, f"{posting.key} was posted twice"
        self.postings[posting.key] = posting

    def _tell(self, event: str, payment_id: str, before: PaymentStatus) -> None:
        sequence = 1 + sum(told[1] == payment_id for told in self.events)
        self.events.append((event, payment_id, sequence, before))

    def _call(self, operation: str, subject: str) -> None:
        self.calls.append(f"{operation} {subject}")
        if self.unavailable:
            raise RecordUnavailable("connection refused")


def _is_wanted(row: Payment, wanted: Filter) -> bool:
    return (
        wanted.status in (None, row.status)
        and wanted.reference in (None, row.reference)
        and wanted.customer_id in (None, row.customer_id)
        and (wanted.created_from is None or row.created_at >= wanted.created_from)
        and (wanted.created_before is None or row.created_at < wanted.created_before)
    )
