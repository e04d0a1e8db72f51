"""The acquirers' lines of the journal about disputes: what can happen there, written as JSON."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal


class DisputeState(StrEnum):
    """An inquiry takes no money. An open dispute has taken it, and a lost one keeps it."""

    INQUIRY = "INQUIRY"
    INQUIRY_ANSWERED = "INQUIRY_ANSWERED"
    INQUIRY_CLOSED = "INQUIRY_CLOSED"
    OPEN = "OPEN"
    ANSWERED = "ANSWERED"
    WON = "WON"
    LOST = "LOST"


class AnswerKind(StrEnum):
    EVIDENCE = "EVIDENCE"
    ACCEPTED = "ACCEPTED"


@dataclass(frozen=True, slots=True)
class Disputed:
    """A customer disputes a payment. `id` is the payment's."""

    at: datetime
    id: str
    dispute_id: str
    amount_minor: int
    fee_minor: int
    reason: str
    state: DisputeState
    due_at: datetime
    kind: Literal["disputed"] = "disputed"


@dataclass(frozen=True, slots=True)
class DisputeDecided:
    """It moved on, or its fee or its time changed."""

    at: datetime
    id: str
    dispute_id: str
    state: DisputeState
    fee_minor: int
    due_at: datetime
    kind: Literal["dispute_decided"] = "dispute_decided"


@dataclass(frozen=True, slots=True)
class FileKept:
    """A file that evidence may name. What is in it is nobody's business here."""

    at: datetime
    id: str
    dispute_id: str
    file_id: str
    reference: str
    media_type: str
    size_bytes: int
    digest: str
    kind: Literal["file_kept"] = "file_kept"


@dataclass(frozen=True, slots=True)
class DisputeAnswered:
    """Fought with texts and files, or accepted. `texts` are the names of what was said."""

    at: datetime
    id: str
    dispute_id: str
    answer: AnswerKind
    reference: str
    texts: tuple[str, ...]
    files: tuple[str, ...]
    kind: Literal["dispute_answered"] = "dispute_answered"


DisputeEntry = Disputed | DisputeDecided | FileKept | DisputeAnswered
