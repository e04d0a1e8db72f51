"""What calls for batches give: a batch and how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Self

from quittance.errors import UnreadableAnswer
from quittance.reading import Envelope, Fields

_COUNTS = (
    *("waiting", "underWay", "held", "sent"),
    *("paid", "partlyPaid", "declined", "returned", "refused", "canceled"),
)


class BatchStatus(StrEnum):
    """CANCELED and FINISHED are never left."""

    RUNNING = "running"
    PAUSED = "paused"
    CANCELING = "canceling"
    CANCELED = "canceled"
    FINISHED = "finished"


class BatchKind(StrEnum):
    """What each row of a batch pays."""

    BILL_PAYMENTS = "bill_payments"
    PAYOUTS = "payouts"


@dataclass(frozen=True, slots=True)
class Batch:
    """`counts` says how many rows are in each state: waiting, underWay, held, sent, paid,
    partlyPaid, declined, returned, refused, canceled; all together they are `rows`.
    """

    id: str
    reference: str
    kind: str
    status: BatchStatus
    amount: Decimal
    currency: str
    rows: int
    counts: Mapping[str, int]
    created_at: datetime
    ended_at: datetime | None
    trace: str

    @property
    def is_pending(self) -> bool:
        """Whether rows are still to come to their end."""
        return self.status not in (BatchStatus.CANCELED, BatchStatus.FINISHED)

    @classmethod
    def read(cls, envelope: Envelope) -> Self:
        return cls.of(envelope.fields, envelope.trace)

    @classmethod
    def of(cls, fields: Fields, trace: str) -> Self:
        counts = fields.inner("counts")
        return cls(
            id=fields.text("id"),
            reference=fields.text("reference"),
            kind=fields.text("kind"),
            status=fields.state("status", BatchStatus),
            amount=fields.amount("amount"),
            currency=fields.text("currency"),
            rows=fields.number("rows"),
            counts={name: counts.number(name) for name in _COUNTS},
            created_at=fields.moment("createdAt"),
            ended_at=fields.optional_moment("endedAt"),
            trace=trace,
        )


def file_of(envelope: Envelope) -> bytes:
    if envelope.content is None:
        raise UnreadableAnswer("a file was expected")
    return envelope.content
