"""The acquirers' own door: authorise, inquire, capture, void, refund, and the books."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from sandbox.acquirer.banks import BANKS
from sandbox.acquirer.behaviour import ORDINARY, Behaviour, Instruction, Operation
from sandbox.acquirer.bodies import CaptureBody, PaymentBody, RefundBody, VoidBody
from sandbox.acquirer.cards import WIRE_FAULTS
from sandbox.acquirer.desk import Asked, amount_of
from sandbox.acquirer.door import Door, bearer, key_of, same
from sandbox.acquirer.entries import Arrived, Order
from sandbox.acquirer.lies import bent
from sandbox.acquirer.methods import check_method
from sandbox.acquirer.payments import Payment
from sandbox.acquirer.vault import token_as_json
from sandbox.answers import Answer, Endpoint, Refused, read_body
from sandbox.moments import now


@dataclass(frozen=True, slots=True)
class AcquirerDoor(Door):
    def routes(self) -> list[tuple[str, str, Endpoint]]:
        payments = "/acquirers/{acquirer}/payments"
        payment = payments + "/{reference}"
        return [
            ("POST", payments, self.authorize),
            ("GET", payment, self.inquire),
            ("POST", payment + "/captures", self.capture),
            ("POST", payment + "/void", self.void),
            ("POST", payment + "/refunds", self.refund),
            ("GET", "/acquirers/{acquirer}/books", self.books),
            ("GET", "/acquirers/{acquirer}/banks", self.banks),
            ("GET", "/vault/tokens/{token}", self.token),
        ]

    async def authorize(self, request: Request) -> Response:
        acquirer = self._acquirer(request)
        body = await read_body(request, PaymentBody)
        order = Order(
            reference=body.reference,
            amount_minor=amount_of(body.amount, body.currency),
            currency=body.currency,
            capture=body.capture,
            method=body.method,
            payee=body.payee,
            three_ds=body.threeDS,
            return_url=body.returnUrl,
            country=body.country,
            bank=body.bank,
        )
        check_method(order)
        instruction = self._of_authorization(acquirer, order)
        asked = self._asked(request, acquirer, order.reference, order.amount_minor, instruction)
        self._arrive(
            Arrived(
                *(now(), acquirer, Operation.AUTHORIZE, order.reference),
                amount=body.amount,
                currency=body.currency,
                key=asked.key,
            )
        )

        async def authorize() -> Response:
            payment, new = self.desk.authorize(acquirer, order, asked, instruction)
            self.clearing.watch(payment)
            await self.journal.synced()
            if instruction.behaviour is Behaviour.SLOW:
                await self.clearing.cleared(payment)
            return self._told(201 if new else 200, payment, instruction)

        return await self._under(instruction, authorize)

    async def inquire(self, request: Request) -> Response:
        acquirer = self._acquirer(request)
        instruction = self.conduct.take(Operation.INQUIRE, acquirer)

        async def inquire() -> Response:
            return self._told(200, self._payment(request, acquirer), instruction)

        return await self._under(instruction, inquire)

    async def capture(self, request: Request) -> Response:
        acquirer = self._acquirer(request)
        body = await read_body(request, CaptureBody)
        instruction = self.conduct.take(Operation.CAPTURE, acquirer)
        self._arrive(
            Arrived(
                *(now(), acquirer, Operation.CAPTURE, _reference(request), body.reference),
                amount=body.amount,
                key=key_of(request),
            )
        )

        async def capture() -> Response:
            payment = self._payment(request, acquirer)
            amount_minor = amount_of(body.amount, payment.order.currency)
            asked = self._asked(request, acquirer, body.reference, amount_minor, instruction)
            new = self.desk.capture(payment, asked, final=body.final)
            return self._told(201 if new else 200, payment, instruction)

        return await self._under(instruction, capture)

    async def void(self, request: Request) -> Response:
        acquirer = self._acquirer(request)
        await read_body(request, VoidBody)
        instruction = self.conduct.take(Operation.VOID, acquirer)
        key = key_of(request)
        self._arrive(Arrived(now(), acquirer, Operation.VOID, _reference(request), key=key))

        async def void() -> Response:
            payment = self._payment(request, acquirer)
            self.desk.void(payment, key)
            self.clearing.watch(payment)
            return self._told(200, payment, instruction)

        return await self._under(instruction, void)

    async def refund(self, request: Request) -> Response:
        acquirer = self._acquirer(request)
        body = await read_body(request, RefundBody)
        instruction = self.conduct.take(Operation.REFUND, acquirer)
        self._arrive(
            Arrived(
                *(now(), acquirer, Operation.REFUND, _reference(request), body.reference),
                amount=body.amount,
                key=key_of(request),
            )
        )

        async def refund() -> Response:
            payment = self._payment(request, acquirer)
            amount_minor = amount_of(body.amount, payment.order.currency)
            asked = self._asked(request, acquirer, body.reference, amount_minor, instruction)
            new = self.desk.refund(payment, asked, instruction, body.receipt)
            self.clearing.watch(payment)
            return self._told(201 if new else 200, payment, instruction)

        return await self._under(instruction, refund)

    async def books(self, request: Request) -> Response:
        acquirer = self._acquirer(request)
        totals = self.desk.books.totals.as_json(acquirer)
        await self.journal.synced()
        return Answer(200, {"acquirer": acquirer, "totals": totals})

    async def banks(self, request: Request) -> Response:
        acquirer = self._acquirer(request)
        instruction = self.conduct.take(Operation.BANKS, acquirer)

        async def told() -> Response:
            return Answer(200, {"banks": [bank.as_json() for bank in BANKS.values()]})

        return await self._under(instruction, told)

    async def token(self, request: Request) -> Response:
        given = bearer(request)
        known = (name for name, secret in self.secrets.items() if same(given, secret))
        acquirer = next(known, None)
        if acquirer is None:
            raise Refused(401, "UNAUTHORIZED")
        instruction = self.conduct.take(Operation.TOKEN, acquirer)

        async def look() -> Response:
            made = self.desk.vault.token(request.path_params["token"])
            if made is None:
                raise Refused(404, "TOKEN_NOT_FOUND")
            return Answer(200, token_as_json(made))

        return await self._under(instruction, look)

    def _of_authorization(self, acquirer: str, order: Order) -> Instruction:
        """What the control door told goes before what the payer says."""
        told = self.conduct.take(Operation.AUTHORIZE, acquirer)
        if told.behaviour is not Behaviour.ORDINARY:
            return told
        payer = self.desk.payer_for(order)
        if payer is None:
            return ORDINARY
        says = payer.instruction
        again = bool(self.desk.books.arrivals(acquirer, order.reference))
        return ORDINARY if again and says.behaviour in WIRE_FAULTS else says

    def _asked(
        self,
        request: Request,
        acquirer: str,
        reference: str,
        amount_minor: int,
        instruction: Instruction,
    ) -> Asked:
        honoured = self.conduct.of(acquirer).honour_idempotency_keys
        if instruction.behaviour is Behaviour.LYING_KEYS:
            honoured = False
        return Asked(reference, amount_minor, key_of(request), honoured)

    def _told(self, status: int, payment: Payment, instruction: Instruction) -> Response:
        content = payment.as_json(self.public_url)
        return Answer(status, bent(content, instruction.behaviour))

    def _payment(self, request: Request, acquirer: str) -> Payment:
        payment = self.desk.books.payment(acquirer, _reference(request))
        if payment is None:
            raise Refused(404, "PAYMENT_NOT_FOUND")
        return payment


def _reference(request: Request) -> str:
    reference: str = request.path_params["reference"]
    return reference
