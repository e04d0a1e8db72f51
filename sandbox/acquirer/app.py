"""The acquirers' own door: authorise, inquire, capture, void, refund, and the books."""

import asyncio
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from sandbox.acquirer.banks import BANK_REDIRECT, BANKS
from sandbox.acquirer.behaviour import ORDINARY, Behaviour, Conduct, Instruction, Operation
from sandbox.acquirer.bodies import CaptureBody, PaymentBody, RefundBody, VoidBody
from sandbox.acquirer.cards import WIRE_FAULTS
from sandbox.acquirer.clearing import Clearing
from sandbox.acquirer.desk import Asked, Desk, amount_of
from sandbox.acquirer.entries import Arrived, Order
from sandbox.acquirer.lies import bent
from sandbox.acquirer.payments import Payment
from sandbox.acquirer.vault import token_as_json
from sandbox.answers import Answer, Endpoint, Refused, invalid, read_body
from sandbox.faults import spoiled, unserved
from sandbox.journal import Journal
from sandbox.moments import now

log = logging.getLogger("sandbox")


@dataclass(frozen=True, slots=True)
class AcquirerDoor:
    desk: Desk
    journal: Journal
    conduct: Conduct
    clearing: Clearing
    secrets: Mapping[str, str]
    # Where the customer's browser finds the pages.
    public_url: str

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
        _check_method(order)
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
                key=_key(request),
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
        key = _key(request)
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
                key=_key(request),
            )
        )

        async def refund() -> Response:
            payment = self._payment(request, acquirer)
            amount_minor = amount_of(body.amount, payment.order.currency)
            asked = self._asked(request, acquirer, body.reference, amount_minor, instruction)
            new = self.desk.refund(payment, asked, instruction)
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
        given = _bearer(request)
        known = (name for name, secret in self.secrets.items() if _same(given, secret))
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

    async def _under(
        self, instruction: Instruction, act: Callable[[], Awaitable[Response]]
    ) -> Response:
        """Act as the instruction says; and never tell what is not on the disk yet."""
        behaviour, delay_s = instruction.behaviour, instruction.delay_s
        answer = unserved(behaviour, delay_s)
        if answer is None and behaviour is Behaviour.REFUSE:
            answer = Answer(503, {"error": "UNAVAILABLE"})
            answer.headers["Retry-After"] = "1"
        if answer is None:
            started = asyncio.get_running_loop().time()
            try:
                answer = await act()
            except Refused as refused:
                answer = Answer(refused.status, {"error": refused.error} | refused.details)
            if behaviour is Behaviour.SLOW:
                # An authorisation has done its waiting inside.
                waited_s = asyncio.get_running_loop().time() - started
                await asyncio.sleep(max(0.0, delay_s - waited_s))
            answer = spoiled(answer, behaviour, delay_s)
        await self.journal.synced()
        return answer

    def _of_authorization(self, acquirer: str, order: Order) -> Instruction:
        """What the control door told goes before what the card or the bank says."""
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
        return Asked(reference, amount_minor, _key(request), honoured)

    def _arrive(self, arrived: Arrived) -> None:
        """Before everything else, so that a request that is never answered is seen as well."""
        self.desk.books.enter(arrived)
        log.info("%s.arrived %s %s", arrived.operation, arrived.acquirer, arrived.payment)

    def _told(self, status: int, payment: Payment, instruction: Instruction) -> Response:
        content = payment.as_json(self.public_url)
        return Answer(status, bent(content, instruction.behaviour))

    def _payment(self, request: Request, acquirer: str) -> Payment:
        payment = self.desk.books.payment(acquirer, _reference(request))
        if payment is None:
            raise Refused(404, "PAYMENT_NOT_FOUND")
        return payment

    def _acquirer(self, request: Request) -> str:
        acquirer: str = request.path_params["acquirer"]
        secret = self.secrets.get(acquirer)
        if secret is None or not _same(_bearer(request), secret):
            raise Refused(401, "UNAUTHORIZED")
        return acquirer


def _check_method(order: Order) -> None:
    """A bank needs a country, and takes the money at once; a card has neither of these."""
    if (order.method == BANK_REDIRECT) is (order.country is None):
        raise invalid("country", f"goes with the method {BANK_REDIRECT}, and with no other")
    if order.country is None and order.bank is not None:
        raise invalid("bank", f"goes with the method {BANK_REDIRECT}, and with no other")
    if order.country is not None and not order.capture:
        raise invalid("capture", "a bank takes the money at once")


def _reference(request: Request) -> str:
    reference: str = request.path_params["reference"]
    return reference


def _bearer(request: Request) -> str:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return given if scheme.lower() == "bearer" else ""


def _same(given: str, secret: str) -> bool:
    return hmac.compare_digest(given.encode(), secret.encode())


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not (0 < len(key) <= 255 and all("!" <= char <= "~" for char in key)):
        raise invalid("Idempotency-Key", "must be 1 to 255 visible ASCII characters")
    return key
