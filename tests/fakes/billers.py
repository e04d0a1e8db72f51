"""A biller with a visible log, that can be told how to take each payment."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from payments.domain.bill import Bill, BillPayment, BillRef, Refused
from payments.domain.codes import Code
from payments.domain.money import Money
from payments.domain.outcome import Outcome, OutcomeKind
from payments.ports.biller import Biller, BillerUnavailable, Capabilities


class Paying(StrEnum):
    """How the fake biller takes one payment."""

    ORDINARY = "takes it and says so"
    DECLINE = "declines"
    LOSE_ANSWER = "takes it, the answer is lost"
    LOSE_REQUEST = "never gets it, and we cannot know"
    UNREACHABLE = "no connection, surely not sent"
    PENDING = "has it and decides later"
    BREAK = "our adapter itself breaks after it was sent"


AMOUNT = Money(125_000, "BDT")
CAPABILITIES = Capabilities(honours_idempotency_keys=True, settles_within=timedelta(seconds=30))


def end_of_time() -> datetime:
    """A clock by which everything has settled: tests that skip time are ahead of the wall clock."""
    return datetime.max.replace(tzinfo=UTC)


@dataclass
class FakeBiller:
    """One biller. `effects` lists the references of payments that moved money, in order."""

    amount: Money = AMOUNT
    capabilities: Capabilities = CAPABILITIES
    clock: Callable[[], datetime] = end_of_time
    calls: list[str] = field(default_factory=list)
    effects: list[str] = field(default_factory=list)
    holds: dict[BillRef, str] = field(default_factory=dict)
    missing: set[BillRef] = field(default_factory=set)
    script: deque[Paying] = field(default_factory=deque)
    unreachable: bool = False
    silent: bool = False
    decline_code: Code = Code.ACCOUNT_BLOCKED
    # Cleared, a payment waits after its effect until the test lets it go on.
    gate: asyncio.Event | None = None
    slow_s: float = 0.0
    _paid: dict[BillRef, str] = field(default_factory=dict)
    _answers: dict[str, Outcome] = field(default_factory=dict)

    async def lookup(self, bill: BillRef) -> Bill | Refused:
        self._call("lookup", bill.bill_number)
        if bill in self.missing:
            return Refused(Code.BILL_NOT_FOUND)
        due = date(2026, 5, 15)
        return Bill(bill, self.amount, due, "R***** K*****", paid=bill in self._paid)

    async def hold(self, bill: BillRef, *, hold_id: str) -> Bill | Refused:
        self._call("hold", hold_id)
        if bill in self.missing:
            return Refused(Code.BILL_NOT_FOUND)
        if bill in self._paid:
            return Refused(Code.BILL_ALREADY_PAID)
        if self.holds.setdefault(bill, hold_id) != hold_id:
            return Refused(Code.BILL_LOCKED)
        return Bill(bill, self.amount, date(2026, 5, 15), "R***** K*****", paid=False)

    async def release(self, bill: BillRef, *, hold_id: str) -> None:
        self._call("release", hold_id)
        if self.holds.get(bill) == hold_id:
            del self.holds[bill]

    async def pay(self, payment: BillPayment) -> Outcome:
        self.calls.append(f"pay {payment.transaction_id}")
        how = self.script.popleft() if self.script else Paying.ORDINARY
        if self.unreachable or how is Paying.UNREACHABLE:
            return Outcome(OutcomeKind.NOT_SENT, detail="connection refused")
        if how is Paying.LOSE_REQUEST:
            return Outcome(OutcomeKind.UNKNOWN, detail="no answer")
        if payment.transaction_id not in self._answers:
            self._answers[payment.transaction_id] = self._decide(payment, how)
        outcome = self._answers[payment.transaction_id]
        await asyncio.sleep(self.slow_s)
        if self.gate is not None:
            await self.gate.wait()
        match how:
            case Paying.LOSE_ANSWER:
                return Outcome(OutcomeKind.UNKNOWN, detail="no answer")
            case Paying.BREAK:
                raise KeyError("receipt")
            case _:
                return outcome

    async def confirm(self, payment: BillPayment, *, sent_by: datetime) -> Outcome:
        self.calls.append(f"confirm {payment.transaction_id}")
        if self.unreachable or self.silent:
            return Outcome(OutcomeKind.UNKNOWN, detail="no answer")
        known = self._answers.get(payment.transaction_id)
        if known is not None:
            return known
        if self.clock() < sent_by + self.capabilities.settles_within:
            return Outcome(OutcomeKind.UNKNOWN, detail="too early to tell")
        return Outcome(OutcomeKind.NOT_SENT, detail="no such payment")

    def decide(self, transaction_id: str) -> None:
        """A pending payment is taken after all."""
        self._answers[transaction_id] = self._taken(transaction_id)

    def decline(self, transaction_id: str) -> None:
        """A pending payment is declined after all."""
        self._answers[transaction_id] = Outcome(OutcomeKind.DECLINED, code=self.decline_code)

    def pay_elsewhere(self, bill: BillRef) -> None:
        """Somebody pays the bill at the biller's own counter."""
        self._paid[bill] = "counter"

    def _decide(self, payment: BillPayment, how: Paying) -> Outcome:
        if how is Paying.DECLINE:
            return Outcome(OutcomeKind.DECLINED, code=self.decline_code, detail="declined")
        if self._paid.get(payment.bill, payment.transaction_id) != payment.transaction_id:
            return Outcome(OutcomeKind.DECLINED, code=Code.BILL_ALREADY_PAID)
        if how is Paying.PENDING:
            return Outcome(OutcomeKind.PENDING)
        self._paid[payment.bill] = payment.transaction_id
        return self._taken(payment.transaction_id)

    def _taken(self, transaction_id: str) -> Outcome:
        self.effects.append(transaction_id)
        return Outcome(
            OutcomeKind.ACCEPTED,
            reference=f"DESCO-{len(self.effects)}",
            at=datetime(2026, 4, 30, 8, 21, tzinfo=UTC),
        )

    def _call(self, operation: str, subject: str) -> None:
        self.calls.append(f"{operation} {subject}")
        if self.unreachable:
            raise BillerUnavailable("connection refused")


@dataclass
class FakeBillers:
    billers: Mapping[str, Biller]

    def get(self, biller_id: str) -> Biller | None:
        return self.billers.get(biller_id)
