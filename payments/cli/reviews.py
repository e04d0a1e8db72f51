"""`cli.py review`: a person's word on a payment that risk holds, kept in its workflow's history."""

from datetime import timedelta
from typing import Final

from temporalio.client import WorkflowUpdateFailedError
from temporalio.service import RPCError

from payments import temporal
from payments.domain import ids
from payments.domain.payment import PaymentAnswer, Review

ANSWER_TIMEOUT: Final = timedelta(seconds=15)


async def review(payment_id: str, word: Review) -> str:
    """The payment's status after it. Raises LookupError when nothing waits for a review."""
    client = await temporal.connect()
    handle = client.get_workflow_handle(ids.payment(payment_id))
    try:
        answer: PaymentAnswer = await handle.execute_update(
            "review",
            word,
            id=f"review:{word.by}:{word.approved}",
            result_type=PaymentAnswer,
            rpc_timeout=ANSWER_TIMEOUT,
        )
    except (RPCError, WorkflowUpdateFailedError) as error:
        reason = error.cause if isinstance(error, WorkflowUpdateFailedError) else error
        raise LookupError(f"{payment_id} does not wait for a review: {reason}") from None
    assert answer.payment is not None, "a review answers the payment"
    return answer.payment.status
