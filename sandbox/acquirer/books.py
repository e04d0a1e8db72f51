"""The books of the pretend acquirers: every payment, and what came of it.

As with the billers, every change is an entry: folded into these books and appended to the journal
in one step without a pause between. Folding the journal again gives the same books after a restart.
"""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from sandbox.acquirer.dispute_entries import (
    DisputeAnswered,
    Disputed,
    DisputeDecided,
    FileKept,
)
from sandbox.acquirer.disputes import Dispute
from sandbox.acquirer.entries import (
    Arrived,
    BankChosen,
    Captured,
    Decided,
    Entry,
    Opened,
    PaymentState,
    Received,
    RefundDecided,
    Refunded,
    RefundState,
    Verdict,
    Voided,
    as_line,
)
from sandbox.acquirer.payments import LIVING, UNDECIDED, Capture, Payment, Receipt, Refund
from sandbox.acquirer.totals import Booked, Effect, Totals

_GRANTED = frozenset({PaymentState.AUTHORIZED, PaymentState.CAPTURED})
RECENT = 50

_Row = TypeVar("_Row")
_Deciding = Opened | Decided | Received


class Listening(Protocol):
    """Who is told of every change, also while the journal is read back."""

    def changed(self, payment: Payment, entry: Entry) -> None: ...


@dataclass(frozen=True, slots=True)
class Request:
    """What an idempotency key was used for."""

    payment: str
    reference: str
    amount_minor: int


