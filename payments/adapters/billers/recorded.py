"""A biller whose every call leaves one row in the call log."""

from datetime import datetime

from payments.domain.bill import Bill, BillPayment, BillRef, Refused
from payments.domain.outcome import Outcome, OutcomeKind
from payments.outside.recorder import Recorder
from payments.ports.biller import Biller, BillerUnavailable, Capabilities
from payments.ports.journal import CallLog


class RecordedBiller:
    def __init__(self, biller_id: str, biller: Biller, calls: CallLog) -> None:
        self._biller = biller
        self._recorded = Recorder(biller_id, calls, BillerUnavailable).recorded

    @property
    def capabilities(self) -> Capabilities:
        return self._biller.capabilities

    async def lookup(self, bill: BillRef) -> Bill | Refused:
        return await self._recorded(
            "lookup", _name(bill), lambda: self._biller.lookup(bill), _word_of_read
        )

    async def hold(self, bill: BillRef, *, hold_id: str) -> Bill | Refused:
        return await self._recorded(
            "hold", hold_id, lambda: self._biller.hold(bill, hold_id=hold_id), _word_of_read
        )

    async def release(self, bill: BillRef, *, hold_id: str) -> None:
        await self._recorded(
            "release",
            hold_id,
            lambda: self._biller.release(bill, hold_id=hold_id),
            lambda _: "released",
        )

    async def pay(self, payment: BillPayment) -> Outcome:
        return await self._recorded(
            "pay", payment.transaction_id, lambda: self._biller.pay(payment), _word_of_money
        )

    async def confirm(self, payment: BillPayment, *, sent_by: datetime) -> Outcome:
        return await self._recorded(
            "confirm",
            payment.transaction_id,
            lambda: self._biller.confirm(payment, sent_by=sent_by),
            _word_of_money,
        )


def _name(bill: BillRef) -> str:
    return f"{bill.biller_id}:{bill.bill_number}:{bill.billing_period}"


def _word_of_read(answer: Bill | Refused) -> str:
    return answer.code.meaning.reason if isinstance(answer, Refused) else "found"


def _word_of_money(outcome: Outcome) -> str:
    code = outcome.code
    if outcome.kind is OutcomeKind.DECLINED and code is not None:
        return f"declined {code.meaning.reason}"
    return outcome.kind.value
