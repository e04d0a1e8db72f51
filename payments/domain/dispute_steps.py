"""What goes in and out of the steps of a dispute: small values that Temporal keeps for us."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from payments.domain.dispute import (
    UNANSWERED,
    WARNINGS,
    Dispute,
    DisputeOrder,
    Found,
    Response,
    ResponseState,
)
from payments.domain.ids import response_key


@dataclass(frozen=True, slots=True)
class Look:
    """What a provider says of a dispute now; nothing found, when it does not know it."""

    found: Found | None = None
    is_known: bool = True


@dataclass(frozen=True, slots=True)
class Reminder:
    """The `number`th reminder of the time to answer, from 1."""

    dispute_id: str
    number: int
    last: bool


@dataclass(frozen=True, slots=True)
class Sending:
    """An answer on its way to the provider. What is in its evidence stays in the record."""

    order: DisputeOrder
    response: Response
    version: int | None
    key: str

    @classmethod
    def of(cls, dispute: Dispute) -> "Sending":
        """The answer that stands in the record. Each stage is asked about, and answered, apart."""
        assert dispute.response is not None, "nothing is being answered"
        stage = "warning" if dispute.status in WARNINGS else "chargeback"
        version = dispute.response_version
        key = response_key(dispute.dispute_id, stage, version)
        return cls(dispute.order, dispute.response, version, key)


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of it? `by` is the latest moment at which the last try can have left us."""

    sending: Sending
    by: datetime


@dataclass(frozen=True, slots=True)
class ResponseEnd:
    sending: Sending
    state: ResponseState


# Before the due date.
REMINDERS: Final = (timedelta(days=3), timedelta(days=1))
# A provider closes its own door at the due date.
AFTER_DUE: Final = timedelta(minutes=1)
# Webhooks can be lost.
WITHOUT_NEWS: Final = timedelta(days=1)


def next_moment(dispute: Dispute, now: datetime) -> tuple[datetime, Reminder | None]:
    """When to wake for this dispute, and what to tell then; nothing: the provider is asked.

    A reminder whose time was over when the dispute was last told of is left out.
    """
    due_at = dispute.due_at
    asking = now + WITHOUT_NEWS
    if due_at is None or dispute.status not in UNANSWERED:
        return asking, None
    if due_at + AFTER_DUE > now:
        asking = min(asking, due_at + AFTER_DUE)
    for number, before in enumerate(REMINDERS, 1):
        moment = due_at - before
        is_due = number > dispute.reminded and moment > dispute.updated_at
        if dispute.can_be_answered and is_due and moment <= asking:
            return moment, Reminder(dispute.dispute_id, number, number == len(REMINDERS))
    return asking, None
