"""The acquirers' part of the control door: payments, looked at and moved by hand."""

import logging
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sandbox.acquirer.behaviour import ACQUIRERS, DEFAULT_REASON
from sandbox.acquirer.bodies import Amount, BankId, Reason
from sandbox.acquirer.desk import NoAnswer, amount_of, wrong_state
from sandbox.acquirer.entries import PaymentState, RefundState
from sandbox.acquirer.house import House
from sandbox.acquirer.methods import CODE
from sandbox.acquirer.moves import move, move_refund
from sandbox.acquirer.payer import Decision
from sandbox.acquirer.payments import Payment
from sandbox.answers import Answer, Body, Endpoint, Refused, invalid, read_body

log = logging.getLogger("sandbox")


class StateBody(Body):
    state: PaymentState
    reason: Reason = DEFAULT_REASON


class RefundStateBody(Body):
    state: RefundState


class AnswerBody(Body):
    """`bank` is chosen first, when none was named."""

    decision: Decision
    bank: BankId | None = None


class ReceiptBody(Body):
    """Without `amount`: what was ordered."""

    amount: Amount | None = None


@dataclass(frozen=True, slots=True)
class PaymentsByHand:
    house: House

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        payments = "/control/acquirers/{acquirer}/payments"
        return [
            ("GET", payments, self.payments),
            ("POST", payments + "/{reference}/state", self.move),
            ("POST", payments + "/{reference}/answer", self.answer),
            ("POST", payments + "/{reference}/receipts", self.receive),
            ("POST", payments + "/{reference}/refunds/{refund}/state", self.move_refund),
        ]

    async def payments(self, request: Request) -> Response:
        acquirer = named(request)
        recent = [one for one in self.house.books.recent if one.acquirer == acquirer]
        return Answer(200, {"payments": [self._told(one) for one in reversed(recent)]})

    async def move(self, request: Request) -> Response:
        payment = self._payment(request)
        body = await read_body(request, StateBody)
        move(self.house.desk, payment, body.state, body.reason)
        return await self._moved(payment)

    async def move_refund(self, request: Request) -> Response:
        payment = self._payment(request)
        body = await read_body(request, RefundStateBody)
        move_refund(self.house.desk, payment, request.path_params["refund"], body.state)
        return await self._moved(payment)

    async def answer(self, request: Request) -> Response:
        """What the customer would do on the issuer's or the bank's page."""
        payment = self._payment(request)
        body = await read_body(request, AnswerBody)
        desk = self.house.desk
        if payment.state is not PaymentState.CHALLENGE and not desk.may_answer_late(payment):
            raise wrong_state(payment)
        try:
            if body.bank is not None:
                desk.choose_bank(payment, body.bank)
            desk.answer_challenge(payment, body.decision)
        except NoAnswer as error:
            field = "bank" if str(error) == body.bank else "decision"
            raise invalid(field, "is nothing that the customer is asked") from error
        return await self._moved(payment)

    async def receive(self, request: Request) -> Response:
        """Money comes for a code, as from the customer's app."""
        payment = self._payment(request)
        body = await read_body(request, ReceiptBody)
        order = payment.order
        if order.method != CODE:
            raise invalid("method", "money comes by itself for codes alone")
        amount_minor = order.amount_minor
        if body.amount is not None:
            amount_minor = amount_of(body.amount, order.currency)
        self.house.desk.receive(payment, amount_minor)
        return await self._moved(payment)

    async def _moved(self, payment: Payment) -> Response:
        self.house.clearing.watch(payment)
        await self.house.journal.synced()
        log.info("payment.moved %s %s", payment.acquirer, payment.order.reference)
        return Answer(200, self._told(payment))

    def _told(self, payment: Payment) -> dict[str, Any]:
        return payment.as_json(self.house.outbox.public_url)

    def _payment(self, request: Request) -> Payment:
        reference = request.path_params["reference"]
        payment = self.house.books.payment(named(request), reference)
        if payment is None:
            raise Refused(404, "PAYMENT_NOT_FOUND")
        return payment


def named(request: Request) -> str:
    acquirer: str = request.path_params["acquirer"]
    if acquirer not in ACQUIRERS:
        raise Refused(404, "ACQUIRER_NOT_FOUND")
    return acquirer
