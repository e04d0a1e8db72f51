"""Holding a bill at the biller and giving it back: quick calls that move no money."""

from typing import Final

from temporalio import workflow
from temporalio.exceptions import FailureError

from activities.billers import BillerActivities
from payments.domain.bill import LockRequest, Refused
from payments.domain.codes import Code
from payments.domain.lock import HoldAnswer
from workflows import options

# Refusals behind which there may be a hold all the same: an answer was lost, or an earlier try of
# the same workflow task died after it.
PERHAPS_HELD: Final = frozenset({Code.BILLER_UNAVAILABLE, Code.ENGINE_UNAVAILABLE})


async def hold(request: LockRequest) -> HoldAnswer:
    """The amount, or why not. Within four seconds."""
    if workflow.now() >= request.acquire_by:
        return HoldAnswer(refused=Refused(Code.ENGINE_UNAVAILABLE))
    try:
        return await workflow.execute_local_activity_method(
            BillerActivities.hold,
            request,
            **options.hold(f"hold at {request.bill.biller_id}"),
        )
    except FailureError:  # A local activity's own failure arrives bare, without an ActivityError.
        return HoldAnswer(refused=Refused(Code.BILLER_UNAVAILABLE))


async def release(request: LockRequest) -> None:
    try:
        await workflow.execute_local_activity_method(
            BillerActivities.release,
            request,
            **options.hold(f"release at {request.bill.biller_id}"),
        )
    except FailureError:
        # The biller's own expiry of the hold is the last resort: it delays a payer, it costs none.
        workflow.logger.warning("hold.left_to_expire")


async def release_after_silence(request: LockRequest) -> None:
    """A regular activity, so that the refusal leaves at once and does not wait for this."""
    try:
        await workflow.execute_activity_method(
            BillerActivities.release,
            request,
            **options.release_later(f"release what {request.bill.biller_id} perhaps holds"),
        )
    except FailureError:
        workflow.logger.warning("hold.left_to_expire")
