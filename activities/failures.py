"""The one table that turns a fault into a Temporal failure: its type, and whether to try again.

A business "no" is never here: it is a value. Only these leave an activity as exceptions:

    type                retried                       means
    BillerUnavailable   yes                           no answer to a call that moves no money
    RecordUnavailable   yes                           our database; every write is idempotent
    NotSent             yes, under the same key       surely nothing happened at the biller
    NotKnown            yes, by asking again          the biller does not say yet
    OutcomeUnknown      never                         a bug or a shutdown in mid-payment: ask
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from temporalio.exceptions import ApplicationError

from payments.domain.outcome import Outcome
from payments.ports.biller import BillerUnavailable
from payments.ports.record import RecordUnavailable

BILLER_UNAVAILABLE: Final = "BillerUnavailable"
RECORD_UNAVAILABLE: Final = "RecordUnavailable"
NOT_SENT: Final = "NotSent"
NOT_KNOWN: Final = "NotKnown"
OUTCOME_UNKNOWN: Final = "OutcomeUnknown"


@contextmanager
def translated() -> Iterator[None]:
    """For steps that move no money: say which of the two worlds did not answer."""
    try:
        yield
    except BillerUnavailable as error:
        raise ApplicationError(str(error), type=BILLER_UNAVAILABLE) from error
    except RecordUnavailable as error:
        raise ApplicationError(str(error), type=RECORD_UNAVAILABLE) from error


@contextmanager
def never_again() -> Iterator[None]:
    """For the step that moves money: whatever breaks in it, it is not tried again blindly.

    A shutting-down worker cancels what does not end in time; that too may have been sent.
    """
    try:
        yield
    except (Exception, asyncio.CancelledError) as error:
        raise ApplicationError(
            f"{type(error).__name__} in mid-payment", type=OUTCOME_UNKNOWN, non_retryable=True
        ) from error


def not_sent(outcome: Outcome) -> ApplicationError:
    """Safe to send again; after the biller's own pause when it named one."""
    pause = outcome.retry_after_s
    return ApplicationError(
        outcome.detail or "not sent",
        type=NOT_SENT,
        next_retry_delay=None if pause is None else timedelta(seconds=pause),
    )


def not_known(outcome: Outcome) -> ApplicationError:
    return ApplicationError(f"{outcome.kind}: {outcome.detail or 'no word yet'}", type=NOT_KNOWN)
