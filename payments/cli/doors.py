"""An operator's word, said to the workflow that waits for it and kept in its history.

Apart from the commands, because the engine's client takes a second to load.
"""

from datetime import timedelta
from typing import Final, TypeVar

from temporalio.client import (
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError

from payments import temporal
from payments.domain import ids
from payments.domain.batch import MoveAnswer
from payments.domain.case import Case, CaseAnswer, Resolution
from payments.domain.operators import NAMELESS, is_operator
from payments.domain.payment import PaymentAnswer, Review
from payments.domain.payout import PayoutAnswer, PayoutReview

Answer = TypeVar("Answer")
Word = Review | PayoutReview | Resolution

# A refund is asked after for as long as it takes; who waits for it may go before.
_ANSWER_TIMEOUT: Final = timedelta(seconds=15)


async def reviewed_payment(payment_id: str, word: Review) -> str:
    """The payment's status after it. Raises LookupError when nothing waits for a review."""
    at, once = ids.payment(payment_id), _once(word)
    answer = await _said(payment_id, at, "review", PaymentAnswer, word, once=once)
    assert answer.payment is not None, "a review answers the payment"
    return answer.payment.status


async def reviewed_payout(payout_id: str, word: PayoutReview) -> str:
    """The payout's status after it. Raises LookupError when nothing waits for a word."""
    at, once = ids.payout(payout_id), _once(word)
    answer = await _said(payout_id, at, "review", PayoutAnswer, word, once=once)
    assert answer.payout is not None, "a review answers the payout"
    return answer.payout.status


async def resolved(case: Case, word: Resolution) -> Case:
    """The case after it. Raises LookupError when it does not wait for anybody's word, or when the
    provider did not take the money back: then it waits for another one.
    """
    at = ids.case(case.provider, case.receipt_id)
    answer = await _said(case.case_id, at, "resolve", CaseAnswer, word)
    if answer.case is None:
        raise LookupError(f"{case.case_id}: the provider did not take it back; it still waits")
    return answer.case


async def moved_batch(batch_id: str, door: str) -> MoveAnswer:
    """`pause`, `resume` or `cancel`. Raises LookupError when nobody opens."""
    return await _said(batch_id, ids.batch(batch_id), door, MoveAnswer)


def _once(word: Review | PayoutReview) -> str:
    """Said twice it is said once."""
    return f"review:{word.by}:{word.approved}"


async def _said(
    name: str, at: str, door: str, answer: type[Answer], *words: Word, once: str | None = None
) -> Answer:
    """`at` is the workflow of what operators know as `name`. Raises ValueError for no name."""
    if not all(is_operator(word.by) for word in words):
        raise ValueError(NAMELESS)
    client = await temporal.connect()
    handle = client.get_workflow_handle(at)
    try:
        told: Answer = await handle.execute_update(
            door, args=words, id=once, result_type=answer, rpc_timeout=_ANSWER_TIMEOUT
        )
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        raise LookupError(f"{name}: it was said, and takes its time; look again") from None
    except (RPCError, WorkflowUpdateFailedError) as error:
        reason = error.cause if isinstance(error, WorkflowUpdateFailedError) else error
        raise LookupError(f"{name} does not wait for a word: {reason}") from None
    return told
