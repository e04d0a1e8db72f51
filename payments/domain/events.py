"""The catalogue of events: every type that partners can be told of, and what its data holds.

The shapes of the data stand in api/event_schemas.py; a test holds them against this table, and
another one holds both against what a running gateway has written.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from payments.domain.card_events import LATE_SUCCESS, REVERSED
from payments.domain.case_events import CASE_CLOSED, CASE_OPENED
from payments.domain.dispute_events import CREATED, DISPUTE_CLOSED, EVIDENCE_DUE, UPDATED
from payments.domain.payment import FINAL


class Ends(StrEnum):
    """Whether an event tells the status that its object never leaves again."""

    NO = "no"
    YES = "yes"
    BY_STATUS = "by_status"


class ObjectType(StrEnum):
    """What a `sequence` counts the events of."""

    TRANSACTION = "transaction"
    BILL_LOCK = "bill_lock"
    PAYMENT = "payment"
    REFUND = "refund"
    CASE = "case"
    DISPUTE = "dispute"
    PAYOUT = "payout"
    BATCH = "batch"
    WEBHOOK_ENDPOINT = "webhook_endpoint"


@dataclass(frozen=True, slots=True)
class EventType:
    """One type. `always` and `sometimes` are the members of `data` by the partner API's names."""

    type: str
    happened: str
    object_type: ObjectType
    ends: Ends
    always: tuple[str, ...]
    sometimes: tuple[str, ...] = ()

    def is_terminal(self, data: Mapping[str, Any]) -> bool:
        """Whether the object's status, as `data` has it, is never left again."""
        return self.ends is Ends.YES or (
            self.ends is Ends.BY_STATUS and data.get("status") in FINAL
        )


TEST: Final = "webhook_endpoint.test"
DISABLED: Final = "webhook_endpoint.disabled"

_BILL: Final = ("billerId", "billNumber", "billingPeriod")
_TRANSACTION: Final = (
    *("transactionId", "partnerTransactionId", "state", *_BILL),
    *("amount", "fee", "currency", "lockedAt"),
)
_PAYMENT: Final = (
    *("id", "reference", "status", "amount", "currency", "capture", "amountCaptured"),
    *("amountRefunded", "amountCapturable", "fee", "paymentMethod", "metadata", "createdAt"),
)
_MOVED: Final = (*_PAYMENT, "updatedAt")
_LATE: Final = (*_PAYMENT, "attempt", "lateAmount")
_DECLINE: Final = ("declineCode", "reason", "providerCode")
_OF_SOME: Final = ("customerId", "expiresAt")
_PAYOUT: Final = (
    *("id", "reference", "status", "amount", "fee", "currency", "metadata", "createdAt"),
    "updatedAt",
)
# Of what goes over a rail. One of the others says where it goes.
_ESTIMATE: Final = "arrivalEstimate"
_PAYOUT_OF_SOME: Final = ("destinationToken", "customerId", "legs")
_FAILURE: Final = ("failureCode", "failureReason")
_CASE: Final = (
    *("id", "paymentId", "reference", "reason", "status", "amount", "currency", "policy"),
    *("receivedAt", "openedAt"),
)
_REFUND: Final = ("id", "paymentId", "reference", "status", "amount", "currency", "createdAt")

_BATCH: Final = (
    *("id", "reference", "kind", "status", "amount", "currency", "rows", "counts", "createdAt"),
)
_DISPUTE: Final = (
    *("id", "paymentId", "status", "amount", "currency", "fee", "alreadyReturned", "reason"),
    *("providerReason", "createdAt", "updatedAt"),
)


def _transaction(type_: str, happened: str, always: str, *sometimes: str) -> EventType:
    names = (*_TRANSACTION, *always.split())
    return EventType(type_, happened, ObjectType.TRANSACTION, Ends.YES, names, sometimes)


def _payment(type_: str, happened: str, ends: Ends, *more: str) -> EventType:
    always = (*_MOVED, "nextAction") if type_ == "payment.requires_action" else _MOVED
    return EventType(type_, happened, ObjectType.PAYMENT, ends, always, (*_OF_SOME, *more))


def _late(type_: str, happened: str) -> EventType:
    return EventType(type_, happened, ObjectType.PAYMENT, Ends.NO, _LATE, ("customerId",))


def _dispute(type_: str, happened: str, ends: Ends = Ends.NO, *more: str) -> EventType:
    names = (*_DISPUTE, *more)
    some = () if "dueAt" in more else ("dueAt",)
    return EventType(type_, happened, ObjectType.DISPUTE, ends, names, some)


def _payout(type_: str, happened: str, ends: Ends, *more: str) -> EventType:
    always = tuple(name for name in more if name != _ESTIMATE)
    some = (*_PAYOUT_OF_SOME, *(name for name in more if name == _ESTIMATE))
    return EventType(type_, happened, ObjectType.PAYOUT, ends, (*_PAYOUT, *always), some)


