"""A biller that is reached over HTTP and JSON."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from payments.adapters.billers.http import mapping
from payments.adapters.billers.http.capabilities import STANDARD
from payments.adapters.billers.http.client import Client
from payments.domain.bill import Bill, BillPayment, BillRef, Refused
from payments.domain.codes import Code
from payments.domain.outcome import Outcome, OutcomeKind
from payments.outside.plugged import utc_now
from payments.outside.wire import NeverLeft, NoAnswer
from payments.ports.biller import BillerUnavailable, Capabilities


class HttpBiller:
    """`accepts_new` is False for a suspended biller: nothing new begins, what began is ended."""

    def __init__(
        self,
        client: Client,
        *,
        currency: str,
        capabilities: Capabilities = STANDARD,
        accepts_new: bool = True,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._client = client
        self._currency = currency
        self._capabilities = capabilities
        self._accepts_new = accepts_new
        self._now = now

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    async def lookup(self, bill: BillRef) -> Bill | Refused:
        if not self._accepts_new:
            return Refused(Code.BILLER_UNKNOWN)
        try:
            reply = await self._client.bill(bill)
        except (NeverLeft, NoAnswer) as error:
            raise BillerUnavailable(str(error)) from error
        return mapping.bill(reply, bill, self._currency)

    async def hold(self, bill: BillRef, *, hold_id: str) -> Bill | Refused:
        if not self._accepts_new:
            return Refused(Code.BILLER_UNKNOWN)
        try:
            reply = await self._client.hold(bill, hold_id)
        except (NeverLeft, NoAnswer) as error:
            raise BillerUnavailable(str(error)) from error
        held = mapping.bill(reply, bill, self._currency)
        if isinstance(held, Bill) and held.paid:
            return Refused(Code.BILL_ALREADY_PAID)
        return held

    async def release(self, bill: BillRef, *, hold_id: str) -> None:
        try:
            reply = await self._client.release(bill, hold_id)
        except (NeverLeft, NoAnswer) as error:
            raise BillerUnavailable(str(error)) from error
        if not 200 <= reply.status < 300:
            raise BillerUnavailable(str(reply))

    async def pay(self, payment: BillPayment) -> Outcome:
        try:
            reply = await self._client.pay(payment)
        except NeverLeft as error:
            return Outcome(OutcomeKind.NOT_SENT, detail=str(error))
        except NoAnswer as error:
            return Outcome(OutcomeKind.UNKNOWN, detail=str(error))
        outcome = mapping.payment(reply, payment)
        return outcome if outcome is not None else await self._who_paid(payment)

    async def confirm(self, payment: BillPayment, *, sent_by: datetime) -> Outcome:
        try:
            reply = await self._client.payment(payment.transaction_id)
        except (NeverLeft, NoAnswer) as error:
            return Outcome(OutcomeKind.UNKNOWN, detail=str(error))
        settled = self._now() >= sent_by + self._capabilities.settles_within
        return mapping.inquiry(reply, payment, settled=settled)

    async def _who_paid(self, payment: BillPayment) -> Outcome:
        """The bill is paid already. Without idempotency keys over there it may have been by us: an
        earlier sending arrived after all, and its reference says so.
        """
        answer = await self.confirm(payment, sent_by=payment.locked_at)
        match answer.kind:
            case OutcomeKind.NOT_SENT:
                return mapping.PAID_ALREADY
            case OutcomeKind.ACCEPTED | OutcomeKind.DECLINED:
                return answer
            case _:
                return replace(answer, detail=f"already paid, perhaps by us: {answer.detail}")
