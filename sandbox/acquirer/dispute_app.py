"""The acquirers' door for disputes: ask, give files, answer with evidence, accept."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from sandbox.acquirer.behaviour import Instruction, Operation
from sandbox.acquirer.bodies import AcceptBody, EvidenceBody
from sandbox.acquirer.dispute_desk import DisputeDesk, Saying
from sandbox.acquirer.dispute_entries import AnswerKind
from sandbox.acquirer.disputes import Dispute
from sandbox.acquirer.door import Door, key_of
from sandbox.acquirer.entries import Arrived
from sandbox.acquirer.lies import bent
from sandbox.acquirer.payments import Payment
from sandbox.answers import Answer, Endpoint, Refused, invalid, read_body, read_content
from sandbox.moments import now

LARGEST_FILE_BYTES = 5 * 1024 * 1024
LARGEST_EVIDENCE_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class DisputeDoor(Door):
    def routes(self) -> list[tuple[str, str, Endpoint]]:
        dispute = "/acquirers/{acquirer}/disputes/{dispute}"
        return [
            ("GET", dispute, self.show),
            ("POST", dispute + "/files", self.keep_file),
            ("POST", dispute + "/evidence", self.answer),
            ("POST", dispute + "/accept", self.accept),
        ]

    async def show(self, request: Request) -> Response:
        acquirer = self._acquirer(request)
        instruction = self.conduct.take(Operation.DISPUTE, acquirer)

        async def show() -> Response:
            return self._told(*self._dispute(request, acquirer), instruction)

        return await self._under(instruction, show)

    async def keep_file(self, request: Request) -> Response:
        acquirer = self._acquirer(request)
        content = await read_content(request, LARGEST_FILE_BYTES)
        reference = key_of(request)
        if reference is None:
            raise invalid("Idempotency-Key", "names the file")
        instruction = self.conduct.take(Operation.FILE, acquirer)
        media_type = request.headers.get("content-type", "")

        async def keep() -> Response:
            payment, dispute = self._dispute(request, acquirer)
            kept, is_new = self._disputes.keep_file(
                payment, dispute, reference, media_type, content
            )
            told = {"id": kept.file_id, "reference": reference, "size": kept.size_bytes}
            return Answer(201 if is_new else 200, told | {"digest": kept.digest})

        return await self._under(instruction, keep)

    async def answer(self, request: Request) -> Response:
        acquirer = self._acquirer(request)
        body = await read_body(request, EvidenceBody, LARGEST_EVIDENCE_BYTES)
        if not body.texts and not body.files:
            raise invalid("texts", "says nothing")
        said = Saying(
            AnswerKind.EVIDENCE,
            body.reference,
            tuple(sorted(body.texts)),
            tuple(body.files[name] for name in sorted(body.files)),
        )
        return await self._answered(request, acquirer, said, Operation.EVIDENCE)

    async def accept(self, request: Request) -> Response:
        acquirer = self._acquirer(request)
        body = await read_body(request, AcceptBody)
        said = Saying(AnswerKind.ACCEPTED, body.reference)
        return await self._answered(request, acquirer, said, Operation.ACCEPT)

    async def _answered(
        self, request: Request, acquirer: str, said: Saying, operation: Operation
    ) -> Response:
        instruction = self.conduct.take(operation, acquirer)
        dispute_id = request.path_params["dispute"]
        self._arrive(
            Arrived(now(), acquirer, operation, dispute_id, said.reference, key=key_of(request))
        )

        async def answer() -> Response:
            payment, dispute = self._dispute(request, acquirer)
            self._disputes.take(payment, dispute, said, instruction)
            self.clearing.watch(payment)
            return self._told(payment, dispute, instruction)

        return await self._under(instruction, answer)

    @property
    def _disputes(self) -> DisputeDesk:
        return DisputeDesk(self.desk.books)

    def _told(self, payment: Payment, dispute: Dispute, instruction: Instruction) -> Response:
        order = payment.order
        content = dispute.as_json(order.reference, order.currency)
        return Answer(200, bent(content, instruction.behaviour))

    def _dispute(self, request: Request, acquirer: str) -> tuple[Payment, Dispute]:
        payment = self.desk.books.disputed(acquirer, request.path_params["dispute"])
        if payment is None:
            raise Refused(404, "DISPUTE_NOT_FOUND")
        return payment, payment.disputes[request.path_params["dispute"]]