def _batch(type_: str, happened: str, ends: Ends, *more: str) -> EventType:
    return EventType(type_, happened, ObjectType.BATCH, ends, (*_BATCH, *more))


def _case(type_: str, happened: str, ends: Ends, *more: str) -> EventType:
    return EventType(type_, happened, ObjectType.CASE, ends, (*_CASE, *more))


def _endpoint(type_: str, happened: str, *more: str) -> EventType:
    names = ("id", "url", *more)
    return EventType(type_, happened, ObjectType.WEBHOOK_ENDPOINT, Ends.NO, names)


_TABLE: Final = (
    _transaction(
        "bill.paid", "The biller has the money of a bill payment.", "paidAt", "billerReference"
    ),
    _transaction(
        "bill.declined",
        "A bill payment came to nothing, and the money is yours again.",
        "declineCode reason",
        "billerReference",
    ),
    EventType(
        "bill.lock_expired",
        "A bill's lock ran out before it was paid: anybody may lock it now.",
        ObjectType.BILL_LOCK,
        Ends.YES,
        ("lockId", *_BILL),
    ),
    _payment("payment.review", "A person of ours looks at the payment first.", Ends.NO),
    _payment("payment.requires_action", "The customer has to act: send them to the URL.", Ends.NO),
    _payment("payment.authorized", "The money is reserved and can be captured.", Ends.NO),
    _payment(
        "payment.captured",
        "Money was taken, or what was left given back: the status and the amounts tell.",
        Ends.BY_STATUS,
    ),
    _payment("payment.canceled", "It was canceled, and nothing was taken.", Ends.YES, *_DECLINE),
    _payment("payment.expired", "Its time ran out, and nothing was taken.", Ends.YES, *_DECLINE),
    _payment("payment.failed", "It was declined or broke down.", Ends.YES, *_DECLINE),
    _late(
        LATE_SUCCESS,
        "A provider took money after the payment had ended: it goes back, the status stays.",
    ),
    _late(REVERSED, "What a provider took too late went back to the customer."),
    EventType(
        "refund.succeeded",
        "The money of a refund is on its way to the customer.",
        ObjectType.REFUND,
        Ends.YES,
        _REFUND,
        ("reason", "payoutId"),
    ),
    EventType(
        "refund.failed",
        "A refund was refused, and its money can be refunded again.",
        ObjectType.REFUND,
        Ends.YES,
        (*_REFUND, "declineCode", "declineReason"),
        ("reason", "payoutId"),
    ),
    _case(CASE_OPENED, "Money came for a code and pays for nothing: it waits.", Ends.NO),
    _case(CASE_CLOSED, "That money went back, or is yours.", Ends.YES, "fee", "closedAt"),
    _dispute(CREATED, "A customer disputes a payment, or the provider warns of it."),
    _dispute(UPDATED, "A dispute moved on, or its time or fee changed."),
    _dispute(
        EVIDENCE_DUE,
        "The time to answer a dispute comes nearer, and it was not answered.",
        Ends.NO,
        "dueAt",
        "isLast",
    ),
    _dispute(
        DISPUTE_CLOSED,
        "A dispute is over: won, lost, or a warning that came to nothing.",
        Ends.YES,
    ),
    _payout(
        "payout.on_hold",
        "People of ours look at the payout first.",
        Ends.NO,
        *("heldFor", _ESTIMATE),
    ),
    _payout(
        "payout.sent",
        "Its rail has the payout, or its legs have begun.",
        Ends.NO,
        "arrivalEstimate",
    ),
    # It may still come back; then `payout.returned` tells.
    _payout("payout.paid", "The payout has arrived.", Ends.NO),
    EventType(
        "payout.partly_paid",
        "Some of its legs have arrived; what the others were to pay is back.",
        ObjectType.PAYOUT,
        Ends.NO,
        _PAYOUT,
        (*_FAILURE, *_PAYOUT_OF_SOME),
    ),
    _payout("payout.failed", "It came to nothing; amount and fee are back.", Ends.YES, *_FAILURE),
    _payout("payout.returned", "It came back; the amount is yours again.", Ends.YES, *_FAILURE),
    EventType(
        "payout.canceled",
        "It never left; amount and fee are back.",
        ObjectType.PAYOUT,
        Ends.YES,
        _PAYOUT,
        (*_FAILURE, *_PAYOUT_OF_SOME),
    ),
    _batch("batch.paused", "No more rows of a batch are begun for now.", Ends.NO),
    _batch("batch.resumed", "A paused batch goes on.", Ends.NO),
    _batch("batch.canceled", "A batch was canceled, and has ended.", Ends.YES, "endedAt"),
    _batch("batch.finished", "Every row of a batch has its end.", Ends.YES, "endedAt"),
    _endpoint(TEST, "Somebody pressed the test button of an endpoint."),
    _endpoint(DISABLED, "Nothing is sent to an endpoint any more.", "reason", "disabledAt"),
)

EVENT_TYPES: Final[Mapping[str, EventType]] = {each.type: each for each in _TABLE}
