"""Steps at the biller: hold, release, pay, confirm. One call each, through the port."""

from temporalio import activity

from activities import failures
from payments.domain.bill import BillPayment, LockRequest, Refused
from payments.domain.codes import Code
from payments.domain.lock import HoldAnswer, Inquiry
from payments.domain.outcome import Outcome, OutcomeKind
from payments.ports.biller import Biller, Billers, BillerUnavailable


class BillerActivities:
    """Keys: the lock id for the hold, the transaction id for the payment; never an attempt."""

    def __init__(self, billers: Billers) -> None:
        self._billers = billers

    @activity.defn(name="billers.hold")
    async def hold(self, request: LockRequest) -> HoldAnswer:
        """Reserve the bill at the biller and learn the amount. Key: the lock id."""
        biller = self._billers.get(request.bill.biller_id)
        if biller is None:
            return HoldAnswer(refused=Refused(Code.BILLER_UNKNOWN))
        with failures.translated():
            held = await biller.hold(request.bill, hold_id=request.lock_id)
        if isinstance(held, Refused):
            return HoldAnswer(refused=held)
        return HoldAnswer(amount=held.amount)

    @activity.defn(name="billers.release")
    async def release(self, request: LockRequest) -> None:
        """Give the hold back. Harmless when there is none. Key: the lock id."""
        biller = self._billers.get(request.bill.biller_id)
        if biller is not None:
            with failures.translated():
                await biller.release(request.bill, hold_id=request.lock_id)

    @activity.defn(name="billers.pay")
    async def pay(self, payment: BillPayment) -> Outcome:
        """Pay the bill once. Fails only when it surely was not sent. Key: the transaction id."""
        with failures.translated():
            biller = known(self._billers, payment.bill.biller_id)
        with failures.never_again():
            outcome = await biller.pay(payment)
        if outcome.kind is OutcomeKind.NOT_SENT:
            raise failures.not_sent(outcome)
        return outcome

    @activity.defn(name="billers.confirm")
    async def confirm(self, inquiry: Inquiry) -> Outcome:
        """Ask until the biller says ACCEPTED or DECLINED, or that it surely never had it."""
        with failures.translated():
            biller = known(self._billers, inquiry.payment.bill.biller_id)
        outcome = await biller.confirm(inquiry.payment, sent_by=inquiry.sent_by)
        if outcome.kind in (OutcomeKind.UNKNOWN, OutcomeKind.PENDING):
            raise failures.not_known(outcome)
        return outcome


def known(billers: Billers, biller_id: str) -> Biller:
    """A biller that was unplugged in mid-payment comes back, or an operator brings it back."""
    biller = billers.get(biller_id)
    if biller is None:
        raise BillerUnavailable(f"{biller_id} is not plugged in")
    return biller