class Books:
    def __init__(self, append: Callable[[bytes], None], listener: Listening) -> None:
        self.totals = Totals()
        self.recent: deque[Payment] = deque(maxlen=RECENT)
        self._append = append
        self._listener = listener
        self._by_id: dict[str, Payment] = {}
        self._by_reference: defaultdict[tuple[str, str], list[Payment]] = defaultdict(list)
        self._by_challenge: dict[str, Payment] = {}
        self._by_dispute: dict[tuple[str, str], Payment] = {}
        self._keys: dict[tuple[str, str], Request] = {}
        self._arrivals: defaultdict[tuple[str, str], list[Arrived]] = defaultdict(list)
        self._effects: defaultdict[tuple[str, str], list[Booked]] = defaultdict(list)

    # What can be asked.

    def payment(self, acquirer: str, reference: str) -> Payment | None:
        """Of payments that an acquirer without keys booked twice, the first that lives."""
        named = self._by_reference.get((acquirer, reference), [])
        return next((one for one in named if one.state in LIVING), named[-1] if named else None)

    def by_id(self, payment_id: str) -> Payment:
        return self._by_id[payment_id]

    def challenged(self, challenge_id: str) -> Payment | None:
        return self._by_challenge.get(challenge_id)

    def disputed(self, acquirer: str, dispute_id: str) -> Payment | None:
        """What this dispute is about."""
        return self._by_dispute.get((acquirer, dispute_id))

    def request_of(self, acquirer: str, key: str) -> Request | None:
        return self._keys.get((acquirer, key))

    def arrivals(self, acquirer: str, reference: str | None) -> list[Arrived]:
        return _found(self._arrivals, acquirer, reference)

    def effects(self, acquirer: str, reference: str | None) -> list[Booked]:
        return _found(self._effects, acquirer, reference)

    def due(self) -> list[Payment]:
        """Payments that still wait for a time to come."""
        return [one for one in self._by_id.values() if _waits(one)]

    # What can happen.

    def enter(self, entry: Entry) -> None:
        self.fold(entry)
        self._append(as_line(entry))

    # How an entry changes the books; also used to read the journal back.

    def fold(self, entry: Entry) -> None:
        match entry:
            case Arrived():
                self._arrivals[entry.acquirer, entry.payment].append(entry)
                return
            case FileKept():
                self._by_id[entry.id].disputes[entry.dispute_id].files[entry.file_id] = entry
                return
            case Opened():
                payment = self._open(entry)
                self._decide(payment, entry, entry.verdict)
            case _:
                payment = self._changed(entry)
        payment.sequence += 1
        self._listener.changed(payment, entry)

    def _changed(self, entry: Entry) -> Payment:
        payment = self._by_id[getattr(entry, "id", "")]
        match entry:
            case Decided():
                self._decide(payment, entry, entry.verdict)
            case BankChosen():
                payment.bank = entry.bank
            case Received():
                payment = self._by_id[entry.id]
                self._receive(payment, entry)
            case Captured():
                self._capture(payment, entry)
            case Voided():
                self._void(payment, entry)
            case Refunded():
                self._refund(payment, entry)
            case RefundDecided():
                self._decide_refund(payment, entry)
            case Disputed() | DisputeDecided() | DisputeAnswered():
                self._dispute(payment, entry)
            case _:
                message = f"{entry.kind} is no entry of these books"
                raise TypeError(message)
        return payment

    def _open(self, entry: Opened) -> Payment:
        payment = Payment.opened(entry)
        order = entry.order
        self._by_id[payment.id] = payment
        self._by_reference[entry.acquirer, order.reference].append(payment)
        self.recent.append(payment)
        self._remember(payment, entry.key, order.reference, order.amount_minor)
        return payment

    def _receive(self, payment: Payment, entry: Received) -> None:
        payment.receipts.append(Receipt(entry.at, entry.receipt_id, entry.amount_minor))
        if entry.verdict is None:
            self._book(payment, entry, Effect.SURPLUS, entry.receipt_id, entry.amount_minor)
            return
        payment.paid_by = entry.receipt_id
        self._decide(payment, entry, entry.verdict)

    def _decide(self, payment: Payment, entry: _Deciding, verdict: Verdict) -> None:
        payment.state, payment.three_ds = verdict.state, verdict.three_ds
        payment.decline, payment.due_at = verdict.decline, verdict.due_at
        if verdict.challenge is not None:
            payment.challenge = verdict.challenge
            self._by_challenge[verdict.challenge.id] = payment
        if verdict.state in UNDECIDED:
            return
        payment.decided_at = entry.at
        if verdict.state in _GRANTED:
            self._grant(payment, entry)
        else:
            self._release(payment, entry, payment.order.reference)

    def _grant(self, payment: Payment, entry: _Deciding) -> None:
        order = payment.order
        if not payment.capturable_minor:
            # Also a payment that was voided can be granted late: then nothing is voided any more.
            payment.authorized_minor, payment.voided_minor = order.amount_minor, 0
            payment.released = False
            self._book(payment, entry, Effect.AUTHORIZE, order.reference, order.amount_minor)
        if payment.state is PaymentState.CAPTURED:
            capture_id = f"cap_{payment.id.removeprefix('acq_')}"
            rest = payment.capturable_minor
            payment.captures.append(Capture(entry.at, capture_id, order.reference, rest))
            payment.captured_minor += rest
            self._book(payment, entry, Effect.CAPTURE, order.reference, rest)

    def _capture(self, payment: Payment, entry: Captured) -> None:
        capture = Capture(entry.at, entry.capture_id, entry.reference, entry.amount_minor)
        payment.captures.append(capture)
        payment.captured_minor += entry.amount_minor
        self._remember(payment, entry.key, entry.reference, entry.amount_minor)
        self._book(payment, entry, Effect.CAPTURE, entry.reference, entry.amount_minor)
        if entry.final:
            self._release(payment, entry, entry.reference)
        if payment.capturable_minor <= 0:
            payment.state = PaymentState.CAPTURED

    def _void(self, payment: Payment, entry: Voided) -> None:
        captured = payment.captured_minor > 0
        payment.state = PaymentState.CAPTURED if captured else PaymentState.VOIDED
        payment.released, payment.due_at, payment.decided_at = True, None, entry.at
        if not self._release(payment, entry, payment.order.reference):
            # It ended a challenge before anything was reserved, and is worth a line all the same.
            self._book(payment, entry, Effect.VOID, payment.order.reference, 0)

    def _release(self, payment: Payment, entry: Entry, reference: str) -> int:
        rest = payment.capturable_minor
        if rest > 0:
            payment.voided_minor += rest
            self._book(payment, entry, Effect.VOID, reference, rest)
        return rest

    def _refund(self, payment: Payment, entry: Refunded) -> None:
        refund = Refund(
            *(entry.at, entry.refund_id, entry.reference, entry.amount_minor),
            *(entry.state, entry.reason, entry.due_at, entry.receipt),
        )
        payment.refunds[entry.refund_id] = refund
        self._remember(payment, entry.key, entry.reference, entry.amount_minor)
        self._book_refund(payment, entry, refund)

    def _decide_refund(self, payment: Payment, entry: RefundDecided) -> None:
        refund = payment.refunds[entry.refund_id]
        refund.state, refund.reason, refund.due_at = entry.state, entry.reason, None
        self._book_refund(payment, entry, refund)

    def _dispute(
        self, payment: Payment, entry: Disputed | DisputeDecided | DisputeAnswered
    ) -> None:
        if isinstance(entry, Disputed):
            dispute, before = Dispute.opened(entry), 0
            payment.disputes[dispute.id] = dispute
            self._by_dispute[payment.acquirer, dispute.id] = payment
        else:
            dispute = payment.disputes[entry.dispute_id]
            before = dispute.taken_minor
            if isinstance(entry, DisputeAnswered):
                dispute.take(entry)
            else:
                dispute.decide(entry)
        moved = dispute.taken_minor - before
        if moved:
            effect = Effect.DISPUTE if moved > 0 else Effect.DISPUTE_RETURNED
            self._book(payment, entry, effect, dispute.id, abs(moved))

    def _book_refund(self, payment: Payment, entry: Entry, refund: Refund) -> None:
        match refund.state:
            case RefundState.SUCCEEDED:
                self._book(payment, entry, Effect.REFUND, refund.reference, refund.amount_minor)
            case RefundState.FAILED:
                self._book(payment, entry, Effect.REFUND_FAILED, refund.reference, 0)
            case RefundState.PENDING:
                pass

    def _book(
        self, payment: Payment, entry: Entry, effect: Effect, reference: str, amount_minor: int
    ) -> None:
        key = getattr(entry, "key", None)
        booked = Booked(entry.at, effect, payment, reference, amount_minor, key)
        self._effects[payment.acquirer, payment.order.reference].append(booked)
        self.totals.add(booked)

    def _remember(
        self, payment: Payment, key: str | None, reference: str, amount_minor: int
    ) -> None:
        if key is not None:
            request = Request(payment.order.reference, reference, amount_minor)
            self._keys[payment.acquirer, key] = request


def _waits(payment: Payment) -> bool:
    return (
        payment.due_at is not None
        or payment.state is PaymentState.CHALLENGE
        or any(refund.state is RefundState.PENDING for refund in payment.refunds.values())
        or any(dispute.waits_until is not None for dispute in payment.disputes.values())
    )


def _found(
    rows: dict[tuple[str, str], list[_Row]], acquirer: str, reference: str | None
) -> list[_Row]:
    if reference is not None:
        return list(rows.get((acquirer, reference), []))
    return [row for (owner, _), some in rows.items() if owner == acquirer for row in some]
