"""A biller to talk to and the hand behind the scenes: over HTTP, and the fake."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Protocol

from payments.domain.bill import BillPayment, BillRef
from payments.domain.outcome import OutcomeKind
from payments.ports.biller import Biller
from tests.fakes.billers import FakeBiller, Paying
from tests.patience import until
from tests.sandbox.running_sandbox import RunningSandbox

_numbers = count(70_000_000)

BEHAVIOURS = {
    Paying.DECLINE: "decline",
    Paying.LOSE_ANSWER: "reset_after_effect",
    Paying.LOSE_REQUEST: "hang_before_effect",
    Paying.UNREACHABLE: "down",
}


class Clock:
    """The adapter's idea of now; tests move it instead of waiting."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Stage(Protocol):
    """A biller to talk to, and the hand behind the scenes that makes it misbehave."""

    clock: Clock

    @property
    def biller(self) -> Biller: ...
    def missing_bill(self) -> BillRef: ...
    def next_payment(self, how: Paying) -> None: ...
    def pending(self) -> None: ...
    async def decide(self, payment: BillPayment) -> None: ...
    def pay_elsewhere(self, bill: BillRef) -> None: ...
    def effects(self, bill: BillRef) -> int: ...


def new_bill() -> BillRef:
    return BillRef("DESCO", f"{next(_numbers)}00", "2026-04")


@dataclass
class FakeStage:
    biller: FakeBiller
    clock: Clock

    def missing_bill(self) -> BillRef:
        bill = new_bill()
        self.biller.missing.add(bill)
        return bill

    def next_payment(self, how: Paying) -> None:
        self.biller.script.append(how)
        self.biller.unreachable = how is Paying.UNREACHABLE

    def pending(self) -> None:
        self.biller.script.append(Paying.PENDING)

    async def decide(self, payment: BillPayment) -> None:
        self.biller.decide(payment.transaction_id)

    def pay_elsewhere(self, bill: BillRef) -> None:
        self.biller.pay_elsewhere(bill)

    def effects(self, bill: BillRef) -> int:
        return len(self.biller.effects)


@dataclass
class HttpStage:
    sandbox: RunningSandbox
    biller: Biller
    clock: Clock

    def missing_bill(self) -> BillRef:
        return replace(new_bill(), bill_number=f"{next(_numbers)}99")

    def next_payment(self, how: Paying) -> None:
        more: dict[str, Any] = {} if how is Paying.UNREACHABLE else {"times": 1}
        if how is Paying.LOSE_REQUEST:
            more |= {"delayMs": 500}
        self.sandbox.tell(BEHAVIOURS[how], **more)

    def pending(self) -> None:
        self.sandbox.tell("pending", delayMs=3_000, times=1)

    async def decide(self, payment: BillPayment) -> None:
        """It decides by itself, three seconds after the payment."""

        async def is_decided() -> bool:
            told = await self.biller.confirm(payment, sent_by=self.clock())
            return told.kind is not OutcomeKind.PENDING

        await until(is_decided, 10, "it does not decide")

    def pay_elsewhere(self, bill: BillRef) -> None:
        answer = self.sandbox.control.post(
            f"/control/billers/{bill.biller_id}/bills/{bill.bill_number}/pay-elsewhere",
            json={"period": bill.billing_period},
        )
        assert answer.is_success, answer.text

    def effects(self, bill: BillRef) -> int:
        return len(self.sandbox.effects(bill.bill_number))
