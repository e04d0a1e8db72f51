"""The books of the pretend billers: which bill is held, who paid it, and what was answered to whom.

Every change is an entry: it is folded into these books and appended to the journal in one step
without a pause between, so two requests can never both find the same bill unpaid. Folding the
journal again gives the same books after a restart.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never

from sandbox.biller.behaviour import Behaviour, Instruction
from sandbox.biller.billers import BILLERS, BillId
from sandbox.biller.entries import Entry, Kind, Order
from sandbox.biller.rows import Rows
from sandbox.moments import now

HOLD_LIFE = timedelta(minutes=10)


class PaymentState(StrEnum):
    PENDING = "PENDING"
    PAID = "PAID"
    DECLINED = "DECLINED"


@dataclass(slots=True)
class Payment:
    """What became of one order. Only a pending payment ever changes."""

    order: Order
    state: PaymentState
    receipt: str | None = None
    paid_at: datetime | None = None
    error: str | None = None
    reason: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    hold_id: str
    until: datetime


@dataclass(slots=True)
class Bill:
    attempts: int = 0
    paid_by: str | None = None
    paid_elsewhere: bool = False
    hold: Hold | None = None

    @property
    def is_paid(self) -> bool:
        return self.paid_elsewhere or self.paid_by is not None

    def is_paid_by_other_than(self, reference: str) -> bool:
        return self.paid_elsewhere or self.paid_by not in (None, reference)


class Books:
    def __init__(self, append: Callable[[bytes], None]) -> None:
        self.arrivals = Rows()
        self.effects = Rows()
        # Accepted payments whose effect is still to come, by the receipt they will get.
        self.pending: dict[str, Payment] = {}
        self._append = append
        self._bills: dict[BillId, Bill] = {}
        self._payments: dict[tuple[str, str], Payment] = {}
        self._answered: dict[tuple[str, str], Payment] = {}
        self._receipts = 0

    # What can be asked.

    def bill(self, bill: BillId) -> Bill:
        return self._bills.get(bill) or Bill()

    def payment(self, biller: str, reference: str) -> Payment | None:
        return self._payments.get((biller, reference))

    def answered(self, biller: str, key: str) -> Payment | None:
        """What this idempotency key was answered with before."""
        return self._answered.get((biller, key))

    # What can happen.

    def arrive(self, order: Order) -> None:
        self._enter(Entry(now(), Kind.ARRIVAL, order.bill, order))

    def pay(self, order: Order, instruction: Instruction) -> Payment:
        """Decide one order for good, or accept it as pending."""
        if instruction.behaviour is Behaviour.PAID_ELSEWHERE:
            self.pay_elsewhere(order.bill)
        moment = now()
        error = self._objection(order, instruction)
        if error is not None:
            reason = instruction.reason if error == "DECLINED" else None
            entry = Entry(moment, Kind.REFUSAL, order.bill, order, error=error, reason=reason)
        elif instruction.behaviour in (Behaviour.SLOW, Behaviour.PENDING):
            until = moment + timedelta(milliseconds=instruction.delay_ms)
            receipt = self._next_receipt(order.bill)
            entry = Entry(moment, Kind.PENDING, order.bill, order, receipt=receipt, until=until)
        else:
            receipt = self._next_receipt(order.bill)
            entry = Entry(moment, Kind.EFFECT, order.bill, order, receipt=receipt)
        return self._enter_payment(entry)

    def clear(self, receipt: str) -> None:
        """The time of a pending payment has come: it takes the money, if nobody was faster."""
        order = self.pending[receipt].order
        if self.bill(order.bill).is_paid_by_other_than(order.reference):
            kind, error = Kind.REFUSAL, "ALREADY_PAID"
        else:
            kind, error = Kind.EFFECT, None
        self._enter_payment(Entry(now(), kind, order.bill, order, receipt=receipt, error=error))

    def hold(self, bill: BillId, hold_id: str) -> Hold | None:
        """None when somebody else holds the bill. A repeat of a living hold changes nothing."""
        held, moment = self.bill(bill).hold, now()
        if held is not None and held.until > moment:
            return held if held.hold_id == hold_id else None
        until = moment + HOLD_LIFE
        self._enter(Entry(moment, Kind.HOLD, bill, hold_id=hold_id, until=until))
        return Hold(hold_id, until)

    def release(self, bill: BillId, hold_id: str) -> None:
        held = self.bill(bill).hold
        if held is not None and held.hold_id == hold_id:
            self._enter(Entry(now(), Kind.RELEASE, bill, hold_id=hold_id))

    def pay_elsewhere(self, bill: BillId) -> bool:
        """False when the bill was paid already."""
        if self.bill(bill).is_paid:
            return False
        self._enter(Entry(now(), Kind.ELSEWHERE, bill))
        return True

    # How an entry changes the books; also used to read the journal back.

    def fold(self, entry: Entry) -> None:
        bill = self._bills.setdefault(entry.bill, Bill())
        match entry.kind:
            case Kind.ARRIVAL:
                bill.attempts += 1
                self.arrivals.add(entry)
            case Kind.PENDING | Kind.REFUSAL | Kind.EFFECT:
                self._fold_payment(entry)
            case Kind.ELSEWHERE:
                bill.paid_elsewhere, bill.hold = True, None
            case Kind.HOLD:
                assert entry.hold_id is not None
                assert entry.until is not None
                bill.hold = Hold(entry.hold_id, entry.until)
            case Kind.RELEASE:
                bill.hold = None
            case _:
                assert_never(entry.kind)

    def _fold_payment(self, entry: Entry) -> Payment:
        order = entry.order
        assert order is not None
        payment = self.pending.pop(entry.receipt or "", None)
        if payment is None:
            payment = Payment(order, PaymentState.PENDING, entry.receipt)
            self._receipts += entry.receipt is not None
            self._remember(payment)
        if entry.kind is Kind.PENDING:
            assert entry.receipt is not None
            payment.due_at = entry.until
            self.pending[entry.receipt] = payment
        elif entry.kind is Kind.EFFECT:
            payment.state, payment.paid_at = PaymentState.PAID, entry.at
            bill = self._bills.setdefault(entry.bill, Bill())
            bill.paid_by, bill.hold = order.reference, None
            self.effects.add(entry)
        else:
            payment.state = PaymentState.DECLINED
            payment.error, payment.reason = entry.error, entry.reason
        return payment

    def _remember(self, payment: Payment) -> None:
        order = payment.order
        if order.key is not None:
            self._answered[order.bill.biller, order.key] = payment
        earlier = self._payments.get((order.bill.biller, order.reference))
        # A reference that was once PAID stays PAID, whatever its unprotected repeats end as.
        if earlier is None or earlier.state is not PaymentState.PAID:
            self._payments[order.bill.biller, order.reference] = payment

    def _enter(self, entry: Entry) -> None:
        self.fold(entry)
        self._append(entry.as_line())

    def _enter_payment(self, entry: Entry) -> Payment:
        payment = self._fold_payment(entry)
        self._append(entry.as_line())
        return payment

    def _objection(self, order: Order, instruction: Instruction) -> str | None:
        biller = BILLERS[order.bill.biller]
        if self.bill(order.bill).is_paid_by_other_than(order.reference):
            # The same reference is not refused: a repeat is known by its key alone, and a repeat
            # that the key does not stop is booked twice, which is what makes it visible.
            return "ALREADY_PAID"
        due_minor = biller.due_minor(order.bill)
        if order.currency != biller.currency or biller.minor(order.amount) != due_minor:
            return "AMOUNT_DIFFERS"
        return "DECLINED" if instruction.behaviour is Behaviour.DECLINE else None

    def _next_receipt(self, bill: BillId) -> str:
        return f"{bill.biller}-{bill.period.replace('-', '')}-{self._receipts + 1:06d}"
