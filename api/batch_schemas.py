"""The shapes of batches that partners write and read."""

from typing import Annotated, Literal

from pydantic import Field

from api.paging import PageSize
from api.schemas import Asked, Told, TransactionId, rfc3339
from payments.domain.batch import Batch, BatchStatus, Tally
from payments.domain.batch_row import BatchKind

BatchName = Annotated[str, Field(pattern="^ba_[0-9a-z]{26}$")]


class BatchQuery(Asked):
    """`reference` is the partner's own, and names one file for ever."""

    reference: TransactionId
    kind: Literal["bill_payments", "payouts"] = "bill_payments"


class BatchesQuery(Asked):
    """`after` is the id of the last one of the page before."""

    after: BatchName | None = None
    limit: PageSize = 20


class ResultsQuery(Asked):
    """How the file of results is written."""

    format: Literal["csv", "jsonl"] = "csv"


class CountsView(Told):
    """How many rows are in each state; all together they are `rows`."""

    waiting: int
    under_way: int
    held: int
    sent: int
    paid: int
    partly_paid: int
    declined: int
    returned: int
    refused: int
    canceled: int

    @classmethod
    def of(cls, tally: Tally) -> "CountsView":
        return cls(
            waiting=tally.waiting,
            under_way=tally.dispatched,
            held=tally.held,
            sent=tally.sent,
            paid=tally.paid,
            partly_paid=tally.partly_paid,
            declined=tally.declined,
            returned=tally.returned,
            refused=tally.refused,
            canceled=tally.canceled,
        )


class BatchView(Told):
    id: str
    reference: str
    kind: BatchKind
    status: BatchStatus
    amount: str
    currency: str
    rows: int
    counts: CountsView
    created_at: str
    ended_at: str | None = None

    @classmethod
    def of(cls, batch: Batch, tally: Tally) -> "BatchView":
        return cls(
            id=batch.batch_id,
            reference=batch.reference,
            kind=batch.kind,
            status=batch.status,
            amount=str(batch.amount),
            currency=batch.amount.currency,
            rows=batch.rows,
            counts=CountsView.of(tally),
            created_at=rfc3339(batch.created_at),
            ended_at=rfc3339(batch.ended_at) if batch.ended_at else None,
        )


class BatchesView(Told):
    batches: list[BatchView]
    next: str | None = None
