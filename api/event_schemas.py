"""What the body of each webhook holds, by type: the envelope, and the data strictly by its fields.

The table of types is payments/domain/events.py. The data is written by SQL and never passes through
these models: tests hold what a running gateway wrote against them.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import Field, StringConstraints, create_model

from api.case_event_schemas import CaseClosedData, CaseOpenedData
from api.dispute_event_schemas import (
    DisputeClosedData,
    DisputeCreatedData,
    DisputeUpdatedData,
    EvidenceDueData,
)
from api.event_parts import Amount, Code, Currency, Happened, Moment
from api.payment_event_schemas import (
    ActionData,
    AuthorizedData,
    CanceledData,
    CapturedData,
    ExpiredData,
    FailedData,
    LateData,
    RefundFailedData,
    RefundSucceededData,
    ReviewData,
)
from api.payout_event_schemas import (
    PayoutCanceledData,
    PayoutFailedData,
    PayoutHeldData,
    PayoutPaidData,
    PayoutPartlyPaidData,
    PayoutReturnedData,
    PayoutSentData,
)
from payments.domain.events import EVENT_TYPES, EventType


class Thin(Happened):
    """Of an endpoint that asked for thin payloads, or instead of data that is too large."""

    id: str


class Subject(Happened):
    """What it happened to; `sequence` counts the events of this one object."""

    type: str
    id: str


class BillNamed(Happened):
    biller_id: str
    bill_number: str
    billing_period: str


class BillLockData(BillNamed):
    lock_id: str


class TransactionData(BillNamed):
    transaction_id: str
    partner_transaction_id: str
    amount: Amount
    fee: Amount
    currency: Currency
    locked_at: Moment
    biller_reference: str | None = None


class PaidData(TransactionData):
    state: Literal["PAID"]
    paid_at: Moment


class DeclinedData(TransactionData):
    state: Literal["DECLINED"]
    decline_code: Code
    reason: str


class RowCounts(Happened):
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


class BatchData(Happened):
    id: str
    reference: str
    kind: Literal["bill_payments", "payouts"]
    amount: Amount
    currency: Currency
    rows: int
    counts: RowCounts
    created_at: Moment


class BatchPausedData(BatchData):
    status: Literal["paused"]


class BatchResumedData(BatchData):
    status: Literal["running"]


class BatchCanceledData(BatchData):
    status: Literal["canceled"]
    ended_at: Moment


class BatchFinishedData(BatchData):
    status: Literal["finished"]
    ended_at: Moment


class EndpointData(Happened):
    id: str
    url: str


class EndpointDisabledData(EndpointData):
    reason: Literal["gone", "failing", "by_operator"]
    disabled_at: Moment


class Envelope(Happened):
    """`id` is the same however often and wherever the event is sent: it is the `webhook-id` too.

    `sequence` counts the events of `object` from 1, without a gap.
    """

    id: Annotated[str, StringConstraints(pattern="^evt_[0-9a-z]{26}$")]
    type: str
    timestamp: Moment
    version: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")]
    sequence: Annotated[int, Field(ge=1)]
    previous_status: str | None
    object: Subject
    data: Any


DATA: Final[Mapping[str, type[Happened]]] = {
    "bill.paid": PaidData,
    "bill.declined": DeclinedData,
    "bill.lock_expired": BillLockData,
    "payment.review": ReviewData,
    "payment.requires_action": ActionData,
    "payment.authorized": AuthorizedData,
    "payment.captured": CapturedData,
    "payment.canceled": CanceledData,
    "payment.expired": ExpiredData,
    "payment.failed": FailedData,
    "payment.late_success": LateData,
    "payment.reversed": LateData,
    "refund.succeeded": RefundSucceededData,
    "refund.failed": RefundFailedData,
    "case.opened": CaseOpenedData,
    "case.closed": CaseClosedData,
    "dispute.created": DisputeCreatedData,
    "dispute.updated": DisputeUpdatedData,
    "dispute.evidence_due": EvidenceDueData,
    "dispute.closed": DisputeClosedData,
    "payout.on_hold": PayoutHeldData,
    "payout.sent": PayoutSentData,
    "payout.paid": PayoutPaidData,
    "payout.partly_paid": PayoutPartlyPaidData,
    "payout.failed": PayoutFailedData,
    "payout.returned": PayoutReturnedData,
    "payout.canceled": PayoutCanceledData,
    "batch.paused": BatchPausedData,
    "batch.resumed": BatchResumedData,
    "batch.canceled": BatchCanceledData,
    "batch.finished": BatchFinishedData,
    "webhook_endpoint.test": EndpointData,
    "webhook_endpoint.disabled": EndpointDisabledData,
}


def envelopes() -> Mapping[str, type[Envelope]]:
    """The body of each webhook, by its type."""
    return _ENVELOPES


def _subject(kind: EventType) -> type[Subject]:
    of: Any = Literal[kind.object_type.value]
    return create_model(f"{_camel(kind.object_type)}Subject", __base__=Subject, type=(of, ...))


def _envelope(kind: EventType, subject: type[Subject]) -> type[Envelope]:
    of: Any = Literal[kind.type]
    data: Any = DATA[kind.type] | Thin
    return create_model(
        f"{_camel(kind.type)}Event",
        __base__=Envelope,
        __doc__=kind.happened,
        type=(of, ...),
        object=(subject, ...),
        data=(data, ...),
    )


def _camel(name: str) -> str:
    return "".join(word.title() for word in name.replace(".", "_").split("_"))


_SUBJECTS: Final = {kind.object_type: _subject(kind) for kind in EVENT_TYPES.values()}
_ENVELOPES: Final = {
    kind.type: _envelope(kind, _SUBJECTS[kind.object_type]) for kind in EVENT_TYPES.values()
}
