"""The acquirers' part of the control door: disputes, opened and decided by hand."""

import logging
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from sandbox.acquirer.bodies import Amount
from sandbox.acquirer.desk import amount_of
from sandbox.acquirer.dispute_desk import FEE_MINOR, LIFE_MS, DisputeDesk
from sandbox.acquirer.dispute_entries import DisputeState
from sandbox.acquirer.hand import named
from sandbox.acquirer.house import House
from sandbox.acquirer.payments import Payment
from sandbox.answers import Answer, Body, Endpoint, Refused, read_body

log = logging.getLogger("sandbox")

Life = Annotated[int, Field(ge=1, le=400 * 86_400_000, strict=True)]
# A fee may be nothing, which is no amount of a payment.
Fee = Annotated[str, Field(pattern=r"^(0|0\.0{1,3})$")] | Amount


class DisputeBody(Body):
    """Without an amount: everything that was captured."""

    kind: Literal["chargeback", "inquiry"] = "chargeback"
    amount: Amount | None = None
    fee: Fee | None = None
    reason: Annotated[str, Field(pattern=r"^[ -~]{1,60}$")] = "13.1"
    dueInMs: Life = LIFE_MS  # noqa: N815


class DisputeStateBody(Body):
    """The same state again changes the fee or the time alone."""

    state: DisputeState
    fee: Fee | None = None
    dueInMs: Life | None = None  # noqa: N815


@dataclass(frozen=True, slots=True)
class DisputesByHand:
    house: House

    def routes(self) -> list[tuple[str, str, Endpoint]]:
        disputes = "/control/acquirers/{acquirer}/payments/{reference}/disputes"
        return [
            ("POST", disputes, self.open),
            ("POST", disputes + "/{dispute}/state", self.move),
        ]

    async def open(self, request: Request) -> Response:
        payment = self._payment(request)
        body = await read_body(request, DisputeBody)
        currency = payment.order.currency
        inquiry = body.kind == "inquiry"
        fee = None if body.fee is None else _fee(body.fee, currency)
        amount_minor = (
            payment.captured_minor if body.amount is None else amount_of(body.amount, currency)
        )
        dispute = self._desk.open(
            payment,
            DisputeState.INQUIRY if inquiry else DisputeState.OPEN,
            amount_minor,
            (0 if inquiry else FEE_MINOR) if fee is None else fee,
            reason=body.reason,
            life_ms=body.dueInMs,
        )
        return await self._told(payment, dispute.id)

    async def move(self, request: Request) -> Response:
        payment = self._payment(request)
        body = await read_body(request, DisputeStateBody)
        dispute = payment.disputes.get(request.path_params["dispute"])
        if dispute is None:
            raise Refused(404, "DISPUTE_NOT_FOUND")
        fee = None if body.fee is None else _fee(body.fee, payment.order.currency)
        self._desk.move(payment, dispute, body.state, fee, body.dueInMs)
        return await self._told(payment, dispute.id)

    @property
    def _desk(self) -> DisputeDesk:
        return DisputeDesk(self.house.books)

    async def _told(self, payment: Payment, dispute_id: str) -> Response:
        self.house.clearing.watch(payment)
        await self.house.journal.synced()
        log.info("dispute.moved %s %s", payment.acquirer, dispute_id)
        order = payment.order
        told = payment.disputes[dispute_id].as_json(order.reference, order.currency)
        return Answer(200, told)

    def _payment(self, request: Request) -> Payment:
        reference = request.path_params["reference"]
        payment = self.house.books.payment(named(request), reference)
        if payment is None:
            raise Refused(404, "PAYMENT_NOT_FOUND")
        return payment


def _fee(text: str, currency: str) -> int:
    return 0 if not text.strip("0.") else amount_of(text, currency)
