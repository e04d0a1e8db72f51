"""One dispute at an acquirer: what it has taken, what it was told, and how it is told itself."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.acquirer.amounts import written as amount_written
from sandbox.acquirer.dispute_entries import (
    AnswerKind,
    DisputeAnswered,
    Disputed,
    DisputeDecided,
    DisputeState,
    FileKept,
)
from sandbox.moments import written

INQUIRIES = frozenset(
    {DisputeState.INQUIRY, DisputeState.INQUIRY_ANSWERED, DisputeState.INQUIRY_CLOSED}
)
TAKING = frozenset({DisputeState.OPEN, DisputeState.ANSWERED, DisputeState.LOST})
UNANSWERED = frozenset({DisputeState.INQUIRY, DisputeState.OPEN})
_S = DisputeState
# From where each state can be reached by hand.
REACHED_FROM = {
    _S.OPEN: frozenset({_S.INQUIRY, _S.INQUIRY_ANSWERED}),
    _S.ANSWERED: frozenset({_S.OPEN}),
    _S.WON: frozenset({_S.OPEN, _S.ANSWERED}),
    _S.LOST: frozenset({_S.OPEN, _S.ANSWERED}),
    _S.INQUIRY_ANSWERED: frozenset({_S.INQUIRY}),
    _S.INQUIRY_CLOSED: frozenset({_S.INQUIRY, _S.INQUIRY_ANSWERED}),
}


@dataclass(slots=True)
class Dispute:
    id: str
    opened_at: datetime
    amount_minor: int
    fee_minor: int
    reason: str
    state: DisputeState
    due_at: datetime
    sequence: int = 1
    # Of the stage that it is in.
    answer: DisputeAnswered | None = None
    answers: list[DisputeAnswered] = field(default_factory=list)
    files: dict[str, FileKept] = field(default_factory=dict)

    @classmethod
    def opened(cls, entry: Disputed) -> "Dispute":
        return cls(
            entry.dispute_id,
            entry.at,
            entry.amount_minor,
            entry.fee_minor,
            entry.reason,
            entry.state,
            entry.due_at,
        )

    @property
    def taken_minor(self) -> int:
        return (self.amount_minor if self.state in TAKING else 0) + self.fee_minor

    @property
    def waits_until(self) -> datetime | None:
        return self.due_at if self.state in UNANSWERED else None

    def decide(self, entry: DisputeDecided) -> None:
        if entry.state is _S.OPEN and self.state in INQUIRIES:
            self.answer = None
        self.state, self.fee_minor, self.due_at = entry.state, entry.fee_minor, entry.due_at
        self.sequence += 1

    def take(self, entry: DisputeAnswered) -> None:
        self.answer = entry
        self.answers.append(entry)
        if entry.answer is AnswerKind.ACCEPTED:
            is_inquiry = self.state in INQUIRIES
            self.state = _S.INQUIRY_CLOSED if is_inquiry else _S.LOST
        else:
            self.state = _S.INQUIRY_ANSWERED if self.state is _S.INQUIRY else _S.ANSWERED
        self.sequence += 1

    def file_named(self, reference: str) -> FileKept | None:
        return next((one for one in self.files.values() if one.reference == reference), None)

    def as_json(self, payment: str, currency: str) -> dict[str, Any]:
        return {
            "id": self.id,
            "payment": payment,
            "state": self.state,
            "amount": amount_written(self.amount_minor, currency),
            "currency": currency,
            "fee": amount_written(self.fee_minor, currency),
            "reason": self.reason,
            "openedAt": written(self.opened_at),
            "dueAt": written(self.due_at),
            "answer": _answer_as_json(self.answer) if self.answer else None,
            "sequence": self.sequence,
        }


def _answer_as_json(answer: DisputeAnswered) -> dict[str, Any]:
    return {
        "kind": answer.answer,
        "reference": answer.reference,
        "texts": list(answer.texts),
        "files": list(answer.files),
        "at": written(answer.at),
    }
