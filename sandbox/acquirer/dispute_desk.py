"""What an acquirer does about disputes: opens one, takes files and answers, and decides."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sandbox.acquirer.behaviour import Behaviour, Instruction
from sandbox.acquirer.books import Books
from sandbox.acquirer.dispute_entries import (
    AnswerKind,
    DisputeAnswered,
    Disputed,
    DisputeDecided,
    DisputeState,
    FileKept,
)
from sandbox.acquirer.disputes import REACHED_FROM, UNANSWERED, Dispute
from sandbox.acquirer.names import new_name
from sandbox.acquirer.payments import Payment
from sandbox.answers import Refused, invalid
from sandbox.moments import now

LIFE_MS = 7 * 86_400_000
# A chargeback that follows an inquiry costs this much of anything, in minor units.
FEE_MINOR = 1_500
MEDIA_TYPES = {
    "application/pdf": b"%PDF-",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
}


@dataclass(frozen=True, slots=True)
class Saying:
    """One answer to a dispute, by the reference of who gives it."""

    answer: AnswerKind
    reference: str
    texts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DisputeDesk:
    books: Books

    def open(
        self,
        payment: Payment,
        state: DisputeState,
        amount_minor: int,
        fee_minor: int,
        **more: object,
    ) -> Dispute:
        """`more`: reason, and life_ms until it is due."""
        if not payment.captured_minor:
            raise Refused(409, "WRONG_STATE", state=payment.state)
        moment, life_ms = now(), more.get("life_ms", LIFE_MS)
        assert isinstance(life_ms, int)
        entry = Disputed(
            at=moment,
            id=payment.id,
            dispute_id=new_name("dis"),
            amount_minor=amount_minor,
            fee_minor=fee_minor,
            reason=str(more.get("reason", "13.1")),
            state=state,
            due_at=moment + timedelta(milliseconds=life_ms),
        )
        self.books.enter(entry)
        return payment.disputes[entry.dispute_id]

    def keep_file(
        self, payment: Payment, dispute: Dispute, reference: str, media_type: str, content: bytes
    ) -> tuple[FileKept, bool]:
        """The file, and whether it is new."""
        start = MEDIA_TYPES.get(media_type)
        if start is None or not content.startswith(start):
            raise Refused(422, "FILE_NOT_READABLE")
        known = dispute.file_named(reference)
        digest = hashlib.sha256(content).hexdigest()
        if known is not None:
            if known.digest != digest:
                raise Refused(409, "REFERENCE_USED")
            return known, False
        entry = FileKept(
            *(now(), payment.id, dispute.id, new_name("fil"), reference),
            *(media_type, len(content), digest),
        )
        self.books.enter(entry)
        return entry, True

    def take(
        self, payment: Payment, dispute: Dispute, said: Saying, instruction: Instruction
    ) -> None:
        """Once for each stage; the same answer again changes nothing."""
        earlier = next((one for one in dispute.answers if one.reference == said.reference), None)
        if earlier is not None:
            if (earlier.answer, earlier.texts, earlier.files) != (
                *(said.answer, said.texts, said.files),
            ):
                raise Refused(409, "REFERENCE_USED")
            return
        if dispute.state not in UNANSWERED:
            raise Refused(409, "WRONG_STATE", state=dispute.state)
        if said.answer is AnswerKind.EVIDENCE and dispute.due_at <= now():
            raise Refused(422, "TOO_LATE")
        unknown = [one for one in said.files if one not in dispute.files]
        if unknown:
            raise Refused(422, "FILE_NOT_FOUND")
        if instruction.behaviour is Behaviour.DECLINE:
            raise Refused(422, "EVIDENCE_REJECTED")
        self.books.enter(
            DisputeAnswered(
                at=now(),
                id=payment.id,
                dispute_id=dispute.id,
                answer=said.answer,
                reference=said.reference,
                texts=said.texts,
                files=said.files,
            )
        )

    def move(
        self,
        payment: Payment,
        dispute: Dispute,
        state: DisputeState,
        fee_minor: int | None = None,
        life_ms: int | None = None,
    ) -> None:
        """Somebody at the acquirer decides, or changes the fee or the time."""
        if state is not dispute.state and dispute.state not in REACHED_FROM.get(state, frozenset()):
            raise Refused(409, "WRONG_STATE", state=dispute.state)
        if state is DisputeState.INQUIRY and dispute.state is not DisputeState.INQUIRY:
            raise invalid("state", "is where it begins")
        due_at = dispute.due_at
        if life_ms is not None:
            due_at = now() + timedelta(milliseconds=life_ms)
        self._decide(payment, dispute, state, fee_minor, due_at)

    def come_due(self, payment: Payment, moment: datetime) -> None:
        """Nobody answered in time: an inquiry becomes a chargeback, and a chargeback is lost."""
        for dispute in list(payment.disputes.values()):
            due_at = dispute.waits_until
            if due_at is None or due_at > moment:
                continue
            if dispute.state is DisputeState.INQUIRY:
                life = due_at - dispute.opened_at
                self._decide(payment, dispute, DisputeState.OPEN, FEE_MINOR, moment + life)
            else:
                self._decide(payment, dispute, DisputeState.LOST, None, due_at)

    def _decide(
        self,
        payment: Payment,
        dispute: Dispute,
        state: DisputeState,
        fee_minor: int | None,
        due_at: datetime,
    ) -> None:
        fee = dispute.fee_minor if fee_minor is None else fee_minor
        self.books.enter(DisputeDecided(now(), payment.id, dispute.id, state, fee, due_at))
