"""An operator's word on a case, said to its workflow and kept in its history."""

from datetime import timedelta
from typing import Final

from temporalio.client import (
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError

from payments import temporal
from payments.domain import ids
from payments.domain.case import Case, CaseAnswer, Resolution

# A refund is asked after for as long as it takes; who waits for it may go before.
ANSWER_TIMEOUT: Final = timedelta(seconds=15)


async def resolved(case: Case, word: Resolution) -> Case:
    """The case after it. Raises LookupError when it does not wait for anybody's word, or when the
    provider did not take the money back: then it waits for another one.
    """
    client = await temporal.connect()
    handle = client.get_workflow_handle(ids.case(case.provider, case.receipt_id))
    try:
        answer: CaseAnswer = await handle.execute_update(
            "resolve", word, result_type=CaseAnswer, rpc_timeout=ANSWER_TIMEOUT
        )
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        raise LookupError(f"{case.case_id}: it was said, and takes its time; look again") from None
    except (RPCError, WorkflowUpdateFailedError) as error:
        reason = error.cause if isinstance(error, WorkflowUpdateFailedError) else error
        raise LookupError(f"{case.case_id} does not wait for a word: {reason}") from None
    if answer.case is None:
        raise LookupError(f"{case.case_id}: the provider did not take it back; it still waits")
    return answer.case
