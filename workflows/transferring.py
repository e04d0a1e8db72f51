"""Handing a payout to its rail: sent once, and then asked after.

send -> ACCEPTED with its state | DECLINED | NOT_SENT (surely) | UNKNOWN
"""

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.failures import MOVE_REFUSED, NOT_SENT, RECORD_UNAVAILABLE
from activities.rails import RailActivities
from payments.domain.outcome import OutcomeKind
from payments.domain.payout import PayoutOrder
from payments.domain.rail import TransferAnswer, TransferQuestion
from workflows import options
from workflows.asking import Window


def _words(question: TransferQuestion) -> str:
    return f"what became of {question.order.payout_id} at {question.order.rail}"


RAILS: Final = Window(
    look=RailActivities.look,
    ask=RailActivities.ask,
    words=_words,
    unknown=lambda detail: TransferAnswer(OutcomeKind.UNKNOWN, detail=detail),
)
# While the rail has it and says nothing: soon at first, because a webhook may be lost, then rarely,
# because a bank takes days. Retries of one activity would ask it every minute.
_FIRST_LOOK: Final = timedelta(seconds=15)
_LONGEST_PAUSE: Final = timedelta(hours=6)


async def send(order: PayoutOrder) -> TransferAnswer:
    """One sending; a few quick tries while it surely does not leave."""
    amount = order.amount
    try:
        return await workflow.execute_activity_method(
            RailActivities.send,
            order,
            **options.send(
                f"pay {amount} {amount.currency} over {order.rail}", f"send {order.payout_id}"
            ),
        )
    except ActivityError as error:
        return _lost(error)


def asked_after(order: PayoutOrder) -> TransferQuestion:
    """The question what became of a transfer that has been handed over by now."""
    return TransferQuestion(order, sent_by=workflow.now())


def pause_before_look(number: int) -> timedelta:
    """How long to wait for news before the rail is asked for the nth time, from 0."""
    tripled: int = 3 ** min(number, 10)
    return min(_FIRST_LOOK * tripled, _LONGEST_PAUSE)


def _lost(error: ActivityError) -> TransferAnswer:
    """NOT_SENT when every try was; otherwise it may have been sent before it was lost.

    Raises it when the record says that the payout must not leave.
    """
    cause = error.cause
    fault = cause.type if isinstance(cause, ApplicationError) else None
    if fault == MOVE_REFUSED:
        raise error
    before = fault in (NOT_SENT, RECORD_UNAVAILABLE)
    kind = OutcomeKind.NOT_SENT if before else OutcomeKind.UNKNOWN
    return TransferAnswer(kind, detail=f"attempt lost: {cause}")
