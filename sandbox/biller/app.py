"""The biller's own door: look up a bill, hold it, release it, pay it, ask after a payment."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from sandbox.answers import (
    Answer,
    NoContent,
    Refused,
    StrictBody,
    application,
    invalid,
    read_body,
)
from sandbox.biller.behaviour import Behaviour, Conduct, Instruction, Operation
from sandbox.biller.billers import BILLERS, PERIOD, BillId, due_date
from sandbox.biller.books import Books, Payment, PaymentState
from sandbox.biller.clearing import Clearing
from sandbox.biller.entries import Order
from sandbox.faults import spoiled, unserved
from sandbox.journal import Journal
from sandbox.moments import written

log = logging.getLogger("sandbox")

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:~-]{1,200}$")]
Period = Annotated[str, Field(pattern=f"^{PERIOD.pattern}$")]


class HoldBody(StrictBody):
    period: Period


class PaymentBody(StrictBody):
    reference: Name
    billNumber: Annotated[str, Field(min_length=1, max_length=40)]  # noqa: N815
    period: Period
    amount: Annotated[str, Field(pattern=r"^[0-9]{1,12}(\.[0-9]{1,4})?$")]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    holdId: Name | None = None  # noqa: N815


@dataclass(frozen=True, slots=True)
class BillerDoor:
    books: Books
    journal: Journal
    conduct: Conduct
    clearing: Clearing

    def app(self) -> Starlette:
        bill = "/billers/{biller}/bills/{number}"
        return application(
            [
                ("GET", bill, self.lookup),
                ("PUT", bill + "/holds/{hold_id}", self.hold),
                ("DELETE", bill + "/holds/{hold_id}", self.release),
                ("POST", "/billers/{biller}/payments", self.pay),
                ("GET", "/billers/{biller}/payments/{reference}", self.confirm),
            ]
        )

    async def lookup(self, request: Request) -> Response:
        bill = _bill_in_path(request, request.query_params.get("period", ""))

        async def look() -> Response:
            return Answer(200, bill_as_json(self.books, _existing(bill)))

        return await self._perform(Operation.LOOKUP, bill, look)

    async def hold(self, request: Request) -> Response:
        body = await read_body(request, HoldBody)
        bill = _bill_in_path(request, body.period)
        hold_id = request.path_params["hold_id"]

        async def hold() -> Response:
            if self.books.bill(_existing(bill)).is_paid:
                return Answer(409, {"error": "ALREADY_PAID"})
            held = self.books.hold(bill, hold_id)
            if held is None:
                return Answer(409, {"error": "HELD"})
            bill_json = bill_as_json(self.books, bill)
            return Answer(200, bill_json | {"heldUntil": written(held.until)})

        return await self._perform(Operation.HOLD, bill, hold)

    async def release(self, request: Request) -> Response:
        period = request.query_params.get("period", "")
        if PERIOD.fullmatch(period) is None:
            raise invalid("period", "must be YYYY-MM")
        # Not even the biller has to exist: who holds nothing there has nothing left to release.
        bill = BillId(request.path_params["biller"], request.path_params["number"], period)

        async def release() -> Response:
            self.books.release(bill, request.path_params["hold_id"])
            return NoContent()

        return await self._perform(Operation.RELEASE, bill, release)

    async def pay(self, request: Request) -> Response:
        biller = _known(request)
        body = await read_body(request, PaymentBody)
        bill = BillId(biller, body.billNumber, body.period)
        key = _key(request)
        order = Order(bill, body.reference, body.amount, body.currency, body.holdId, key)
        attempts = self.books.bill(bill).attempts
        instruction = self.conduct.take(Operation.PAY, bill, attempts=attempts)
        # Before everything else, so that a request that is never answered is seen as well.
        self.books.arrive(order)
        log.info("payment.arrived %s %s %s", bill, order.reference, instruction.behaviour)

        async def pay() -> Response:
            return await self._pay(order, instruction)

        return await self._under(instruction, pay, slow_inside=True)

    async def _pay(self, order: Order, instruction: Instruction) -> Response:
        _existing(order.bill)
        honoured = self.conduct.of(order.bill.biller).honour_idempotency_keys
        earlier = None
        if honoured and order.key is not None:
            earlier = self.books.answered(order.bill.biller, order.key)
        if earlier is not None and earlier.order != order:
            return Answer(422, {"error": "KEY_REUSED"})
        payment = earlier or self.books.pay(order, instruction)
        if payment.state is PaymentState.PENDING:
            self.clearing.watch(payment)
        await self.journal.synced()
        if instruction.behaviour is Behaviour.SLOW:
            if payment.state is PaymentState.PENDING:
                await self.clearing.cleared(payment)
            else:
                await asyncio.sleep(instruction.delay_s)
        return _payment_answer(payment)

    async def confirm(self, request: Request) -> Response:
        biller, reference = _known(request), request.path_params["reference"]
        payment = self.books.payment(biller, reference)
        bill = payment.order.bill if payment is not None else BillId(biller, "", "")

        async def confirm() -> Response:
            payment = self.books.payment(biller, reference)
            if payment is None:
                return Answer(404, {"error": "PAYMENT_NOT_FOUND"})
            return Answer(200, _payment_as_json(payment))

        return await self._perform(Operation.CONFIRM, bill, confirm)

    async def _perform(
        self, operation: Operation, bill: BillId, act: Callable[[], Awaitable[Response]]
    ) -> Response:
        attempts = self.books.bill(bill).attempts
        instruction = self.conduct.take(operation, bill, attempts=attempts)
        return await self._under(instruction, act)

    async def _under(
        self,
        instruction: Instruction,
        act: Callable[[], Awaitable[Response]],
        *,
        slow_inside: bool = False,
    ) -> Response:
        """Act as the instruction says; and never tell what is not on the disk yet."""
        not_served = unserved(instruction.behaviour, instruction.delay_s)
        if not_served is not None:
            await self.journal.synced()
            return not_served
        if instruction.behaviour is Behaviour.SLOW and not slow_inside:
            await asyncio.sleep(instruction.delay_s)
        try:
            answer = await act()
        except Refused as refused:
            answer = Answer(refused.status, {"error": refused.error} | refused.details)
        await self.journal.synced()
        return spoiled(answer, instruction.behaviour, instruction.delay_s)


def bill_as_json(books: Books, bill: BillId) -> dict[str, str]:
    biller = BILLERS[bill.biller]
    return {
        "billNumber": bill.number,
        "period": bill.period,
        "amountDue": biller.written(biller.due_minor(bill)),
        "currency": biller.currency,
        "dueDate": due_date(bill.period),
        "customerName": biller.customer(bill),
        "state": "PAID" if books.bill(bill).is_paid else "DUE",
    }


def _payment_answer(payment: Payment) -> Response:
    match payment.state:
        case PaymentState.PAID:
            return Answer(201, _payment_as_json(payment))
        case PaymentState.PENDING:
            return Answer(202, _payment_as_json(payment))
        case PaymentState.DECLINED:
            assert payment.error is not None
            status = 409 if payment.error == "ALREADY_PAID" else 422
            reason = {"reason": payment.reason} if payment.reason is not None else {}
            return Answer(status, {"error": payment.error} | reason)


def _payment_as_json(payment: Payment) -> dict[str, str]:
    answer = {"reference": payment.order.reference, "state": str(payment.state)}
    if payment.state is PaymentState.PAID:
        assert payment.receipt is not None
        assert payment.paid_at is not None
        answer |= {"receipt": payment.receipt, "paidAt": written(payment.paid_at)}
    if payment.state is PaymentState.DECLINED:
        answer["reason"] = payment.reason or payment.error or ""
    return answer


def _known(request: Request) -> str:
    biller: str = request.path_params["biller"]
    if biller not in BILLERS:
        raise Refused(404, "BILLER_NOT_FOUND")
    return biller


def _bill_in_path(request: Request, period: str) -> BillId:
    biller = _known(request)
    if PERIOD.fullmatch(period) is None:
        raise invalid("period", "must be YYYY-MM")
    return BillId(biller, request.path_params["number"], period)


def _existing(bill: BillId) -> BillId:
    if not BILLERS[bill.biller].knows(bill.number):
        raise Refused(404, "BILL_NOT_FOUND")
    return bill


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= 255 and all("!" <= char <= "~" for char in key)):
        raise invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters")
    return key
