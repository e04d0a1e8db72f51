"""The one table that turns a fault into a Temporal failure: its type, and whether to try again.

A business "no" is never here: it is a value. Only these leave an activity as exceptions:

    type                retried                       means
    BillerUnavailable   yes                           no answer to a call that moves no money
    ProviderUnavailable yes                           the same of a card provider
    RailUnavailable     yes                           the same of a payout rail
    RecordUnavailable   yes                           our database; every write is idempotent
    NotSent             yes, under the same key       surely nothing happened at the other side
    NotKnown            yes, by asking again          the other side does not say yet
    OutcomeUnknown      never                         a bug or a shutdown in mid-payment: ask
    MoveRefused         never                         the record says otherwise: a person looks
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from temporalio.exceptions import ApplicationError

from payments.domain.charge import Answer
from payments.domain.outcome import Outcome
from payments.domain.rail import TransferAnswer
from payments.ports.biller import BillerUnavailable
from payments.ports.payments import MoveRefused
from payments.ports.provider import ProviderUnavailable
from payments.ports.rail import RailUnavailable
from payments.ports.record import RecordUnavailable

BILLER_UNAVAILABLE: Final = "BillerUnavailable"
PROVIDER_UNAVAILABLE: Final = "ProviderUnavailable"
RAIL_UNAVAILABLE: Final = "RailUnavailable"
RECORD_UNAVAILABLE: Final = "RecordUnavailable"
NOT_SENT: Final = "NotSent"
NOT_KNOWN: Final = "NotKnown"
OUTCOME_UNKNOWN: Final = "OutcomeUnknown"
MOVE_REFUSED: Final = "MoveRefused"


@contextmanager
def translated() -> Iterator[None]:
    """For steps that move no money: say which of the worlds did not answer."""
    try:
        yield
    except BillerUnavailable as error:
        raise ApplicationError(str(error), type=BILLER_UNAVAILABLE) from error
    except ProviderUnavailable as error:
        raise ApplicationError(str(error), type=PROVIDER_UNAVAILABLE) from error
    except RailUnavailable as error:
        raise ApplicationError(str(error), type=RAIL_UNAVAILABLE) from error
    except RecordUnavailable as error:
        raise ApplicationError(str(error), type=RECORD_UNAVAILABLE) from error
    except MoveRefused as error:
        raise ApplicationError(str(error), type=MOVE_REFUSED, non_retryable=True) from error


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


def not_sent(
    answer: Outcome | Answer | TransferAnswer, longest_pause_s: float | None = None
) -> ApplicationError:
    """Safe to send again; after the other side's own pause when it named one.

    When that pause is longer than somebody can wait, it is not tried again.
    """
    pause = answer.retry_after_s
    too_long = pause is not None and longest_pause_s is not None and pause > longest_pause_s
    return ApplicationError(
        answer.detail or "not sent",
        type=NOT_SENT,
        non_retryable=too_long,
        next_retry_delay=None if pause is None else timedelta(seconds=pause),
    )


def not_known(answer: Outcome | Answer | TransferAnswer) -> ApplicationError:
    return ApplicationError(f"{answer.kind}: {answer.detail or 'no word yet'}", type=NOT_KNOWN)
